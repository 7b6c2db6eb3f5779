package shared

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"time"

	"github.com/redis/go-redis/v9"
)

// The kinds of messages.
const (
	kindBeat   = "beat"
	kindChange = "change"
	kindAck    = "ack"
	kindBye    = "bye"
)

// message is what one replica says to the others. It is sealed for the channel that it goes through.
type message struct {
	Kind string `json:"kind"`
	From string `json:"from"`
	// Beat is the number of a beat, Of names a change, for those who acknowledge it.
	Beat uint64 `json:"beat,omitempty"`
	Of   string `json:"of,omitempty"`
	// Keys and IDs are what a change concerns.
	Keys [][]byte `json:"keys,omitempty"`
	IDs  []string `json:"ids,omitempty"`
}

// everyone is the channel that all replicas hear, to is the one that only one does.
func (l *Level) everyone() string          { return l.sealer.prefix + "all" }
func (l *Level) to(replica string) string  { return l.sealer.prefix + "to:" + replica }
func placeOfMessage(channel string) string { return "message\x00" + channel }

func (l *Level) written(m message, channel string) []byte {
	m.From = l.self
	plain, _ := json.Marshal(m)
	return l.sealer.seal(plain, placeOfMessage(channel))
}

func (l *Level) read(payload, channel string) (m message, ok bool) {
	plain, err := l.sealer.open([]byte(payload), placeOfMessage(channel))
	return m, err == nil && json.Unmarshal(plain, &m) == nil
}

// untold are changes that could not be told, by what they concern, and when each was last to be.
type untold struct {
	keys map[Key]time.Time
	ids  map[string]time.Time
	// all says that there was one, though it may have concerned nothing that has a name.
	all bool
}

// waiting is a change that others have yet to acknowledge.
type waiting struct {
	missing map[string]bool
	done    chan struct{}
}

type ack struct{ to, of string }

// Tell has Redis and the other replicas know of a change, and returns when they do, or the timeout is over. What can't be
// told now is told later. It is called before the change is taken notice of here, so that nobody here who asks afterwards
// is told by Redis what was true before.
func (l *Level) Tell(ctx context.Context, c Change) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.options.Timeout)
	defer cancel()
	if !l.broken.Load() {
		err := l.tell(ctx, c)
		if err == nil {
			return
		}
		l.broken.Store(true)
	}
	l.later(c)
}

// tell tells a change, and waits for those who are to know. That these don't answer in time is no error: a replica that is
// in trouble does not trust its memory for long.
func (l *Level) tell(ctx context.Context, c Change) error {
	of := rand.Text()
	w := l.expect(of)
	defer l.forget(of)

	m := message{Kind: kindChange, Of: of, IDs: c.IDs}
	names := []string{l.generationName()}
	for _, k := range c.Keys {
		m.Keys = append(m.Keys, k[:])
		names = append(names, l.entryName(k))
	}
	for _, id := range c.IDs {
		if id != "" {
			names = append(names, l.versionName(l.hashOf(id)))
		}
	}
	if err := tellScript.Run(ctx, l.control, names, l.everyone(), l.written(m, l.everyone())).Err(); err != nil {
		return err
	}
	select {
	case <-w.done:
	case <-ctx.Done():
	}
	return nil
}

// expect notes who is to acknowledge a change: whoever may trust its memory now.
func (l *Level) expect(of string) *waiting {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := &waiting{missing: map[string]bool{}, done: make(chan struct{})}
	for id, p := range l.peers {
		if l.options.Now().Sub(p.heard) < l.options.Lease+defaultLate {
			w.missing[id] = true
		}
	}
	if len(w.missing) == 0 {
		close(w.done)
	} else {
		l.waiting[of] = w
	}
	return w
}

func (l *Level) forget(of string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.waiting, of)
}

// acknowledged takes notice that a replica knows of a change.
func (l *Level) acknowledged(m message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.waiting[m.Of]
	if w == nil || !w.missing[m.From] {
		return
	}
	delete(w.missing, m.From)
	if len(w.missing) == 0 {
		close(w.done)
	}
}

// acknowledge sends what is to be acknowledged, as much at once as there is.
func (l *Level) acknowledge(ctx context.Context) {
	for {
		var some []ack
		select {
		case <-ctx.Done():
			return
		case a := <-l.acks:
			some = append(some, a)
		}
		for more := true; more && len(some) < cap(l.acks); {
			select {
			case a := <-l.acks:
				some = append(some, a)
			default:
				more = false
			}
		}
		sending, cancel := context.WithTimeout(ctx, l.options.Timeout)
		// Who waits for it waits for no longer than this; whether Redis works, the beats find out.
		_, _ = l.control.Pipelined(sending, func(p redis.Pipeliner) error {
			for _, a := range some {
				p.Publish(sending, l.to(a.to), l.written(message{Kind: kindAck, Of: a.of}, l.to(a.to)))
			}
			return nil
		})
		cancel()
	}
}

// later notes a change that could not be told. Until it is, Redis is not believed here, and no beat is sent.
func (l *Level) later(c Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.options.Now()
	l.untold.all = true
	for _, k := range c.Keys {
		l.untold.keys[k] = now
	}
	for _, id := range c.IDs {
		l.untold.ids[id] = now
	}
	l.owes.Store(true)
}

// atOnce is how much of what could not be told is told at once: a script can't take any number of keys.
const atOnce = 500

// settle tells what could not be told.
func (l *Level) settle(ctx context.Context) error {
	for l.owes.Load() {
		c := l.owed()
		telling, cancel := context.WithTimeout(ctx, l.options.Timeout)
		err := l.tell(telling, c)
		cancel()
		if err != nil {
			l.later(c)
			return err
		}
		l.mu.Lock()
		if !l.untold.all && len(l.untold.keys) == 0 && len(l.untold.ids) == 0 {
			l.owes.Store(false)
		}
		l.mu.Unlock()
	}
	return nil
}

// owed takes some of what could not be told. What is older than any answer can be is told no more.
func (l *Level) owed() (c Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.options.Now().Add(-l.options.TTL)
	for k, at := range l.untold.keys {
		if len(c.Keys) >= atOnce {
			break
		}
		if !at.Before(old) {
			c.Keys = append(c.Keys, k)
		}
		delete(l.untold.keys, k)
	}
	for id, at := range l.untold.ids {
		if len(c.IDs) >= atOnce {
			break
		}
		if !at.Before(old) {
			c.IDs = append(c.IDs, id)
		}
		delete(l.untold.ids, id)
	}
	l.untold.all = false
	return c
}

// change is the change that a message tells of.
func (m *message) change() Change {
	c := Change{IDs: m.IDs}
	for _, k := range m.Keys {
		if len(k) == len(Key{}) {
			c.Keys = append(c.Keys, Key(k))
		}
	}
	return c
}
