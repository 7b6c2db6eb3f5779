package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server/internal/redistest"
	"github.com/kratosgrpc/kratosgrpc/server/internal/sessions"
	"github.com/kratosgrpc/kratosgrpc/server/internal/sessions/shared"
)

// patient are options with which a slow machine is not taken for a dead Redis.
func patient(r *redistest.Redis) *sessions.Redis {
	return &sessions.Redis{URL: r.URL, Logger: slog.New(slog.DiscardHandler), Lease: time.Minute, Beat: 10 * time.Millisecond, Timeout: 10 * time.Second}
}

// startReplica starts a lookup that shares a Redis with others.
func startReplica(t *testing.T, c *clock, o sessions.Options) *sessions.Lookup {
	t.Helper()
	if o.TTL == 0 {
		o.TTL = time.Hour
	}
	if o.Key == nil {
		o.Key = []byte("a secret that all replicas share")
	}
	l := newLookup(t, c, o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.Run(ctx)
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return l
}

func startReplicas(t *testing.T, c *clock, o sessions.Options) []*sessions.Lookup {
	t.Helper()
	var all []*sessions.Lookup
	for range 3 {
		all = append(all, startReplica(t, c, o))
	}
	inTouch(t, c, all)
	return all
}

// eventually waits until something is as it should be.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !happened(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not %s", what)
		}
	}
}

var probes atomic.Int64

// inTouch waits until what one replica is told is known to all, and what is changed at one as well.
func inTouch(t *testing.T, c *clock, all []*sessions.Lookup) {
	t.Helper()
	k := &kratos{whoami: func(_ context.Context, x *adapters.Exchange, _ int64) (*kratosgrpcv1.Session, error) {
		return sessionOf(c, tokenOf(x)), nil
	}}
	rounds := 0
	eventually(t, "in touch", func() bool {
		for i, l := range all {
			token := fmt.Sprintf("probe-%d", probes.Add(1))
			for _, want := range []int64{1, 2} {
				_, _ = ask(t, l, k, token)
				for _, other := range all {
					_, _ = ask(t, other, k, token)
				}
				if k.asked.Load() != want {
					k.asked.Store(0)
					rounds = 0
					return false
				}
				all[(i+1)%len(all)].Changed(t.Context(), k, new(adapters.Caller), &kratosgrpcv1.RevokeSessionRequest{SessionToken: token}, nil)
			}
			k.asked.Store(0)
		}
		rounds++
		return rounds == 3
	})
}

// always answers for every token.
func always(c *clock) *kratos {
	return &kratos{whoami: func(_ context.Context, x *adapters.Exchange, _ int64) (*kratosgrpcv1.Session, error) {
		return sessionOf(c, tokenOf(x)), nil
	}}
}

// TestReplicasShare: what one has asked, none asks again, with all that is said of an answer's age.
func TestReplicasShare(t *testing.T) {
	t.Parallel()
	r, c := redistest.Start(t), new(clock)
	all := startReplicas(t, c, sessions.Options{Redis: patient(r)})
	k := always(c)
	for i, l := range all {
		if session, err := ask(t, l, k, "a"); err != nil || session.GetId() != "session-a" {
			t.Fatalf("replica %d answers %v, %v", i, session, err)
		}
	}
	k.wasAsked(t, 1)

	// An answer that is good for one replica may be too old for whoever asks another one.
	time.Sleep(20 * time.Millisecond)
	fresh := startReplica(t, c, sessions.Options{Redis: patient(r)})
	inTouch(t, c, append(slices.Clone(all), fresh))
	short := &kratosgrpcv1.WhoamiRequest{MaxStaleness: durationpb.New(10 * time.Millisecond)}
	if _, err := fresh.Whoami(k, t.Context(), with("a"), short); err != nil {
		t.Fatal(err)
	}
	k.wasAsked(t, 2)

	// Kratos's own limit is one for all.
	limited := always(c)
	answer := limited.whoami
	limited.whoami = func(ctx context.Context, x *adapters.Exchange, n int64) (*kratosgrpcv1.Session, error) {
		x.Answer.CacheFor = new(200 * time.Millisecond)
		return answer(ctx, x, n)
	}
	_, _ = ask(t, all[0], limited, "b")
	eventually(t, "over", func() bool {
		_, _ = ask(t, all[1], limited, "b")
		c.pass(10 * time.Millisecond)
		return limited.asked.Load() > 1
	})

	// Refusals and errors are nobody else's.
	refuses := &kratos{whoami: func(context.Context, *adapters.Exchange, int64) (*kratosgrpcv1.Session, error) {
		return nil, noSession()
	}}
	for _, l := range all {
		_, _ = ask(t, l, refuses, "c")
	}
	refuses.wasAsked(t, 3)
}

