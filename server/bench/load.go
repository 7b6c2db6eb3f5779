package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	// What latencies are told apart, and how exactly.
	shortest, longest, digits = int64(time.Microsecond), int64(time.Minute), 3
	// hungAfter is how long calls may take beyond the time that they are made in.
	hungAfter = 30 * time.Second
	// openCallers is how many calls of the open loop can be under way. Those that wait for one of them to end, wait on the
	// clock: their latency counts from when they were due.
	openCallers = 64
)

// measured is how a server did under one load, once.
type measured struct {
	calls   int64
	elapsed time.Duration
	// cpu is what the server's process took, in user and in kernel mode.
	cpu time.Duration
	// callersCPU is what this process took meanwhile, which made the calls.
	callersCPU time.Duration
	latencies  *hdrhistogram.Histogram
}

func (m *measured) perSecond() float64 { return float64(m.calls) / m.elapsed.Seconds() }

func (m *measured) quantile(percent float64) time.Duration {
	return time.Duration(m.latencies.ValueAtPercentile(percent))
}

func (m *measured) cpuPerCall() time.Duration { return m.cpu / time.Duration(m.calls) }

func (m *measured) callersCPUPerCall() time.Duration { return m.callersCPU / time.Duration(m.calls) }

// load is a way to call a server.
type load struct {
	name    string
	callers int
	// rate is how many calls a second fall due; 0 is a closed loop, where each caller makes a call when it has the answer
	// to the one before.
	rate int
}

// measure puts a load on a subject, first to warm it up and then to measure it.
func (l *load) measure(ctx context.Context, s *subject, o *options) (*measured, error) {
	ctx, cancel := context.WithTimeout(ctx, o.warmUp+o.duration+hungAfter)
	defer cancel()
	callers, closeAll, err := s.callers(ctx, l.callers)
	if err != nil {
		return nil, err
	}
	defer closeAll()
	if _, err := l.put(ctx, callers, o.warmUp); err != nil {
		return nil, fmt.Errorf("%s, %s: %w", s.name, l.name, err)
	}
	before, err := s.cpuTime()
	if err != nil {
		return nil, err
	}
	own, err := cpuTimeOf(os.Getpid())
	if err != nil {
		return nil, err
	}
	m, err := l.put(ctx, callers, o.duration)
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", s.name, l.name, err)
	}
	after, err := s.cpuTime()
	if err != nil {
		return nil, err
	}
	m.cpu = after - before
	if after, err = cpuTimeOf(os.Getpid()); err != nil {
		return nil, err
	}
	m.callersCPU = after - own
	return m, nil
}

// put has the callers call for some time. A call that fails ends it: what failed calls cost is of no interest here.
func (l *load) put(ctx context.Context, callers []caller, d time.Duration) (*measured, error) {
	// With the callers of an open loop, those that wait are in here, and not in the server's queue.
	var due chan time.Time
	if l.rate > 0 {
		due = make(chan time.Time, int(d.Seconds()*float64(l.rate))+1)
	}
	var failed atomic.Pointer[error]
	histograms := make([]*hdrhistogram.Histogram, len(callers))
	for i := range histograms {
		histograms[i] = hdrhistogram.New(shortest, longest, digits)
	}

	begin := time.Now()
	end := begin.Add(d)
	var calling sync.WaitGroup
	for i, c := range callers {
		calling.Go(func() {
			// once makes a call; it says whether to go on.
			once := func(since time.Time) bool {
				if err := c.call(); err != nil {
					failed.CompareAndSwap(nil, &err)
					return false
				}
				_ = histograms[i].RecordValue(min(max(int64(time.Since(since)), shortest), longest))
				return failed.Load() == nil && ctx.Err() == nil
			}
			if due == nil {
				for now := begin; now.Before(end) && once(now); now = time.Now() { //nolint:revive // All is in the condition.
				}
				return
			}
			for at := range due {
				if !once(at) {
					return
				}
			}
		})
	}
	if due != nil {
		pace(begin, end, l.rate, due)
	}
	calling.Wait()
	m := &measured{elapsed: time.Since(begin), latencies: hdrhistogram.New(shortest, longest, digits)}
	for _, h := range histograms {
		m.latencies.Merge(h)
	}
	m.calls = m.latencies.TotalCount()
	if err := failed.Load(); err != nil {
		return nil, fmt.Errorf("a call failed: %w", *err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if m.calls == 0 {
		return nil, errors.New("there was no time for a single call")
	}
	return m, nil
}

// pace says when calls are due, at a rate, whether or not there is anybody to make them.
func pace(begin, end time.Time, rate int, due chan<- time.Time) {
	defer close(due)
	wake := newAlarm()
	defer wake.stop()
	step := time.Second / time.Duration(rate)
	for at := begin; at.Before(end); at = at.Add(step) {
		wake.at(at)
		due <- at
	}
}
