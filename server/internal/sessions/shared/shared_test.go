package shared

import (
	"fmt"
	"log/slog"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/server/internal/redistest"
)

// clock is one that tests move.
type clock struct{ nanoseconds atomic.Int64 }

func (c *clock) now() time.Time       { return time.Unix(1_800_000_000, c.nanoseconds.Load()) }
func (c *clock) pass(d time.Duration) { c.nanoseconds.Add(int64(d)) }

// newLevel makes a level that does not run, and trusts what it is told.
func newLevel(t *testing.T, r *redistest.Redis, change ...func(*Options)) *Level {
	t.Helper()
	o := Options{
		URL: r.URL, Secret: []byte("a secret that all replicas share"), TTL: time.Hour, Timeout: 10 * time.Second,
		Logger: slog.New(slog.DiscardHandler), Now: new(clock).now,
		Gap: func() uint64 { return 0 }, Changed: func(Change) {},
	}
	for _, f := range change {
		f(&o)
	}
	l, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	l.until.Store(math.MaxInt64)
	return l
}

// keep keeps an entry as if Kratos had been asked, and says whether it is found then.
func keep(t *testing.T, l *Level, k Key, e Entry) {
	t.Helper()
	found, ticket := l.Find(t.Context(), k)
	if found != nil || ticket.generation == "" {
		t.Fatalf("there is %v already, under %q", found, ticket.generation)
	}
	l.Keep(t.Context(), ticket, k, e)
	if found, _ := l.Find(t.Context(), k); found == nil || string(found.Encoded) != string(e.Encoded) {
		t.Fatalf("kept was %v, and %v is found", e, found)
	}
}

// gone checks that there is nothing to be found, though Redis works.
func gone(t *testing.T, l *Level, k Key, why string) {
	t.Helper()
	if found, _ := l.Find(t.Context(), k); found != nil {
		t.Errorf("%s: there is %v", why, found)
	}
	if l.broken.Load() {
		t.Errorf("%s: Redis does not work", why)
	}
}

var (
	keyA, keyB     = Key{1}, Key{2}
	entryA, entryB = Entry{SessionID: "session-a", IdentityID: "identity-a", Encoded: []byte("answer a"), Lifetime: time.Minute},
		Entry{SessionID: "session-b", IdentityID: "identity-a", Encoded: []byte("answer b"), Lifetime: time.Minute}
)

// TestOnlyInItsPlace: what is in Redis counts only where a replica with the same secret and the same scope has put it.
func TestOnlyInItsPlace(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	l := newLevel(t, r)
	keep(t, l, keyA, entryA)
	keep(t, l, keyB, entryB)
	value := func(k Key) string { return r.Client.Get(t.Context(), l.entryName(k)).Val() }
	a, b := value(keyA), value(keyB)
	put := func(k Key, v string) {
		if err := r.Client.Set(t.Context(), l.entryName(k), v, time.Minute).Err(); err != nil {
			t.Fatal(err)
		}
	}
	put(keyB, a)
	gone(t, l, keyB, "another's answer")
	head := 40 + headSize + 2*versionBytes
	put(keyB, b[:head]+a[head:])
	gone(t, l, keyB, "another's answer behind the own names")
	// An answer that names another session is not found out by the end of its own.
	put(keyA, b[:head]+a[head:])
	gone(t, l, keyA, "the names of another session")
	for at := range len(a) {
		put(keyA, a[:at]+string(a[at]^1)+a[at+1:])
		gone(t, l, keyA, fmt.Sprintf("another byte %d", at))
	}
	for _, size := range []int{0, 1, 40, 41, head - 1, head, head + 1, len(a) - 1} {
		put(keyA, a[:size])
		gone(t, l, keyA, fmt.Sprintf("%d bytes", size))
	}
	put(keyA, a)
	if found, _ := l.Find(t.Context(), keyA); found == nil {
		t.Fatal("it is not found where it was")
	}
	gone(t, newLevel(t, r, func(o *Options) { o.Scope = "another" }), keyA, "another scope")

	other := newLevel(t, r, func(o *Options) { o.Secret = []byte("another secret, of another Kratos") })
	gone(t, other, keyA, "another secret")
	other.sealer.prefix, other.sealer.naming = l.sealer.prefix, l.sealer.naming
	gone(t, other, keyA, "another secret, and the same names")
}