// TestReplicasStampede: those who ask one replica at the same time share one question to Redis.
func TestReplicasStampede(t *testing.T) {
	t.Parallel()
	r, c := redistest.Start(t), new(clock)
	options := patient(r)
	options.Beat = time.Hour
	all := []*sessions.Lookup{startReplica(t, c, sessions.Options{Redis: options})}
	inTouch(t, c, all)
	release := make(chan struct{})
	k := always(c)
	answer := k.whoami
	k.whoami = func(ctx context.Context, x *adapters.Exchange, n int64) (*kratosgrpcv1.Session, error) {
		<-release
		return answer(ctx, x, n)
	}
	// A replica alone trusts its memory for a while before it is in touch with Redis.
	eventually(t, "asking Redis", func() bool {
		before := r.Calls("get")
		_, _ = ask(t, all[0], always(c), fmt.Sprintf("probe-%d", probes.Add(1)))
		return r.Calls("get") > before
	})
	before := r.Calls("get")
	var done sync.WaitGroup
	for range 1000 {
		done.Go(func() { _, _ = ask(t, all[0], k, "a") })
	}
	eventually(t, "asked", func() bool { return k.asked.Load() > 0 })
	time.Sleep(50 * time.Millisecond)
	close(release)
	done.Wait()
	k.wasAsked(t, 1)
	// One question reads the generation and the entry; what is kept reads the generation and two versions.
	if calls := r.Calls("get") - before; calls != 5 {
		t.Errorf("Redis was read %d times", calls)
	}
}

// TestReplicasChange: what is changed through one replica shows at the others when that call is over, and nothing else is
// forgotten.
func TestReplicasChange(t *testing.T) {
	t.Parallel()
	r, c := redistest.Start(t), new(clock)
	all := startReplicas(t, c, sessions.Options{Redis: patient(r)})
	success := &kratosgrpcv1.UpdateSettingsFlowResponse{Outcome: &kratosgrpcv1.UpdateSettingsFlowResponse_Success{
		Success: &kratosgrpcv1.SettingsSuccess{Identity: &kratosgrpcv1.Identity{Id: "identity-a"}},
	}}
	for _, test := range []struct {
		name     string
		caller   string
		req, res proto.Message
		gone     []string
	}{
		{"revoke", "", &kratosgrpcv1.RevokeSessionRequest{SessionToken: "a1"}, nil, []string{"a1"}},
		{"native logout", "", &kratosgrpcv1.PerformNativeLogoutRequest{SessionToken: "a1"}, nil, []string{"a1"}},
		{"logout", "a1", &kratosgrpcv1.UpdateLogoutFlowRequest{}, nil, []string{"a1"}},
		{"disable one", "a1", &kratosgrpcv1.DisableMySessionRequest{Id: "session-a2"}, nil, []string{"a1", "a2"}},
		{"disable the others", "a1", &kratosgrpcv1.DisableMyOtherSessionsRequest{}, nil, []string{"a1", "a2"}},
		{"settings", "a1", &kratosgrpcv1.UpdateSettingsFlowRequest{}, success, []string{"a1", "a2"}},
	} {
		// Who is told of the change has never heard of the sessions, or has.
		for _, by := range []int{0, 2} {
			k := always(c)
			tokens := []string{"a1", "a2", "b1"}
			for _, token := range tokens {
				for _, l := range all[:2] {
					_, _ = ask(t, l, k, token)
				}
			}
			all[by].Changed(t.Context(), k, &with(test.caller).Caller, test.req, test.res)
			for _, token := range tokens {
				for i, l := range []*sessions.Lookup{all[1], all[0], all[2]} {
					before := k.asked.Load()
					_, _ = ask(t, l, k, token)
					// The first who asks Kratos again does so for all.
					want := i == 0 && slices.Contains(test.gone, token)
					if asked := k.asked.Load() > before; asked != want {
						t.Errorf("%s by %d: Kratos is asked again for %s by the %d. replica: %t, want %t", test.name, by, token, i+1, asked, want)
					}
				}
			}
			for _, token := range tokens {
				all[0].Changed(t.Context(), k, &with(token).Caller, &kratosgrpcv1.RevokeSessionRequest{SessionToken: token}, nil)
			}
		}
	}
}

