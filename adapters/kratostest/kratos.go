package kratostest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	configFile = "kratos.json"
	schemaFile = "identity.schema.json"
	dataFile   = "data.sqlite"

	startTimeout  = time.Minute
	startAttempts = 5
)

// Kratos is a Kratos server that belongs to this process.
type Kratos struct {
	// PublicURL and AdminURL are the base URLs of its two APIs, without a slash
	// at the end.
	PublicURL, AdminURL string

	options   Options
	release   release
	installed installation
	dir       string // configuration and data
	env       []string
	breaches  *breachList
	logs      *logBuffer

	mu      sync.Mutex
	process *process
}

// Start builds Kratos if need be, starts it and waits until it is ready. The
// context is about starting only; the server runs until [Kratos.Stop].
func Start(ctx context.Context, options Options) (*Kratos, error) {
	options = options.withDefaults()
	rel, err := options.Version.release()
	if err != nil {
		return nil, err
	}
	installed, err := install(ctx, options.Version, options.Logf)
	if err != nil {
		return nil, err
	}

	for attempt := 1; ; attempt++ {
		k := &Kratos{options: options, release: rel, installed: installed, logs: new(logBuffer)}
		err := k.setUp()
		if err == nil {
			err = k.run(ctx)
		}
		if err == nil {
			return k, nil
		}
		_ = k.Stop()

		// A port that was free a moment ago may be somebody else's by now.
		if attempt == startAttempts || !strings.Contains(k.Logs(), "address already in use") {
			return nil, err
		}
		options.Logf("kratostest: port taken, trying again: %v", err)
	}
}

// setUp writes all that the server needs and that a restart keeps.
func (k *Kratos) setUp() (err error) {
	if k.dir, err = os.MkdirTemp("", "kratostest-"); err != nil {
		return fmt.Errorf("kratostest: %w", err)
	}
	public, err := parseAddress(k.options.PublicAddr)
	if err != nil {
		return err
	}
	admin, err := parseAddress(k.options.AdminAddr)
	if err != nil {
		return err
	}
	k.PublicURL, k.AdminURL = public.url(), admin.url()
	if k.options.PublicBaseURL == "" {
		k.options.PublicBaseURL = k.PublicURL + "/"
	}

	if !k.options.Online {
		if k.breaches, k.env, err = startBreachList(k.dir, k.options.BreachedPasswords); err != nil {
			return err
		}
	}
	data, err := os.ReadFile(k.installed.emptyData)
	if err != nil {
		return fmt.Errorf("kratostest: %w", err)
	}
	// Kratos reads its configuration by file name extension; JSON will do.
	config := k.release.config(k.options, public, admin, k.dir)
	if k.options.ExtraConfig != nil {
		k.options.ExtraConfig(config)
	}
	encoded, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return fmt.Errorf("kratostest: configuration: %w", err)
	}
	for name, content := range map[string][]byte{configFile: encoded, schemaFile: k.release.schema, dataFile: data} {
		if err := os.WriteFile(filepath.Join(k.dir, name), content, 0o600); err != nil {
			return fmt.Errorf("kratostest: %w", err)
		}
	}
	return nil
}

// run starts the process and waits until both APIs are ready.
func (k *Kratos) run(ctx context.Context) error {
	for attempt := 1; ; attempt++ {
		err := k.runOnce(ctx)
		if err == nil || attempt == startAttempts || !k.process.panicked() {
			return err
		}
		// The two APIs of Kratos 0.5 set up the same registry at the same time,
		// without a lock. Now and then a route is registered twice, and it panics.
		k.options.Logf("kratostest: Kratos panicked while starting, trying again")
	}
}

func (k *Kratos) runOnce(ctx context.Context) error {
	args := []string{"serve", "--config", filepath.Join(k.dir, configFile)}
	if !k.options.Production {
		args = append(args, "--dev")
	}
	if k.release.args != nil {
		args = append(args, k.release.args(k.options)...)
	}
	cmd := exec.Command(k.installed.binary, args...)
	cmd.Dir = cmp.Or(k.installed.workDir, k.dir)
	cmd.Env = environment(k.env)
	cmd.Stdout, cmd.Stderr = k.logs, k.logs
	if k.options.Output != nil {
		cmd.Stdout, cmd.Stderr = k.options.Output, k.options.Output
	}

	process, err := startProcess(cmd)
	if err != nil {
		return fmt.Errorf("kratostest: %w", err)
	}
	k.process = process

	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for _, base := range []string{k.PublicURL, k.AdminURL} {
		if err := process.awaitReady(ctx, base); err != nil {
			process.kill()
			return fmt.Errorf("kratostest: Kratos did not start: %w\n%s", err, k.Logs())
		}
	}
	return nil
}

// Stop ends the server in good order and removes everything it left. It may be
// called more than once.
func (k *Kratos) Stop() error {
	k.mu.Lock()
	defer k.mu.Unlock()

	if k.process.running() {
		k.process.stop()
	}
	k.breaches.close()
	if err := os.RemoveAll(k.dir); err != nil {
		return fmt.Errorf("kratostest: %w", err)
	}
	return nil
}

// Kill ends the server at once, as a crash would. [Kratos.Restart] brings it
// back with its data.
func (k *Kratos) Kill() {
	k.mu.Lock()
	defer k.mu.Unlock()

	if k.process.running() {
		k.process.kill()
	}
}

// Restart starts the server again, on the same ports and with the same
// identities, sessions and secrets. It stops it first if it is running. After
// [Kratos.Stop] nothing is left to restart.
func (k *Kratos) Restart(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()

	if k.process.running() {
		k.process.stop()
	}
	return k.run(ctx)
}

// PID is the server's process, for those who want to know what it takes. It
// changes with a restart.
func (k *Kratos) PID() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.process.cmd.Process.Pid
}

// Logs returns the last part of what the server wrote, over all its restarts;
// nothing with [Options.Output].
func (k *Kratos) Logs() string { return k.logs.String() }