// TestChanged: after a change, nothing from before is found, nor kept.
func TestChanged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change Change
		b      bool
	}{
		"credential": {Change{Keys: []Key{keyA}}, false},
		"session":    {Change{IDs: []string{"", "session-a"}}, false},
		"identity":   {Change{IDs: []string{"identity-a"}}, true},
	} {
		r := redistest.Start(t)
		l, other := newLevel(t, r), newLevel(t, r)
		keep(t, l, keyA, entryA)
		keep(t, l, keyB, entryB)
		_, before := l.Find(t.Context(), Key{3})
		other.Tell(t.Context(), c.change)
		gone(t, l, keyA, name)
		if found, _ := l.Find(t.Context(), keyB); found == nil != c.b {
			t.Errorf("%s: of another session is found %v", name, found)
		}
		l.Keep(t.Context(), before, keyA, entryA)
		gone(t, l, keyA, name+", kept too late")
		// What is asked for afterwards is kept, and brings nothing else back.
		_, after := l.Find(t.Context(), keyA)
		l.Keep(t.Context(), after, keyA, entryA)
		if found, _ := l.Find(t.Context(), keyA); found == nil {
			t.Errorf("%s: nothing is kept any more", name)
		}
		if found, _ := l.Find(t.Context(), keyB); found == nil != c.b {
			t.Errorf("%s: then of another session is found %v", name, found)
		}
	}
}

