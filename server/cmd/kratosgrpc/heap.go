package main

import (
	"os"
	"runtime"
)

// ballastBytes of address space, which nobody ever touches, and so take no memory. The collector takes them for a part of
// the heap: it waits until that has doubled. What a server without a cache keeps is so little that it would be collected
// dozens of times a second under load, at a third of all that a call costs.
const ballastBytes = 32 << 20

// keepBallast returns what is to be called at the end. Who sets the collector's own variables has other wishes.
func keepBallast() (drop func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	ballast := make([]byte, ballastBytes)
	return func() { runtime.KeepAlive(ballast) }
}
