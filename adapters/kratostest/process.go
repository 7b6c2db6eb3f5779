package kratostest

import (
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is a running Kratos.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	err  error         // how it ended; read after done
}

// startProcess starts cmd so that it cannot outlive this process where the
// operating system offers that.
func startProcess(cmd *exec.Cmd) (*process, error) {
	cmd.SysProcAttr = endWithParent()
	// Kratos's own children share its pipes. Do not wait for them for ever.
	cmd.WaitDelay = time.Second

	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// To Linux "the parent" is the thread that started the child, and Go
		// ends threads when it likes. This goroutine keeps its thread until the
		// child is gone.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()

		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	return p, <-started
}

// running is false for a nil process, one that never started.
func (p *process) running() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// panicked reports whether the process ended as Go programs do that panic.
func (p *process) panicked() bool {
	const exitCode = 2
	return p != nil && !p.running() && p.cmd.ProcessState.ExitCode() == exitCode
}

// kill ends the process the hard way and waits until it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails only if it has ended already
	<-p.done
}

// stop asks the process to end and insists if it does not.
func (p *process) stop() {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err == nil {
		select {
		case <-p.done:
			return
		case <-time.After(5 * time.Second):
		}
	}
	p.kill()
}
