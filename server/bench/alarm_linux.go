package main

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// alarm sleeps until a time, on a thread of its own. Go's own timers come up to a millisecond late where a program has
// little else to do, which is longer than most answers take.
type alarm struct{}

func newAlarm() alarm {
	runtime.LockOSThread()
	// Wake it when it is time, and not when it is most convenient. If that can't be had, latencies are some more.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	return alarm{}
}

func (alarm) at(t time.Time) {
	for left := time.Until(t); left > 0; left = time.Until(t) {
		ts := unix.NsecToTimespec(int64(left))
		_ = unix.Nanosleep(&ts, nil)
	}
}

func (alarm) stop() {
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0)
	runtime.UnlockOSThread()
}
