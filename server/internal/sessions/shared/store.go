package shared

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// Entry is what is kept of a session.
type Entry struct {
	SessionID, IdentityID string
	// Encoded is the answer as it goes out.
	Encoded []byte
	// Age is how long ago Kratos was asked, Lifetime how long the answer is good from then on.
	Age, Lifetime time.Duration
}

// Ticket says what was true in Redis before Kratos was asked. What Kratos answers is kept under that condition.
type Ticket struct {
	generation string
	// at is Redis's clock, in microseconds.
	at int64
}

const (
	versionBytes = 16
	// headSize is that of the names of the session and the identity, in hexadecimal, which stand before what is sealed.
	headSize = 2 * 2 * nameBytes
)

// Find looks a credential up in Redis, unless that can't be trusted now. It may be asked of Kratos with the ticket.
func (l *Level) Find(ctx context.Context, k Key) (*Entry, Ticket) {
	if !l.usable() {
		return nil, Ticket{}
	}
	ctx, cancel := context.WithTimeout(ctx, l.options.Timeout)
	defer cancel()
	name := l.entryName(k)
	reply, err := findScript.Run(ctx, l.answers, []string{name, l.generationName()}, fresh(), generationLasts.Milliseconds(), l.versionName("")).Slice()
	if err == nil && len(reply) != 3 {
		err = errReply
	}
	if err != nil {
		l.broken.Store(true)
		return nil, Ticket{}
	}
	generation, _ := reply[0].(string)
	at, _ := reply[1].(int64)
	kept, _ := reply[2].(string)
	ticket := Ticket{generation, at}
	if len(kept) <= headSize || !l.usable() {
		return nil, ticket
	}
	return l.decode(kept, name, at), ticket
}

var errReply = errors.New("that is no answer of Redis's to what was asked")

// Keep keeps what Kratos has answered, if nothing has changed since the ticket was given.
func (l *Level) Keep(ctx context.Context, t Ticket, k Key, e Entry) {
	if t.generation == "" || !l.usable() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, l.options.Timeout)
	defer cancel()
	name, session, identity := l.entryName(k), l.hashOf(e.SessionID), l.hashOf(e.IdentityID)
	err := keepScript.Run(
		ctx, l.answers, []string{name, l.generationName(), l.versionName(session), l.versionName(identity)},
		t.generation, t.at, e.Lifetime.Microseconds(), l.options.TTL.Milliseconds()+1, fresh(), session, identity,
		l.sealer.seal(l.encode(e, t.at), l.place(name, session+identity)),
	).Err()
	// That Redis refuses, as when it is full, says nothing of whether it can be believed.
	if refused := redis.Error(nil); err != nil && !errors.As(err, &refused) {
		l.broken.Store(true)
	}
}

// fresh is a version that there was never before.
func fresh() []byte {
	b := make([]byte, versionBytes)
	_, _ = rand.Read(b)
	return b
}

func (l *Level) entryName(k Key) string {
	return l.sealer.prefix + "e:" + l.sealer.hash("credential", k[:])
}
func (l *Level) versionName(hash string) string { return l.sealer.prefix + "v:" + hash }
func (l *Level) generationName() string         { return l.sealer.prefix + "g" }
func (l *Level) hashOf(id string) string        { return l.sealer.hash("id", []byte(id)) }
func (l *Level) place(name, owner string) string {
	return l.options.Scope + "\x00" + name + "\x00" + owner
}

// encode writes what is to be sealed: the time by Redis's clock, the end by this one's, the lifetime, the ids, and the answer.
func (l *Level) encode(e Entry, at int64) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(at)) //nolint:gosec // A time since 1970.
	b = binary.BigEndian.AppendUint64(b, uint64(l.options.Now().Add(e.Lifetime).UnixNano()))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Lifetime)) //nolint:gosec // It is not negative.
	for _, id := range []string{e.SessionID, e.IdentityID} {
		b = binary.AppendUvarint(b, uint64(len(id)))
		b = append(b, id...)
	}
	return append(b, e.Encoded...)
}

// decode reads what Redis has under a name; nil is for what is not for this place, or not good any more.
func (l *Level) decode(kept, name string, now int64) *Entry {
	b, err := l.sealer.open([]byte(kept[headSize:]), l.place(name, kept[:headSize]))
	const fixed = 3 * 8
	if err != nil || len(b) < fixed {
		return nil
	}
	at, end := int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:])) //nolint:gosec // As they were written.
	e := &Entry{Lifetime: time.Duration(binary.BigEndian.Uint64(b[16:]))}               //nolint:gosec // As it was written.
	b = b[fixed:]
	for _, id := range []*string{&e.SessionID, &e.IdentityID} {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) { //nolint:gosec // No more was read than there is.
			return nil
		}
		*id, b = string(b[n:n+int(size)]), b[n+int(size):] //nolint:gosec // No more than there is.
	}
	e.Encoded = b
	e.Age = time.Duration(now-at) * time.Microsecond
	e.Lifetime = min(e.Lifetime, l.options.TTL)
	here := l.options.Now()
	if e.Age < 0 || e.Age >= e.Lifetime || here.UnixNano() > end+int64(backdated) {
		return nil
	}
	if dead := l.notBefore.Load(); dead > 0 && int64(here.Sub(l.start)-e.Age) < dead {
		return nil
	}
	return e
}