// TestReplicasRevokedWhileItIsLookedUp: an answer that is on its way at one replica when the session is revoked through
// another one is kept neither here nor in Redis.
func TestReplicasRevokedWhileItIsLookedUp(t *testing.T) {
	t.Parallel()
	r, c := redistest.Start(t), new(clock)
	all := startReplicas(t, c, sessions.Options{Redis: patient(r)})
	asked, release := make(chan struct{}), make(chan struct{})
	k := &kratos{whoami: func(_ context.Context, x *adapters.Exchange, n int64) (*kratosgrpcv1.Session, error) {
		if n == 1 {
			session := sessionOf(c, tokenOf(x))
			close(asked)
			<-release
			return session, nil
		}
		return nil, noSession()
	}}
	first := make(chan error, 1)
	go func() {
		_, err := ask(t, all[0], k, "a")
		first <- err
	}()
	<-asked
	all[1].Changed(t.Context(), k, new(adapters.Caller), &kratosgrpcv1.RevokeSessionRequest{SessionToken: "a"}, new(kratosgrpcv1.RevokeSessionResponse))
	for i, l := range all {
		if session, err := ask(t, l, k, "a"); err == nil {
			t.Errorf("after it was revoked, %v is still a session for replica %d", session, i)
		}
	}
	close(release)
	if err := <-first; err != nil {
		t.Errorf("who asked before is told %v", err)
	}
	c.pass(2 * time.Second)
	for i, l := range all {
		if session, err := ask(t, l, k, "a"); err == nil {
			t.Errorf("the revoked %v has come back at replica %d", session, i)
		}
	}
}

