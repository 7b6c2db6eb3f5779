// Package redistest starts a real Redis for tests, which keeps nothing on disk unless it is told to.
package redistest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Redis is a Redis that a test can end and start again, at the same place.
type Redis struct {
	// URL is where it listens, a socket of its own.
	URL string
	// Client is for the test to look into it.
	Client *redis.Client

	tb      testing.TB
	folder  string
	process *exec.Cmd
}

// startTimeout bounds how long Redis takes until it answers.
const startTimeout = 20 * time.Second

// Start starts a Redis with some more arguments, until the test ends. Where there is none the test is skipped, except if
// the environment says CI=true.
func Start(tb testing.TB, args ...string) *Redis {
	tb.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		const missing = "there is no Redis: install Debian's package redis-server, or whatever puts redis-server in PATH"
		if ci, _ := strconv.ParseBool(os.Getenv("CI")); ci {
			tb.Fatal(missing)
		}
		tb.Skip(missing)
	}
	// The name of a test is too long for a socket's.
	folder, err := os.MkdirTemp("", "redis") //nolint:usetesting // For that.
	if err != nil {
		tb.Fatal(err)
	}
	socket := filepath.Join(folder, "s")
	options := &redis.Options{Network: "unix", Addr: socket, MaxRetries: -1, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}}
	if i := slices.Index(args, "--requirepass"); i >= 0 {
		options.Password = args[i+1]
	}
	r := &Redis{URL: "unix://" + socket, Client: redis.NewClient(options), tb: tb, folder: folder}
	tb.Cleanup(func() {
		_ = r.Client.Close()
		r.Kill()
		_ = os.RemoveAll(folder)
	})
	r.Start(args...)
	return r
}

// Start starts Redis again.
func (r *Redis) Start(args ...string) {
	r.tb.Helper()
	all := append([]string{"--port", "0", "--unixsocket", filepath.Join(r.folder, "s"), "--dir", r.folder, "--save", "", "--appendonly", "no"}, args...)
	r.process = exec.CommandContext(context.Background(), "redis-server", all...) //nolint:gosec // By tests.
	r.process.SysProcAttr = endWithParent()
	if err := r.process.Start(); err != nil {
		r.tb.Fatal(err)
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), startTimeout, errors.New("Redis does not answer"))
	defer cancel()
	for r.Client.Ping(ctx).Err() != nil {
		select {
		case <-ctx.Done():
			r.tb.Fatal(context.Cause(ctx))
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Kill ends Redis as a crash does.
func (r *Redis) Kill() {
	if r.process != nil {
		_ = r.process.Process.Kill()
		_ = r.process.Wait()
		r.process = nil
	}
}

// Stop has Redis answer nothing any more, and Continue go on.
func (r *Redis) Stop() { r.signal(syscall.SIGSTOP) }

// Continue is the end of Stop.
func (r *Redis) Continue() { r.signal(syscall.SIGCONT) }

func (r *Redis) signal(s syscall.Signal) {
	r.tb.Helper()
	if err := r.process.Process.Signal(s); err != nil {
		r.tb.Fatal(err)
	}
}

// Calls is how often a command was called since Redis started, by scripts too.
func (r *Redis) Calls(command string) int {
	r.tb.Helper()
	info, err := r.Client.Info(context.Background(), "commandstats").Result()
	if err != nil {
		r.tb.Fatal(err)
	}
	_, after, _ := strings.Cut(info, "cmdstat_"+command+":calls=")
	calls, _, _ := strings.Cut(after, ",")
	n, _ := strconv.Atoi(calls)
	return n
}
