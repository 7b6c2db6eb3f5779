//go:build unix

package main

import (
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
)

// This file needs nothing of this package: it is also built into a kratosgrpc that is to be profiled, which is otherwise
// the one that users have (see profile.go).
//
// profileDone ends the name of a profile that is complete.
const profileDone = ".done"

// With KRATOSGRPC_BENCH_PROFILE, a CPU profile is written to the file of that name, from SIGUSR1 to SIGUSR2.
func init() {
	name := os.Getenv("KRATOSGRPC_BENCH_PROFILE")
	if name == "" {
		return
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2)
	go func() {
		var file *os.File
		for s := range signals {
			if s == syscall.SIGUSR1 {
				if created, err := os.Create(name); err == nil { //nolint:gosec // Whoever starts it names it.
					file = created
					_ = pprof.StartCPUProfile(file)
				}
				continue
			}
			pprof.StopCPUProfile()
			_ = file.Close()
			_ = os.Rename(name, name+profileDone) //nolint:gosec // As above.
		}
	}()
}
