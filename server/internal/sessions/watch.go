package sessions

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// The reasons for which a session ends.
const (
	EndExpired = "expired"
	EndRevoked = "revoked"
)

// Event is what there is to know of a session: how it is, or why it has ended.
type Event struct {
	Session *kratosgrpcv1.Session
	Ended   string
}

// watched is a session that somebody watches. All who do share one that asks Kratos.
type watched struct {
	stop context.CancelFunc
	// wake has Kratos asked at once.
	wake chan struct{}

	mu       sync.Mutex
	watchers int
	event    Event
	// next is closed when there is another event.
	next chan struct{}
}

// watches are all sessions that are watched.
type watches struct {
	mu  sync.Mutex
	all map[key]*watched
}

// Watch sends what there is to know of the session of a caller's credential, which it is to have, now and whenever that has
// changed, until the session ends or ctx does. Kratos is asked every interval, and at once after a change through this
// server. source is the adapter to ask with, which can become another one.
func (l *Lookup) Watch(ctx context.Context, source func() (adapters.Adapter, error), caller adapters.Caller, interval time.Duration, send func(Event) error) error {
	adapter, err := source()
	if err != nil {
		return err
	}
	k, ok := l.keyOf(adapter, &caller)
	x := &adapters.Exchange{Caller: caller}
	res, err := adapter.Whoami(ctx, x, &kratosgrpcv1.WhoamiRequest{})
	if err != nil {
		return err
	}
	if !ok {
		return errors.New("there is a session without a credential")
	}
	w := l.join(k, source, caller, interval, Event{Session: res.GetSession()})
	defer l.leave(k, w)

	event, next := w.now()
	for {
		if err := send(event); err != nil || event.Ended != "" {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-next:
			event, next = w.now()
		}
	}
}

// now is what is known, and what is closed when there is more to know.
func (w *watched) now() (Event, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.event, w.next
}

// tell has all who watch know of an event, if it is one.
func (w *watched) tell(e Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.event.Ended != "" || e.Ended == "" && proto.Equal(e.Session, w.event.Session) {
		return
	}
	w.event = e
	close(w.next)
	w.next = make(chan struct{})
}

// join begins to watch, or joins those who do.
func (l *Lookup) join(k key, source func() (adapters.Adapter, error), caller adapters.Caller, interval time.Duration, first Event) *watched {
	l.watches.mu.Lock()
	defer l.watches.mu.Unlock()
	w := l.watches.all[k]
	if w == nil {
		ctx, stop := context.WithCancel(context.Background())
		w = &watched{stop: stop, wake: make(chan struct{}, 1), event: first, next: make(chan struct{})}
		l.watches.all[k] = w
		go l.follow(ctx, w, source, caller, interval)
	} else {
		w.tell(first)
	}
	w.watchers++
	return w
}

// leave ends watching; the last one to leave ends the questions.
func (l *Lookup) leave(k key, w *watched) {
	l.watches.mu.Lock()
	defer l.watches.mu.Unlock()
	if w.watchers--; w.watchers == 0 {
		w.stop()
		if l.watches.all[k] == w {
			delete(l.watches.all, k)
		}
	}
}

// wake has Kratos asked at once about what is watched of these credentials, sessions and identities.
func (l *Lookup) wake(keys []key, ids []string) {
	l.watches.mu.Lock()
	defer l.watches.mu.Unlock()
	for k, w := range l.watches.all {
		event, _ := w.now()
		if !slices.Contains(keys, k) && !slices.Contains(ids, event.Session.GetId()) && !slices.Contains(ids, event.Session.GetIdentity().GetId()) {
			continue
		}
		select {
		case w.wake <- struct{}{}:
		default:
			// It is about to be asked anyway.
		}
	}
}

// follow asks Kratos about a session until it ends, or nobody watches any more.
func (l *Lookup) follow(ctx context.Context, w *watched, source func() (adapters.Adapter, error), caller adapters.Caller, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-w.wake:
		}
		event, ok := l.look(ctx, w, source, caller)
		if !ok {
			continue
		}
		w.tell(event)
		if event.Ended != "" {
			return
		}
	}
}

// look asks Kratos once. It is not ok if Kratos did not say anything of the session: an outage ends nothing.
func (l *Lookup) look(ctx context.Context, w *watched, source func() (adapters.Adapter, error), caller adapters.Caller) (event Event, ok bool) {
	defer func() {
		// It runs in a goroutine of its own, where a panic would end the process.
		if recover() != nil {
			ok = false
		}
	}()
	adapter, err := source()
	if err != nil {
		return Event{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, l.options.Timeout)
	defer cancel()
	res, err := adapter.Whoami(ctx, &adapters.Exchange{Caller: caller}, &kratosgrpcv1.WhoamiRequest{})
	if err == nil {
		return Event{Session: res.GetSession()}, true
	}
	e := new(adapters.Error)
	if !errors.As(err, &e) || e.Reason != kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION {
		return Event{}, false
	}
	last, _ := w.now()
	if expires := last.Session.GetExpiresAt(); expires != nil && !l.options.Now().Before(expires.AsTime()) {
		return Event{Ended: EndExpired}, true
	}
	return Event{Ended: EndRevoked}, true
}
