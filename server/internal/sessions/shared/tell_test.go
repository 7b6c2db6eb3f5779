package shared

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/server/internal/redistest"
)

// TestAcknowledged: who tells of a change returns when the others know, and at last when the timeout is over.
func TestAcknowledged(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	var known atomic.Int64
	allowed := make(chan struct{}, 2)
	changed := func(Change) {
		<-allowed
		known.Add(1)
	}
	l := newLevel(t, r)
	run(t, l)
	for range 2 {
		run(t, newLevel(t, r, func(o *Options) { o.Changed = changed }))
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		l.mu.Lock()
		peers := len(l.peers)
		l.mu.Unlock()
		if peers == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("there are %d others", peers)
		}
	}
	time.AfterFunc(100*time.Millisecond, func() { allowed <- struct{}{}; allowed <- struct{}{} })
	l.Tell(t.Context(), Change{IDs: []string{"session-a"}})
	if got := known.Load(); got != 2 {
		t.Errorf("it is told, and %d know", got)
	}
	l.options.Timeout = 50 * time.Millisecond
	defer close(allowed)
	began := time.Now()
	l.Tell(t.Context(), Change{IDs: []string{"session-a"}})
	if took := time.Since(began); took < 50*time.Millisecond || took > 5*time.Second || l.owes.Load() {
		t.Errorf("it takes %s, and is owed: %t", took, l.owes.Load())
	}
}

// run runs a level until the test ends.
func run(t *testing.T, l *Level) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.Run(ctx)
	}()
	t.Cleanup(func() { cancel(); <-ended })
}

// TestDeadRedis: a Redis that answers nothing costs a call its timeout once, not each time.
func TestDeadRedis(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	l := newLevel(t, r, func(o *Options) { o.Timeout = 100 * time.Millisecond })
	r.Stop()
	defer r.Continue()
	began := time.Now()
	for range 1000 {
		l.Find(t.Context(), keyA)
		l.Tell(t.Context(), Change{Keys: []Key{keyA}})
	}
	if took := time.Since(began); took < 100*time.Millisecond || took > 5*time.Second {
		t.Errorf("it takes %s", took)
	}
}

// TestURL: what is wrong with a URL is said without what is in it.
func TestURL(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"redis://host:6379/1", "rediss://user:p%20w@host", "unix:///run/redis.sock"} {
		if err := CheckURL(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "host:6379", "http://user:secret-in-url@host", "redis://user:secret-in-url@host:port", "redis://:secret-in-url%zz@host", "redis://host/secret-in-url"} {
		if err := CheckURL(bad); err == nil || strings.Contains(err.Error(), "secret-in-url") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
