package mesh

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// needed finds a program, by an environment variable or in one of some places.
func needed(t testing.TB, variable, missing string, places ...string) string {
	t.Helper()
	if path := os.Getenv(variable); path != "" {
		return path
	}
	for _, place := range places {
		if path, err := exec.LookPath(place); err == nil {
			if path, err = filepath.Abs(path); err == nil {
				return path
			}
		}
	}
	lacks(t, missing)
	return ""
}

// lacks skips a test for want of a program, or fails it if the environment says CI=true.
func lacks(t testing.TB, missing string) {
	t.Helper()
	if ci, _ := strconv.ParseBool(os.Getenv("CI")); ci {
		t.Fatal(missing)
	}
	t.Skip(missing)
}

// output is what a process has written.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// lines are those that hold a text.
func (o *output) lines(text string) []string {
	var found []string
	for line := range strings.Lines(o.String()) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// process is a program that runs until the test ends, at the latest.
type process struct {
	*exec.Cmd

	output *output
	ended  chan struct{}
}

func startProcess(t testing.TB, program string, arguments ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(program, arguments...), output: new(output), ended: make(chan struct{})}
	p.Stdout, p.Stderr = p.output, p.output
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.Wait()
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s wrote:\n%s", filepath.Base(program), p.output)
		}
	})
	return p
}

// kill ends it as a crash does.
func (p *process) kill() {
	_ = p.Process.Kill()
	<-p.ended
}

// terminate asks it to stop, and waits until it has.
func (p *process) terminate(t testing.TB) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ended:
		if !p.ProcessState.Success() {
			t.Errorf("%s ended with %s", p.Path, p.ProcessState)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("%s did not stop within 30 s", p.Path)
	}
}

// running reports whether it has not ended yet.
func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// kratosgrpcBinary is the command as it is built for people, once for all tests.
var kratosgrpcBinary = sync.OnceValues(func() (string, error) {
	binary, err := filepath.Abs(filepath.Join(root, ".bin", "mesh", "kratosgrpc"))
	if err != nil {
		return "", err
	}
	build := exec.CommandContext(context.Background(), "go", "build", "-o", binary, "./server/cmd/kratosgrpc")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	var wrote bytes.Buffer
	build.Stdout, build.Stderr = &wrote, &wrote
	if err := build.Run(); err != nil {
		return "", &buildError{err, wrote.String()}
	}
	return binary, nil
})

type buildError struct {
	err   error
	wrote string
}

func (e *buildError) Error() string { return e.err.Error() + "\n" + e.wrote }
