package sessions_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server/internal/sessions"
)

// live is a session that tests change.
type live struct {
	clock *clock
	mu    sync.Mutex
	level string
	err   error
}

func (l *live) set(level string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.level, l.err = level, err
}

func (l *live) kratos() *kratos {
	expires := l.clock.in(time.Hour)
	return &kratos{whoami: func(_ context.Context, x *adapters.Exchange, _ int64) (*kratosgrpcv1.Session, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		s := sessionOf(l.clock, tokenOf(x))
		s.ExpiresAt.Seconds = expires.Unix()
		s.AuthenticatorAssuranceLevel = l.level
		return s, l.err
	}}
}

// watch watches, and hands over what comes.
func watch(ctx context.Context, l *sessions.Lookup, k *kratos, token string, interval time.Duration) (events chan sessions.Event, ended chan error) {
	events, ended = make(chan sessions.Event, 100), make(chan error, 1)
	go func() {
		ended <- l.Watch(ctx, func() (adapters.Adapter, error) { return k, nil }, with(token).Caller, interval, func(e sessions.Event) error {
			events <- e
			return nil
		})
	}()
	return events, ended
}

func next(t *testing.T, events chan sessions.Event) sessions.Event {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(10 * time.Second):
		t.Fatal("nothing comes")
		return sessions.Event{}
	}
}

// TestWatch: what changes shows, an outage does not, and the end says why.
func TestWatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		after time.Duration
		want  string
	}{{"revoked", 0, sessions.EndRevoked}, {"expired", time.Hour, sessions.EndExpired}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			state := &live{clock: new(clock), level: "aal1"}
			k := state.kratos()
			l := newLookup(t, state.clock, sessions.Options{})
			events, ended := watch(t.Context(), l, k, "a", time.Millisecond)
			if e := next(t, events); e.Session.GetAuthenticatorAssuranceLevel() != "aal1" {
				t.Fatalf("first comes %v", e)
			}
			state.set("", &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE})
			for before := k.asked.Load(); k.asked.Load() < before+3; {
				time.Sleep(time.Millisecond)
			}
			state.set("aal2", nil)
			if e := next(t, events); e.Session.GetAuthenticatorAssuranceLevel() != "aal2" || e.Ended != "" {
				t.Fatalf("after the change comes %v", e)
			}
			state.clock.pass(c.after)
			state.set("", noSession())
			if e := next(t, events); e.Ended != c.want {
				t.Errorf("at the end comes %v, want %s", e, c.want)
			}
			if err := <-ended; err != nil {
				t.Errorf("watching ends with %v", err)
			}
		})
	}
}

// TestWatchersShare: thousands who watch a session ask no more than one does, what is changed here shows at once, and when
// the last one has left, nobody asks any more.
func TestWatchersShare(t *testing.T) {
	t.Parallel()
	state := &live{clock: new(clock), level: "aal1"}
	k := state.kratos()
	l := newLookup(t, state.clock, sessions.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	const watchers = 1000
	var seen atomic.Int64
	var watching sync.WaitGroup
	for range watchers {
		watching.Go(func() {
			err := l.Watch(ctx, func() (adapters.Adapter, error) { return k, nil }, with("a").Caller, time.Hour, func(sessions.Event) error {
				seen.Add(1)
				return nil
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("watching ends with %v", err)
			}
		})
	}
	until := func(what string, happened func() bool) {
		t.Helper()
		for range 5000 {
			if happened() {
				return
			}
			time.Sleep(2 * time.Millisecond)
		}
		t.Fatalf("not %s", what)
	}
	until("all have seen the session", func() bool { return seen.Load() == watchers })
	before := k.asked.Load()
	state.set("aal2", nil)
	l.Changed(t.Context(), k, &with("a").Caller, &kratosgrpcv1.UpdateLoginFlowRequest{}, (*kratosgrpcv1.UpdateLoginFlowResponse)(nil))
	until("all have seen the change", func() bool { return seen.Load() == 2*watchers })
	if got := k.asked.Load() - before; got != 1 {
		t.Errorf("Kratos was asked %d times for the change", got)
	}
	// Somebody else's change is none of theirs.
	l.Changed(t.Context(), k, &with("b").Caller, &kratosgrpcv1.UpdateLoginFlowRequest{}, (*kratosgrpcv1.UpdateLoginFlowResponse)(nil))
	time.Sleep(20 * time.Millisecond)
	if got := k.asked.Load() - before; got != 1 {
		t.Errorf("Kratos was asked %d times for somebody else's change", got)
	}
	cancel()
	watching.Wait()
	l.Changed(t.Context(), k, &with("a").Caller, &kratosgrpcv1.UpdateLoginFlowRequest{}, (*kratosgrpcv1.UpdateLoginFlowResponse)(nil))
	time.Sleep(20 * time.Millisecond)
	if got := k.asked.Load() - before; got != 1 {
		t.Errorf("nobody watches, and Kratos was asked %d times", got)
	}
}

// TestWatchNobody: there has to be a session to begin with.
func TestWatchNobody(t *testing.T) {
	t.Parallel()
	state := &live{clock: new(clock)}
	state.set("", noSession())
	_, ended := watch(t.Context(), newLookup(t, state.clock, sessions.Options{}), state.kratos(), "a", time.Hour)
	if e := new(adapters.Error); !errors.As(<-ended, &e) || e.Reason != kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION {
		t.Errorf("watching nobody ends with %v", e)
	}
}