// TestForgetfulRedis: a Redis that loses some of what it had, or has it again as it was before, is never wrong.
func TestForgetfulRedis(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	l := newLevel(t, r)
	keep(t, l, keyA, entryA)
	all := r.Client.Keys(t.Context(), "*").Val()
	if len(all) != 4 {
		t.Fatalf("there are %v", all)
	}
	for _, lost := range all {
		_, ticket := l.Find(t.Context(), Key{3})
		dump := r.Client.Dump(t.Context(), lost).Val()
		r.Client.Del(t.Context(), lost)
		found, _ := l.Find(t.Context(), keyA)
		if lost == l.generationName() {
			// It is for what will be kept: without it, nothing is that was asked for before.
			l.Keep(t.Context(), ticket, keyB, entryB)
			gone(t, l, keyB, "without the generation that it was asked for in")
			if found == nil {
				t.Error("without a generation nothing is found")
			}
			continue
		}
		if found != nil {
			t.Errorf("without %s there is %v", lost, found)
		}
		if err := r.Client.RestoreReplace(t.Context(), lost, time.Minute, dump).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if found, _ := l.Find(t.Context(), keyA); found == nil {
		t.Fatal("nothing is found with all that there was")
	}

	// A snapshot from before a change.
	_, before := l.Find(t.Context(), keyB)
	if err := r.Client.Save(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	l.Tell(t.Context(), Change{Keys: []Key{keyA}, IDs: []string{"session-a"}})
	r.Kill()
	r.Start()
	if n := r.Client.Exists(t.Context(), l.entryName(keyA), l.generationName()).Val(); n != 2 {
		t.Fatalf("%d of what was in the snapshot is there", n)
	}
	l.Keep(t.Context(), before, keyB, entryB)
	gone(t, l, keyB, "asked for before the restart")
	gone(t, l, keyA, "a snapshot")

	// One that takes over from another.
	keep(t, l, keyA, entryA)
	r.Client.ReplicaOf(t.Context(), "127.0.0.1", "1")
	if found, _ := l.Find(t.Context(), keyA); found != nil || !l.broken.Load() {
		t.Errorf("what is no master says %v", found)
	}
	r.Client.ReplicaOf(t.Context(), "NO", "ONE")
	l.broken.Store(false)
	gone(t, l, keyA, "a master that was none")
}

// TestFullRedis: a Redis that is full keeps no more, and knows of changes.
func TestFullRedis(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	l := newLevel(t, r)
	keep(t, l, keyA, entryA)
	r.Client.ConfigSet(t.Context(), "maxmemory", "1")
	l.Tell(t.Context(), Change{IDs: []string{"session-a"}})
	if l.owes.Load() {
		t.Error("the change is not told")
	}
	_, ticket := l.Find(t.Context(), keyB)
	l.Keep(t.Context(), ticket, keyB, entryB)
	gone(t, l, keyB, "full")
	r.Client.ConfigSet(t.Context(), "maxmemory", "0")
	gone(t, l, keyA, "changed when it was full")
	keep(t, l, keyB, entryB)
}

// TestAge: an answer's age is measured by Redis's clock, and its lifetime bounded by whoever reads it.
func TestAge(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	l := newLevel(t, r)
	short := entryA
	short.Lifetime = 300 * time.Millisecond
	keep(t, l, keyA, short)
	if lasts := r.Client.PTTL(t.Context(), l.entryName(keyA)).Val(); lasts <= 0 || lasts > short.Lifetime {
		t.Errorf("it lasts for %s in Redis", lasts)
	}
	first, _ := l.Find(t.Context(), keyA)
	time.Sleep(10 * time.Millisecond)
	second, _ := l.Find(t.Context(), keyA)
	if first == nil || second == nil || second.Age-first.Age < 10*time.Millisecond || second.Lifetime != short.Lifetime {
		t.Errorf("first it is %v, then %v", first, second)
	}
	// One that was asked for so long ago that there is no lifetime left is not kept.
	_, ticket := l.Find(t.Context(), keyB)
	ticket.at -= (2 * time.Minute).Microseconds()
	l.Keep(t.Context(), ticket, keyB, entryB)
	gone(t, l, keyB, "asked for long ago")

	keep(t, l, keyB, entryB)
	impatient := newLevel(t, r, func(o *Options) { o.TTL = time.Nanosecond })
	gone(t, impatient, keyB, "a shorter TTL")
	// Clocks may differ; but nothing lasts for ever because they do.
	for differs, want := range map[time.Duration]bool{-time.Hour: true, time.Minute: true, entryB.Lifetime + backdated + time.Second: false} {
		c := new(clock)
		c.pass(differs)
		if found, _ := newLevel(t, r, func(o *Options) { o.Now = c.now }).Find(t.Context(), keyB); (found != nil) != want {
			t.Errorf("by a clock that differs by %s, found is %v", differs, found)
		}
	}
}

// TestTrust: memory is trusted as long as all are heard of, and not longer.
func TestTrust(t *testing.T) {
	t.Parallel()
	c := new(clock)
	r := redistest.Start(t)
	var epoch uint64 = 6
	l := newLevel(t, r, func(o *Options) { o.Now = c.now; o.Gap = func() uint64 { epoch++; return epoch } })
	trusts := func(want bool, epoch uint64, when string) {
		t.Helper()
		if l.Trusts(epoch, c.now()) != want {
			t.Errorf("%s: the epoch %d is trusted: %t", when, epoch, !want)
		}
	}
	own := func() {
		l.mu.Lock()
		l.beat++
		l.sent[l.beat] = c.now()
		l.mu.Unlock()
	}
	heard := func() { l.take(message{Kind: kindBeat, From: l.self, Beat: l.beat}) }
	const step = 100 * time.Millisecond
	keep(t, newLevel(t, r), keyA, entryA)

	l.begin()
	l.end()
	trusts(false, 9, "at first")
	own()
	c.pass(step)
	heard()
	trusts(true, 7, "after a beat")
	trusts(false, 6, "after a beat")
	c.pass(defaultLease - step - 1)
	trusts(true, 7, "within the lease")
	c.pass(1)
	trusts(false, 7, "after the lease")
	heard()
	trusts(false, 7, "after a beat that was heard twice")
	own()
	heard()
	trusts(true, 7, "after another beat")

	l.take(message{Kind: kindBeat, From: "peer", Beat: 1})
	trusts(true, 7, "with another replica")
	var said uint64 = 1
	for range 20 {
		c.pass(step)
		own()
		heard()
		said++
		l.take(message{Kind: kindBeat, From: "peer", Beat: said})
	}
	trusts(true, 7, "with another replica that goes on")
	for range 8 {
		c.pass(step)
		own()
		heard()
		l.take(message{Kind: kindBeat, From: "peer", Beat: said})
	}
	trusts(false, 7, "with one that says nothing new")
	l.take(message{Kind: kindBye, From: "peer"})
	own()
	heard()
	trusts(true, 7, "after its goodbye")

	l.take(message{Kind: kindBeat, From: "peer", Beat: said + 1})
	for range int(defaultGone/step) - 1 {
		c.pass(step)
		own()
		heard()
	}
	trusts(false, 7, "as it was heard of not long ago")
	c.pass(2 * step)
	own()
	heard()
	trusts(true, 8, "as it must be dead")
	trusts(false, 7, "as it may have been killed before it could tell")
	if found, _ := newLevel(t, r).Find(t.Context(), keyA); found == nil {
		t.Error("a replica that knows nothing of it finds nothing")
	}
	gone(t, l, keyA, "from before somebody was taken for dead")
	c.pass(step)
	keep(t, l, keyB, entryB)
	// What has waited to be read counts from when it must have been published.
	l.take(message{Kind: kindBeat, From: "late", Beat: 1})
	c.pass(10 * time.Second)
	l.take(message{Kind: kindBeat, From: "late", Beat: 2})
	own()
	heard()
	trusts(false, 8, "after a beat of another that was read late")
	l.end()
	trusts(false, 8, "at the end")
}

// TestLateBeat: a beat that comes late to Redis is not published, and the next one is on time.
func TestLateBeat(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	l := newLevel(t, r)
	subscription := r.Client.Subscribe(t.Context(), l.everyone())
	defer func() { _ = subscription.Close() }()
	if _, err := subscription.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	if late, err := l.tryBeat(t.Context()); err != nil || !late {
		t.Fatalf("a beat of which nobody knows how old it is: %t, %v", late, err)
	}
	if late, err := l.tryBeat(t.Context()); err != nil || late {
		t.Fatalf("the next beat: %t, %v", late, err)
	}
	got, err := subscription.ReceiveMessage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if m, ok := l.read(got.Payload, got.Channel); !ok || m.Beat != 2 {
		t.Errorf("the first that is heard is %v", m)
	}
	if _, ok := l.read(got.Payload, l.to(l.self)); ok {
		t.Error("it can be read on another channel")
	}
}

// TestToldLater: what can't be told is told as soon as Redis is back, and until then this replica sends no beat and does not
// believe Redis.
func TestToldLater(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	changes := make(chan Change, 100)
	heard := newLevel(t, r, func(o *Options) { o.Changed = func(c Change) { changes <- c } })
	run(t, heard)
	l := newLevel(t, r)
	r.Kill()
	const many = 3 * atOnce / 2
	for i := range many {
		l.Tell(t.Context(), Change{Keys: []Key{{byte(i), byte(i >> 8), 1}}, IDs: []string{fmt.Sprintf("session-%d", i)}})
	}
	if !l.owes.Load() || l.usable() {
		t.Error("it believes Redis, which knows less")
	}
	if err := l.sendBeat(t.Context()); err == nil {
		t.Error("it sends a beat")
	}
	r.Start()
	l.broken.Store(false)
	if l.usable() {
		t.Error("it believes Redis, which still knows less")
	}
	keys, ids := map[Key]bool{}, map[string]bool{}
	for deadline := time.Now().Add(30 * time.Second); len(ids) < many; {
		// As often as it takes the other one to be there.
		for i := range many {
			l.later(Change{Keys: []Key{{byte(i), byte(i >> 8), 1}}, IDs: []string{fmt.Sprintf("session-%d", i)}})
		}
		if err := l.sendBeat(t.Context()); err != nil && time.Now().After(deadline) {
			t.Fatal(err)
		}
		for more := true; more; {
			select {
			case c := <-changes:
				for _, k := range c.Keys {
					keys[k] = true
				}
				for _, id := range c.IDs {
					ids[id] = true
				}
			case <-time.After(50 * time.Millisecond):
				more = false
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d are told", len(ids))
		}
	}
	if len(keys) != many || l.owes.Load() {
		t.Errorf("%d credentials are told, and more is owed: %t", len(keys), l.owes.Load())
	}
}
