package sessions

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/kratosgrpc/kratosgrpc/server/internal/sessions/shared"
)

// Redis says which Redis replicas share, by which they also tell each other what has changed.
type Redis struct {
	// URL is that of Redis. It may hold a password.
	URL string
	// Scope tells apart replicas whose Prepare changes answers in different ways.
	Scope string
	// Logger takes the log.
	Logger *slog.Logger

	// Lease, Beat and Timeout are chosen by tests; zero is the default.
	Lease, Beat, Timeout time.Duration
}

// share makes the second level, if there is one.
func (l *Lookup) share() error {
	o := l.options
	if o.Redis == nil {
		return nil
	}
	if o.TTL <= 0 || len(o.Key) == 0 {
		return errors.New("what is shared by Redis is a session cache, under a key that replicas share: both are needed")
	}
	level, err := shared.New(shared.Options{
		URL: o.Redis.URL, Secret: o.Key, Scope: o.Redis.Scope, TTL: o.TTL, Logger: o.Redis.Logger, Now: o.Now,
		Lease: o.Redis.Lease, Beat: o.Redis.Beat, Timeout: o.Redis.Timeout,
		Gap: func() uint64 { return l.cache.forget(nil) },
		Changed: func(c shared.Change) {
			keys := make([]key, len(c.Keys))
			for i, k := range c.Keys {
				keys[i] = k
			}
			l.cache.forget(keys, c.IDs...)
			l.wake(keys, c.IDs)
		},
	})
	if err != nil {
		return err
	}
	l.shared, l.cache.trusts = level, func(e *entry, now time.Time) bool {
		return level.Trusts(e.epoch, now) || !e.shared && now.Sub(e.asked) < level.Lease()
	}
	return nil
}

// Run keeps in touch with the other replicas, if there can be any, until ctx ends. It is called once, or Close is.
func (l *Lookup) Run(ctx context.Context) {
	if l.shared != nil {
		l.shared.Run(ctx)
	}
}

// Close frees what a lookup holds that was never run.
func (l *Lookup) Close() {
	if l.shared != nil {
		l.shared.Close()
	}
}

// fromOthers is what another replica was answered, if that is still good, and a ticket for what Kratos will answer here.
func (l *Lookup) fromOthers(ctx context.Context, k key, epoch uint64) (*answer, shared.Ticket) {
	if l.shared == nil {
		return nil, shared.Ticket{}
	}
	now := l.options.Now()
	found, ticket := l.shared.Find(ctx, k)
	if found == nil {
		return nil, ticket
	}
	res, err := decoded(found.Encoded)
	if err != nil {
		return nil, ticket
	}
	asked := now.Add(-found.Age)
	e := &entry{
		encoded: found.Encoded, sessionID: found.SessionID, identityID: found.IdentityID,
		asked: asked, expires: asked.Add(found.Lifetime), epoch: epoch, shared: true,
	}
	if expires := res.GetSession().GetExpiresAt(); expires != nil {
		e.expires = earlier(e.expires, expires.AsTime())
	}
	if !l.options.Now().Before(e.expires) {
		return nil, ticket
	}
	l.cache.add(k, e)
	return e.again(), ticket
}

// forOthers hands on what Kratos has answered. That there is no session is no use to others for long.
func (l *Lookup) forOthers(ctx context.Context, t shared.Ticket, k key, e *entry) {
	if l.shared == nil || e.encoded == nil {
		return
	}
	l.shared.Keep(ctx, t, k, shared.Entry{SessionID: e.sessionID, IdentityID: e.identityID, Encoded: e.encoded, Lifetime: e.expires.Sub(e.asked)})
}

// tellOthers tells of a change.
func (l *Lookup) tellOthers(ctx context.Context, keys []key, ids []string) {
	if l.shared == nil {
		return
	}
	c := shared.Change{IDs: ids}
	for _, k := range keys {
		c.Keys = append(c.Keys, k)
	}
	l.shared.Tell(ctx, c)
}
