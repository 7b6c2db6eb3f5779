package sessions

import (
	"maps"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/kratosgrpc/kratosgrpc/adapters"
)

// entry is what Kratos has said of a credential: a session, or that there is none.
type entry struct {
	// encoded is the answer as it goes out: it is encoded once, not for each who asks. Nil is for a refusal.
	encoded []byte
	refusal *adapters.Error

	sessionID, identityID string
	// asked is when Kratos was asked, expires is until when the answer is good, and epoch the one that it was asked in.
	asked, expires time.Time
	epoch          uint64
	// shared says that it was another replica that asked.
	shared bool
}

// cache keeps entries.
type cache struct {
	now         func() time.Time
	ttl         time.Duration
	negativeTTL time.Duration
	// trusts tells whether no change elsewhere can have been missed since an entry was made. Without replicas it is nil.
	trusts func(e *entry, now time.Time) bool

	sessions  *lru.Cache[key, *entry]
	negatives *lru.Cache[key, *entry]
	// bodies are entries as Kratos writes them, for the few that are asked for again and again by that: each takes as much
	// room as the entry itself.
	bodies *lru.Cache[key, body]

	// mu guards what follows, and that no entry of an earlier epoch is added once there is a later one.
	mu    sync.RWMutex
	epoch uint64
	// changed is when something last changed about a session or an identity, by its id, and pruned when the old ones among
	// these were last forgotten.
	changed map[string]change
	pruned  time.Time
}

// body is an entry in JSON. Of another entry under the same key it says nothing.
type body struct {
	of   *entry
	json []byte
}

type change struct {
	epoch uint64
	at    time.Time
}

func newCache(o Options) (*cache, error) {
	c := &cache{now: o.Now, ttl: o.TTL, negativeTTL: min(o.NegativeTTL, o.TTL), changed: map[string]change{}}
	if c.ttl <= 0 {
		return c, nil
	}
	var err error
	if c.sessions, err = lru.New[key, *entry](o.Size); err != nil {
		return nil, err
	}
	// Of those that are worth nothing, there is no need to know many.
	if c.negatives, err = lru.New[key, *entry](max(o.Size/8, 1)); err != nil {
		return nil, err
	}
	c.bodies, err = lru.New[key, body](max(o.Size/16, 1))
	return c, err
}

// json is an entry as Kratos writes it.
func (c *cache) json(k key, e *entry) ([]byte, error) {
	if known, ok := c.bodies.Get(k); ok && known.of == e {
		return known.json, nil
	}
	data, err := written(e.encoded)
	if err == nil {
		c.bodies.Add(k, body{e, data})
	}
	return data, err
}

// current is the epoch now.
func (c *cache) current() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.epoch
}

// find returns what is known of a credential and is not older than maxAge, or nil.
func (c *cache) find(k key, maxAge time.Duration) *entry {
	if c.ttl <= 0 || maxAge <= 0 {
		return nil
	}
	now := c.now()
	e, ok := c.sessions.Get(k)
	if !ok {
		e, ok = c.negatives.Get(k)
	}
	if !ok || !now.Before(e.expires) || now.Sub(e.asked) > maxAge || c.isOutdated(e) || c.trusts != nil && !c.trusts(e, now) {
		return nil
	}
	return e
}

// peek is the session that a credential was for when Kratos was asked last, and whose that is; empty if nobody knows.
func (c *cache) peek(k key) owner {
	if c.ttl <= 0 {
		return owner{}
	}
	if e, ok := c.sessions.Peek(k); ok {
		return owner{e.sessionID, e.identityID}
	}
	return owner{}
}

// owner are the ids of a session and of its identity.
type owner struct{ session, identity string }

// isOutdated tells whether something has changed since an entry was made.
func (c *cache) isOutdated(e *entry) bool {
	if e.encoded == nil {
		return false
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if len(c.changed) == 0 {
		return false
	}
	return c.changed[e.sessionID].epoch > e.epoch || c.changed[e.identityID].epoch > e.epoch
}

// add keeps an answer, unless something has changed since it was asked for.
func (c *cache) add(k key, e *entry) {
	if c.ttl <= 0 || !c.now().Before(e.expires) {
		return
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.epoch != e.epoch {
		return
	}
	if e.encoded == nil {
		c.negatives.Add(k, e)
	} else {
		c.sessions.Add(k, e)
	}
}

// forget begins an epoch, and returns it, in which nothing is known any more of the credentials, nor of the sessions and
// identities.
func (c *cache) forget(keys []key, ids ...string) (epoch uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	if c.ttl <= 0 {
		return c.epoch
	}
	now := c.now()
	if now.Sub(c.pruned) > c.ttl {
		c.pruned = now
		maps.DeleteFunc(c.changed, func(_ string, last change) bool {
			// No entry from before it can be good any more.
			return now.Sub(last.at) > c.ttl
		})
	}
	for _, id := range ids {
		if id != "" {
			c.changed[id] = change{c.epoch, now}
		}
	}
	for _, k := range keys {
		c.sessions.Remove(k)
		c.bodies.Remove(k)
		c.negatives.Remove(k)
	}
	return c.epoch
}
