package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startTimeout covers the build of Kratos on a machine that has never built it.
const startTimeout = 15 * time.Minute

// TestReadme types what the README says: `make run` in one terminal, every console block in another, Ctrl-C.
func TestReadme(t *testing.T) {
	root := repository(t)
	needTools(t, "make", "bash", "curl", "jq")

	stack := startStack(t, root)
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	steps := consoleSteps(string(readme))
	if len(steps) < 15 {
		t.Fatalf("found only %d commands in the README: are its console blocks still marked as such?", len(steps))
	}
	outputs := runSteps(t, root, stack, steps)
	for i, step := range steps {
		if got := stack.documented(outputs[i]); !matches(step.output, got) {
			t.Errorf("$ %s\nprints\n%s\nbut the README says\n%s", step.command, got, step.output)
		}
	}
	stack.interrupt(t)
}

// TestMatches keeps the test above from passing whatever a command prints.
func TestMatches(t *testing.T) {
	for _, c := range []struct {
		documented, printed string
		want                bool
	}{
		{"", "", true},
		{"", "an error", false},
		{"400", "400\n", true},
		{"400", "401\n", false},
		{"flow=…; x", "flow=1-2-3; x", true},
		{"flow=…; x", "flow=1-2-3; y", false},
		{"a.c", "abc", false},
	} {
		if got := matches(c.documented, c.printed); got != c.want {
			t.Errorf("matches(%q, %q) = %t, want %t", c.documented, c.printed, got, c.want)
		}
	}
}

// repository is the folder of the README.
func repository(t *testing.T) string {
	t.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("the test does not know its own file")
	}
	root := filepath.Join(filepath.Dir(file), "..", "..", "..")
	if _, err := os.Stat(filepath.Join(root, "README.md")); err != nil {
		t.Fatal(err)
	}
	return root
}

func needTools(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err == nil {
			continue
		}
		message := fmt.Sprintf("%s is missing: install it with your system's package manager", name)
		if ci, _ := strconv.ParseBool(os.Getenv("CI")); ci {
			t.Fatal(message)
		}
		t.Skip(message)
	}
}

// stack is a running `make run`.
type stack struct {
	cmd    *exec.Cmd
	output *bytes.Buffer
	// ended is closed when make has; its exit code says nothing, for Ctrl-C is how it ends.
	ended      chan struct{}
	grpc, http string
}

func startStack(t *testing.T, root string) *stack {
	t.Helper()
	s := &stack{grpc: freeAddress(t), http: freeAddress(t), output: new(bytes.Buffer), ended: make(chan struct{})}
	args := fmt.Sprintf("--grpc-addr=%s --http-addr=%s --kratos-addr=%s --kratos-admin-addr=%s",
		s.grpc, s.http, freeAddress(t), freeAddress(t))
	s.cmd = exec.Command("make", "-s", "-C", root, "run", "ARGS="+args)
	// A process group of its own, as a terminal gives it, for Ctrl-C reaches all of it.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.cmd.Stderr = s.cmd.Stdout
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL) })

	ready := make(chan struct{})
	go func() {
		scanner := bufio.NewScanner(out)
		for scanner.Scan() {
			s.output.WriteString(scanner.Text() + "\n")
			if strings.HasPrefix(scanner.Text(), "Ready:") {
				close(ready)
			}
		}
		_, _ = io.Copy(io.Discard, out)
		_ = s.cmd.Wait()
		close(s.ended)
	}()
	select {
	case <-ready:
	case <-s.ended:
		t.Fatalf("make run ended:\n%s", s.output)
	case <-time.After(startTimeout):
		t.Fatal("make run is not ready")
	}
	return s
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// actual puts the stack's addresses in place of those that the README has, documented does the reverse.
func (s *stack) actual(text string) string {
	return strings.NewReplacer("127.0.0.1:9090", s.grpc, "127.0.0.1:8080", s.http).Replace(text)
}

func (s *stack) documented(text string) string {
	return strings.NewReplacer(s.grpc, "127.0.0.1:9090", s.http, "127.0.0.1:8080").Replace(text)
}

// interrupt presses Ctrl-C, and checks that everything ends and lets go of its addresses.
func (s *stack) interrupt(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(-s.cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(time.Minute):
		t.Fatal("make run does not end after Ctrl-C")
	}
	if !strings.Contains(s.output.String(), "Stopped.") {
		t.Errorf("make run did not end in order:\n%s", s.output)
	}
	for _, address := range []string{s.grpc, s.http} {
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
		if err != nil {
			t.Errorf("after Ctrl-C, %s is still taken: %v", address, err)
			continue
		}
		_ = listener.Close()
	}
}

// step is a command of a console block, and what it is documented to print.
type step struct {
	command, output string
}

var (
	consoleBlock = regexp.MustCompile("(?s)```console\n(.*?)```")
	continued    = regexp.MustCompile(`\\$|payload": \{$`)
)

// consoleSteps reads the commands of a document: what follows "$ ", indented lines included, up to the first line that is
// not indented.
func consoleSteps(document string) []step {
	var steps []step
	for _, block := range consoleBlock.FindAllStringSubmatch(document, -1) {
		inCommand := false
		for line := range strings.Lines(block[1]) {
			line = strings.TrimSuffix(line, "\n")
			command, isCommand := strings.CutPrefix(line, "$ ")
			switch {
			case isCommand:
				steps = append(steps, step{command: command})
			case inCommand && strings.HasPrefix(line, "    "):
				steps[len(steps)-1].command += "\n" + line
			default:
				last := &steps[len(steps)-1]
				last.output = strings.TrimPrefix(last.output+"\n"+line, "\n")
			}
			inCommand = (isCommand || inCommand) && continued.MatchString(line)
		}
	}
	return steps
}

// runSteps runs all commands in one shell, and returns what each printed.
func runSteps(t *testing.T, root string, s *stack, steps []step) []string {
	t.Helper()
	const end = "\x1eend of step"
	script := "set -o pipefail\n" +
		"grpcurl() { go tool -modfile=" + filepath.Join(root, ".ci/tools/go.mod") + " grpcurl \"$@\"; }\n"
	for _, step := range steps {
		script += s.actual(step.command) + "\nprintf '%s' '" + end + "'\n"
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash")
	cmd.Dir = root
	cmd.Stdin = strings.NewReader(script)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	outputs := strings.Split(string(out), end)
	if len(outputs) != len(steps)+1 {
		t.Fatalf("%d commands printed\n%s", len(steps), out)
	}
	return outputs[:len(steps)]
}

// matches compares line by line, without regard to white space at the ends; "…" stands for whatever varies.
func matches(documented, printed string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(documented)), "…", ".+")
	var lines []string
	for line := range strings.Lines(strings.TrimSpace(printed)) {
		lines = append(lines, strings.TrimRight(line, "\r\n"))
	}
	return regexp.MustCompile("^" + pattern + "$").MatchString(strings.Join(lines, "\n"))
}
