package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// process is a server that runs.
type process struct {
	// pid is that of the server itself, which can be a child of the one that was started.
	pid int
	// grpc and http are the addresses that it serves on.
	grpc, http string
	// token is a session's that it knows, where it does not take any.
	token string

	cmd   *exec.Cmd
	stdin io.Closer
	ended <-chan struct{}
}

// hello is what a subject in this program writes to its standard output when it serves.
type hello struct {
	PID   int    `json:"pid"`
	Addr  string `json:"addr"`
	Token string `json:"token,omitempty"`
}

// startupTimeout is how long a server may take to start; Kratos may have to be built.
const startupTimeout = 15 * time.Minute

// startSelf starts this program as one of its own subjects.
func startSelf(ctx context.Context, processors []int, env []string, name string, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	// stop ends it, in good order.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), self, append([]string{subjectCommand, name}, args...)...) //nolint:gosec // It is this program.
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: cmd}
	// It ends when there is nobody any more at the other end of this.
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	// Wait would close the pipe that is being read, so it is read first.
	said := make(chan hello, 1)
	if p.ended, err = startOn(cmd, processors); err != nil {
		return nil, err
	}
	go func() {
		var h hello
		line, _ := bufio.NewReader(out).ReadBytes('\n')
		_ = json.Unmarshal(line, &h)
		said <- h
	}()
	select {
	case h := <-said:
		if h.Addr == "" {
			p.stop()
			return nil, fmt.Errorf("%s did not start", name)
		}
		p.pid, p.grpc, p.http, p.token = h.PID, h.Addr, h.Addr, h.Token
		return p, nil
	case <-time.After(startupTimeout):
		p.stop()
		return nil, fmt.Errorf("%s did not start in time", name)
	case <-ctx.Done():
		p.stop()
		return nil, ctx.Err()
	}
}

// startKratosgrpc starts the program itself, as a user would. Its log, which has a line for each call, goes nowhere, but it is
// written.
func startKratosgrpc(ctx context.Context, processors []int, binary, upstream string, env []string, flags ...string) (*process, error) {
	addresses, err := freeAddresses(ctx, 2)
	if err != nil {
		return nil, err
	}
	p := &process{grpc: addresses[0], http: addresses[1]}
	args := []string{
		"serve", "--upstream=http://" + upstream, "--upstream-api=v1", "--grpc-addr=" + p.grpc, "--http-addr=" + p.http,
		// There is nobody who would have to hear that it stops.
		"--drain-delay=0s",
	}
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), binary, append(args, flags...)...) //nolint:gosec // It was built for this.
	p.cmd.Env = append(os.Environ(), env...)
	if err := p.startQuietly(processors); err != nil {
		return nil, err
	}
	if err := awaitReady(ctx, p, p.http, "/readyz"); err != nil {
		p.stop()
		return nil, fmt.Errorf("kratosgrpc %v: %w", flags, err)
	}
	return p, nil
}

// startQuietly starts a program that is a server itself. What it writes goes nowhere.
func (p *process) startQuietly(processors []int) error {
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = nowhere.Close() }()
	p.cmd.Stdout, p.cmd.Stderr = nowhere, nowhere
	if p.ended, err = startOn(p.cmd, processors); err != nil {
		return err
	}
	p.pid = p.cmd.Process.Pid
	return nil
}

// awaitReady waits until a server says that it is ready.
func awaitReady(ctx context.Context, p *process, address, path string) error {
	client := newHTTPClient(address, 1)
	defer client.CloseIdleConnections()
	for {
		status, _, err := client.Get(nil, "http://"+address+path)
		if err == nil && status == fasthttp.StatusOK {
			return nil
		}
		select {
		case <-p.ended:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// stop ends the server, and waits until it has ended.
func (p *process) stop() {
	if p.stdin != nil {
		_ = p.stdin.Close()
	} else {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
	}
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// freeAddresses are some to listen on, which nobody does a moment ago.
func freeAddresses(ctx context.Context, n int) ([]string, error) {
	var all []string
	for range n {
		listener, err := listen(ctx)
		if err != nil {
			return nil, err
		}
		defer func() { _ = listener.Close() }()
		all = append(all, listener.Addr().String())
	}
	return all, nil
}

func listen(ctx context.Context) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
}

// output runs a command and returns what it writes.
func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // They are the go command, git and Envoy.
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%v: %w\n%s%s", cmd.Args, err, out, &stderr)
	}
	return string(out), nil
}
