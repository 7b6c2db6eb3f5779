package shared

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// peer is another replica.
type peer struct {
	beat uint64
	// heard is when its last beat came, and told up to when everything is known that was changed through it: when the own
	// beat was sent that came before it. That one was published before it, however long both have waited to be read.
	heard, told time.Time
}

var (
	errSilent    = errors.New("nothing comes any more from Redis")
	errNoChannel = errors.New("the subscription was not confirmed")
)

// follow subscribes to what the other replicas say, and takes notice of it until that ends.
func (l *Level) follow(ctx context.Context) error {
	own := l.to(l.self)
	subscription := l.control.Subscribe(ctx, l.everyone(), own)
	// Reading does not end by itself when ctx does.
	closing := context.AfterFunc(ctx, func() { _ = subscription.Close() })
	defer func() {
		if closing() {
			_ = subscription.Close()
		}
	}()
	for range 2 {
		got, err := subscription.ReceiveTimeout(ctx, dialTimeout)
		if err != nil {
			return err
		}
		if _, ok := got.(*redis.Subscription); !ok {
			return errNoChannel
		}
	}
	l.begin()
	defer l.end()

	beating, stop := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		l.keepBeating(beating)
	}()
	defer func() { stop(); <-stopped }()
	for {
		got, err := subscription.ReceiveTimeout(ctx, max(Bound, l.options.Lease))
		if err != nil {
			return err
		}
		// Anything else, such as another subscription, says that the connection is not the one that it was.
		m, ok := got.(*redis.Message)
		if !ok {
			return errSilent
		}
		if said, ok := l.read(m.Payload, m.Channel); ok {
			l.take(said)
		}
	}
}

// begin notes that from now on nothing is missed. What is known from before is not trusted any more.
func (l *Level) begin() {
	l.floor.Store(l.options.Gap())
}

// end notes that from now on anything can be missed.
func (l *Level) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.confirmed = time.Time{}
	clear(l.sent)
	l.until.Store(0)
}

// take takes notice of what a replica says.
func (l *Level) take(m message) {
	switch m.Kind {
	case kindBeat:
		l.beaten(m)
	case kindChange:
		if m.From == l.self {
			return
		}
		l.options.Changed(m.change())
		select {
		case l.acks <- ack{m.From, m.Of}:
		default:
			// Then it waits in vain, but not for long.
		}
	case kindAck:
		l.acknowledged(m)
	case kindBye:
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.peers, m.From)
	}
}

// beaten takes notice of a beat, and with it of how long memory is to be trusted.
func (l *Level) beaten(m message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.options.Now()
	if m.From == l.self {
		sent, ok := l.sent[m.Beat]
		if !ok {
			return
		}
		delete(l.sent, m.Beat)
		l.confirmed = sent
		l.found()
	} else {
		p := l.peers[m.From]
		if p == nil {
			p = new(peer)
			l.peers[m.From] = p
		}
		if m.Beat <= p.beat {
			return
		}
		p.beat, p.heard, p.told = m.Beat, now, l.confirmed
	}
	if l.confirmed.IsZero() {
		return
	}
	until := l.confirmed
	for id, p := range l.peers {
		if now.Sub(p.heard) > defaultGone {
			// It may have been killed just when it had something to tell, so what is known from before counts no more.
			delete(l.peers, id)
			l.notBefore.Store(int64(now.Sub(l.start)))
			l.floor.Store(l.options.Gap())
		} else if p.told.Before(until) {
			until = p.told
		}
	}
	l.until.Store(int64(until.Add(l.options.Lease).Sub(l.start)))
}

// keepBeating sends beats until ctx ends.
func (l *Level) keepBeating(ctx context.Context) {
	for ctx.Err() == nil {
		if err := l.sendBeat(ctx); err != nil && ctx.Err() == nil {
			l.lost(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(l.options.Beat):
		}
	}
}

// sendBeat says that all is told that was changed here. It goes out only where that is so.
func (l *Level) sendBeat(ctx context.Context) error {
	if err := l.settle(ctx); err != nil {
		return err
	}
	// Twice, if Redis's clock was not known well enough: it is then.
	for range 2 {
		late, err := l.tryBeat(ctx)
		if err != nil || !late {
			return err
		}
	}
	return nil
}

// tryBeat sends a beat that Redis drops if it comes late, which it may: what was true when it was sent is not what is true
// when a network that was gone hands it on.
func (l *Level) tryBeat(ctx context.Context) (late bool, err error) {
	l.mu.Lock()
	now := l.options.Now()
	l.beat++
	l.sent[l.beat] = now
	for n, at := range l.sent {
		if now.Sub(at) > l.options.Lease {
			delete(l.sent, n)
		}
	}
	payload := l.written(message{Kind: kindBeat, Beat: l.beat}, l.everyone())
	deadline := int64(0)
	if !l.syncedAt.IsZero() {
		deadline = l.synced + time.Since(l.syncedAt).Microseconds() + defaultLate.Microseconds()
	}
	l.mu.Unlock()
	if l.owes.Load() {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, l.options.Timeout)
	defer cancel()
	clock, err := beatScript.Run(ctx, l.control, nil, l.everyone(), payload, deadline).Int64()
	if err != nil {
		return false, err
	}
	l.mu.Lock()
	l.synced, l.syncedAt = clock, time.Now()
	l.mu.Unlock()
	l.broken.Store(false)
	return clock > deadline, nil
}

// leave says goodbye, if all is told: the others need not wait for this replica then.
func (l *Level) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*l.options.Timeout) //nolint:mnd // There may be something to be told before.
	defer cancel()
	if l.settle(ctx) == nil {
		_ = l.control.Publish(ctx, l.everyone(), l.written(message{Kind: kindBye}, l.everyone())).Err()
	}
}