// TestReplicasWatch: who watches at one replica is told of what changes through another one.
func TestReplicasWatch(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	state := &live{clock: new(clock), level: "aal1"}
	k := state.kratos()
	all := startReplicas(t, state.clock, sessions.Options{Redis: patient(r)})
	events, ended := watch(t.Context(), all[0], k, "a", time.Hour)
	next(t, events)
	state.set("aal2", nil)
	all[1].Changed(t.Context(), k, &with("a").Caller, &kratosgrpcv1.UpdateLoginFlowRequest{}, (*kratosgrpcv1.UpdateLoginFlowResponse)(nil))
	if e := next(t, events); e.Session.GetAuthenticatorAssuranceLevel() != "aal2" {
		t.Errorf("after the change comes %v", e)
	}
	state.set("", noSession())
	all[2].Changed(t.Context(), k, new(adapters.Caller), &kratosgrpcv1.RevokeSessionRequest{SessionToken: "a"}, nil)
	if e := next(t, events); e.Ended != sessions.EndRevoked {
		t.Errorf("after the end comes %v", e)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// world is a Kratos of many sessions, which can be revoked.
type world struct {
	mu    sync.Mutex
	ended map[string]bool
}

func (w *world) has(token string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.ended[token]
}

// TestRedisDiesUnderLoad: sessions are looked up at three replicas and revoked through any of them, while Redis dies and
// comes back, empty or as it was a while ago. No call fails, no valid session is refused, and none is answered that was
// revoked longer ago than the bound.
func TestRedisDiesUnderLoad(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	w := &world{ended: map[string]bool{}}
	k := &kratos{whoami: func(_ context.Context, x *adapters.Exchange, _ int64) (*kratosgrpcv1.Session, error) {
		s := &kratosgrpcv1.Session{Id: "session-" + tokenOf(x), Active: new(true), Identity: &kratosgrpcv1.Identity{Id: "identity-" + tokenOf(x)}}
		found := w.has(tokenOf(x))
		time.Sleep(time.Duration(rand.IntN(3)) * time.Millisecond)
		if !found {
			return nil, noSession()
		}
		return s, nil
	}}
	var all []*sessions.Lookup
	for range 3 {
		all = append(all, startRealTime(t, sessions.Options{
			TTL: time.Hour, NegativeTTL: time.Millisecond, Size: 1000, Timeout: 10 * time.Second, Key: []byte("a secret that all replicas share"),
			Redis: &sessions.Redis{URL: r.URL, Logger: slog.New(slog.DiscardHandler)},
		}))
	}

	ctx, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	// name is that of the session in each place, and revoked when the call was over that revoked it.
	const places = 40
	type session struct {
		token   string
		revoked time.Time
	}
	var mu sync.Mutex
	var number, refused, stale, failed, answered, revocations int
	var old []session
	valid := make([]string, places)
	for i := range valid {
		valid[i] = fmt.Sprintf("token-%d", i)
	}
	number = places
	for range 8 {
		load.Go(func() {
			for ctx.Err() == nil {
				mu.Lock()
				began := time.Now()
				var past *session
				place := rand.IntN(places)
				token := valid[place]
				if len(old) > 0 && rand.IntN(2) == 0 {
					past = &old[max(0, len(old)-1-rand.IntN(400))]
					token = past.token
				}
				mu.Unlock()
				l := all[rand.IntN(len(all))]
				_, err := l.Whoami(k, ctx, with(token), &kratosgrpcv1.WhoamiRequest{})
				if ctx.Err() != nil {
					return
				}
				e := new(adapters.Error)
				is := errors.As(err, &e) && e.Reason == kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION
				mu.Lock()
				answered++
				switch {
				case err != nil && !is:
					failed++
				case err != nil && past == nil && valid[place] == token && w.has(token):
					refused++
				case err == nil && past != nil && began.Sub(past.revoked) > shared.Bound:
					stale++
				}
				mu.Unlock()
				time.Sleep(time.Millisecond)
			}
		})
	}
	load.Go(func() {
		for ctx.Err() == nil {
			mu.Lock()
			place := rand.IntN(places)
			token := valid[place]
			valid[place] = fmt.Sprintf("token-%d", number)
			number++
			mu.Unlock()
			w.mu.Lock()
			w.ended[token] = true
			w.mu.Unlock()
			all[rand.IntN(len(all))].Changed(ctx, k, new(adapters.Caller), &kratosgrpcv1.RevokeSessionRequest{SessionToken: token}, nil)
			mu.Lock()
			old = append(old, session{token, time.Now()})
			revocations++
			mu.Unlock()
			time.Sleep(10 * time.Millisecond)
		}
	})
	pause := func(d time.Duration) { time.Sleep(d) }
	pause(1500 * time.Millisecond)
	_ = r.Client.Save(t.Context()).Err()
	pause(500 * time.Millisecond)
	r.Kill()
	pause(1500 * time.Millisecond)
	r.Start()
	pause(1500 * time.Millisecond)
	_ = r.Client.FlushAll(t.Context()).Err()
	pause(300 * time.Millisecond)
	r.Kill()
	r.Start()
	pause(1500 * time.Millisecond)
	// It hangs, which is worse than to be gone.
	r.Stop()
	pause(1500 * time.Millisecond)
	r.Continue()
	pause(1500 * time.Millisecond)
	stop()
	load.Wait()
	t.Logf("%d answers, %d questions to Kratos, %d revocations", answered, k.asked.Load(), revocations)
	if refused+stale+failed > 0 {
		t.Errorf("%d valid sessions were refused, %d revoked ones answered after the bound, %d calls failed", refused, stale, failed)
	}
	if answered < 1000 || revocations < 50 || k.asked.Load() > int64(answered) {
		t.Error("that was no load")
	}
}

// startRealTime starts a replica by the real clock.
func startRealTime(t *testing.T, o sessions.Options) *sessions.Lookup {
	t.Helper()
	l, err := sessions.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.Run(ctx)
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return l
}
