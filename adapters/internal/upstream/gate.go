package upstream

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	// gateQueue is how many requests may wait for each that is under way, and gateWait for how long: a burst passes, but a
	// Kratos that is slow does not collect callers.
	gateQueue = 4
	gateWait  = 500 * time.Millisecond
)

// gate bounds how many requests are under way to Kratos. A nil one does not.
type gate struct {
	slots   *semaphore.Weighted
	queue   int64
	waiting atomic.Int64
}

func newGate(limit int) *gate {
	if limit <= 0 {
		return nil
	}
	return &gate{slots: semaphore.NewWeighted(int64(limit)), queue: int64(limit) * gateQueue}
}

// enter takes a place, which leave gives back. Where there is none it waits for one, if it may.
func (g *gate) enter(ctx context.Context, mayWait bool) error {
	if g == nil || g.slots.TryAcquire(1) {
		return nil
	}
	if !mayWait || g.waiting.Add(1) > g.queue {
		if mayWait {
			g.waiting.Add(-1)
		}
		return notAsked("too many requests are under way to it, and wait")
	}
	defer g.waiting.Add(-1)
	waiting, cancel := context.WithTimeout(ctx, gateWait)
	defer cancel()
	if g.slots.Acquire(waiting, 1) == nil {
		return nil
	}
	if ctx.Err() != nil {
		return failure(ctx, ctx.Err())
	}
	return notAsked("too many requests are under way to it")
}

func (g *gate) leave() {
	if g != nil {
		g.slots.Release(1)
	}
}
