package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTimeOf is the processor time that a process has taken so far, in user and in kernel mode, to the nanosecond.
func cpuTimeOf(pid int) (time.Duration, error) {
	// As clock_getcpuclockid(3) makes it of a process id.
	const scheduled = 2
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduled), &ts); err != nil { //nolint:gosec // A process id has 22 bits.
		return 0, fmt.Errorf("processor time of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}

// startOn starts a command on these processors, or on all if there are none, and has the kernel end it when this process
// ends, however that may be. Closed is what it returns when the command has ended.
func startOn(cmd *exec.Cmd, processors []int) (ended <-chan struct{}, err error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started, done := make(chan error), make(chan struct{})
	go func() {
		// To the kernel the parent is the thread, so that has to stay. It ends with this goroutine.
		runtime.LockOSThread()
		// The child inherits the thread's processors, and so knows from the beginning how many it has.
		err := onlyOn(0, processors)
		if err == nil {
			err = cmd.Start()
		}
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(done)
		}
	}()
	return done, <-started
}

func onlyOn(thread int, processors []int) error {
	if len(processors) == 0 {
		return nil
	}
	var set unix.CPUSet
	for _, p := range processors {
		set.Set(p)
	}
	if err := unix.SchedSetaffinity(thread, &set); err != nil {
		return fmt.Errorf("processors %v: %w", processors, err)
	}
	return nil
}

// confine keeps this process, all its threads, on these processors.
func confine(processors []int) error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			return err
		}
		if err := onlyOn(id, processors); err != nil {
			return err
		}
	}
	runtime.GOMAXPROCS(len(processors))
	return nil
}
