package shared

import (
	"context"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Level is the second level, as one replica sees it.
type Level struct {
	options Options
	sealer  *sealer
	// answers is for what is asked and kept, control for what replicas tell each other: that must not wait for the former.
	answers, control *redis.Client
	// self is the name of this replica, start when it began.
	self  string
	start time.Time

	// until is up to when memory is trusted, in nanoseconds after start, and floor the first epoch that is.
	until atomic.Int64
	floor atomic.Uint64
	// notBefore is when a replica was last taken for dead, in nanoseconds after start: what was asked for before is not taken
	// from Redis.
	notBefore atomic.Int64
	// broken says that Redis did not answer last time. Nobody but the next beat asks it then.
	broken atomic.Bool
	// owes says that there are changes that could not be told.
	owes atomic.Bool

	mu sync.Mutex
	// sent are the own beats that have not come back, by number, and confirmed is when the last one was sent that has;
	// zero without a subscription.
	beat      uint64
	sent      map[uint64]time.Time
	confirmed time.Time
	peers     map[string]*peer
	waiting   map[string]*waiting
	untold    untold
	// saidLost says that the log has it that Redis is lost.
	saidLost bool
	// synced is Redis's clock when it last answered a beat, and when that was here.
	synced   int64
	syncedAt time.Time

	acks chan ack
}

// New makes a level that trusts nothing until it runs.
func New(o Options) (*Level, error) {
	for duration, fallback := range map[*time.Duration]time.Duration{&o.Lease: defaultLease, &o.Beat: defaultBeat, &o.Timeout: defaultTimeout} {
		if *duration == 0 {
			*duration = fallback
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	l := &Level{
		options: o, self: rand.Text(), start: o.Now(),
		sent: map[uint64]time.Time{}, peers: map[string]*peer{}, waiting: map[string]*waiting{},
		untold: untold{keys: map[Key]time.Time{}, ids: map[string]time.Time{}},
		acks:   make(chan ack, 1024), //nolint:mnd // More than are ever under way.
	}
	var err error
	if l.sealer, err = newSealer(o.Secret); err != nil {
		return nil, err
	}
	if l.answers, err = o.client(); err != nil {
		return nil, err
	}
	l.control, err = o.client()
	return l, err
}

// Lease is how long what was asked of Kratos is good, whatever else is known.
func (l *Level) Lease() time.Duration { return l.options.Lease }

// Trusts tells whether what was learned in an epoch still counts: no change since can have been missed.
func (l *Level) Trusts(epoch uint64, now time.Time) bool {
	return int64(now.Sub(l.start)) < l.until.Load() && epoch >= l.floor.Load()
}

// usable tells whether Redis is worth asking, and can be believed.
func (l *Level) usable() bool {
	return !l.broken.Load() && !l.owes.Load() && l.Trusts(l.floor.Load(), l.options.Now())
}

// Run keeps in touch with the other replicas until ctx ends, and then says goodbye to them. It is called once.
func (l *Level) Run(ctx context.Context) {
	acknowledging := make(chan struct{})
	go func() {
		defer close(acknowledging)
		l.acknowledge(ctx)
	}()
	for ctx.Err() == nil {
		err := l.follow(ctx)
		if ctx.Err() == nil {
			l.lost(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(l.options.Beat):
		}
	}
	<-acknowledging
	l.leave()
	l.Close()
}

// Close frees what a level holds that doesn't run.
func (l *Level) Close() {
	_ = l.answers.Close()
	_ = l.control.Close()
}

// lost takes notice that there is no being in touch by Redis, and says so once.
func (l *Level) lost(err error) {
	l.broken.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.saidLost {
		return
	}
	l.saidLost = true
	l.options.Logger.Warn("Redis is lost: until it is back, Kratos is asked more often", "cause", err.Error(), "sessions_kept_for", l.options.Lease)
}

// found takes notice that Redis is there, and says so if it was lost. The caller holds mu.
func (l *Level) found() {
	if l.saidLost {
		l.saidLost = false
		l.options.Logger.Info("Redis is back")
	}
}
