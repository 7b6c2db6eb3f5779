package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server/internal/sessions"
)

// clock is one that tests move.
type clock struct{ nanoseconds atomic.Int64 }

func (c *clock) now() time.Time               { return time.Unix(1_800_000_000, c.nanoseconds.Load()).UTC() }
func (c *clock) pass(d time.Duration)         { c.nanoseconds.Add(int64(d)) }
func (c *clock) in(d time.Duration) time.Time { return c.now().Add(d) }

// kratos stands in for Kratos, which can't be made to answer just when a test wants it to.
type kratos struct {
	adapters.Unsupported

	asked atomic.Int64
	// whoami answers; it is told which question it is, from 1.
	whoami func(ctx context.Context, x *adapters.Exchange, n int64) (*kratosgrpcv1.Session, error)
}

func (*kratos) API() string                 { return adapters.V1 }
func (*kratos) SessionCookie() string       { return "ory_kratos_session" }
func (*kratos) Ready(context.Context) error { return nil }

func (k *kratos) Whoami(ctx context.Context, x *adapters.Exchange, _ *kratosgrpcv1.WhoamiRequest) (*kratosgrpcv1.WhoamiResponse, error) {
	session, err := k.whoami(ctx, x, k.asked.Add(1))
	if err != nil {
		return nil, err
	}
	x.Answer.IdentityID = session.GetIdentity().GetId()
	return &kratosgrpcv1.WhoamiResponse{Session: session}, nil
}

// sessionOf is the session that a token is for: each token has its own, of one identity.
func sessionOf(c *clock, token string) *kratosgrpcv1.Session {
	return &kratosgrpcv1.Session{
		Id: "session-" + token, Active: new(true), ExpiresAt: timestamppb.New(c.in(time.Hour)),
		Identity: &kratosgrpcv1.Identity{Id: "identity-" + token[:1]},
	}
}

func tokenOf(x *adapters.Exchange) string { return x.Caller.Credential.Token }

func noSession() error {
	return &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION, Message: "no session", HTTPStatus: 401, Upstream: &kratosgrpcv1.UpstreamError{Code: 401}}
}

func newLookup(t testing.TB, c *clock, o sessions.Options) *sessions.Lookup {
	t.Helper()
	o.Now, o.Timeout = c.now, 10*time.Second
	if o.Size == 0 {
		o.Size = 100
	}
	if o.NegativeTTL == 0 {
		o.NegativeTTL = time.Second
	}
	l, err := sessions.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func with(token string) *adapters.Exchange {
	return &adapters.Exchange{Caller: adapters.Caller{Credential: adapters.Credential{Kind: adapters.SessionToken, Token: token}}}
}

func ask(t *testing.T, l *sessions.Lookup, k *kratos, token string) (*kratosgrpcv1.Session, error) {
	t.Helper()
	x := with(token)
	res, err := l.Whoami(k, t.Context(), x, &kratosgrpcv1.WhoamiRequest{})
	if err == nil {
		res, err = sessions.Decoded(res)
	}
	if err == nil && x.Answer.IdentityID != res.GetSession().GetIdentity().GetId() {
		t.Errorf("beside the session of %s stands the identity %q", token, x.Answer.IdentityID)
	}
	return res.GetSession(), err
}

// asked checks how often Kratos was asked.
func (k *kratos) wasAsked(t *testing.T, want int64) {
	t.Helper()
	if got := k.asked.Load(); got != want {
		t.Fatalf("Kratos was asked %d times, want %d", got, want)
	}
}

// TestStampede: all who ask at the same time share one question, with and without a cache.
func TestStampede(t *testing.T) {
	t.Parallel()
	for _, ttl := range []time.Duration{0, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			c := new(clock)
			release := make(chan struct{})
			k := &kratos{whoami: func(_ context.Context, x *adapters.Exchange, _ int64) (*kratosgrpcv1.Session, error) {
				<-release
				return sessionOf(c, tokenOf(x)), nil
			}}
			l := newLookup(t, c, sessions.Options{TTL: ttl})
			const callers = 10_000
			var done sync.WaitGroup
			seen := make([]*kratosgrpcv1.Session, callers)
			for i := range callers {
				done.Go(func() { seen[i], _ = ask(t, l, k, "a") })
			}
			// Until all of them wait.
			synctest.Wait()
			close(release)
			done.Wait()
			k.wasAsked(t, 1)
			distinct := map[*kratosgrpcv1.Session]bool{}
			for _, session := range seen {
				if session.GetId() != "session-a" || distinct[session] {
					t.Fatal("a caller has no session, or that of another caller")
				}
				distinct[session] = true
			}
		})
	}
}

// TestHungQuestion: a question that Kratos does not answer is nobody's fault who asks a while later.
func TestHungQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := new(clock)
		release := make(chan struct{})
		k := &kratos{whoami: func(_ context.Context, x *adapters.Exchange, n int64) (*kratosgrpcv1.Session, error) {
			if n == 1 {
				<-release
			}
			return sessionOf(c, tokenOf(x)), nil
		}}
		l := newLookup(t, c, sessions.Options{})
		var first sync.WaitGroup
		first.Go(func() { _, _ = ask(t, l, k, "a") })
		time.Sleep(3 * time.Second)
		if s, err := ask(t, l, k, "a"); err != nil || s.GetId() != "session-a" {
			t.Errorf("got %v, %v", s, err)
		}
		k.wasAsked(t, 2)
		close(release)
		first.Wait()
	})
}

// TestLateForTheAnswer: who finds nothing kept, and the question answered a moment later, is told the same.
func TestLateForTheAnswer(t *testing.T) {
	t.Parallel()
	c := new(clock)
	k := &kratos{whoami: func(_ context.Context, x *adapters.Exchange, _ int64) (*kratosgrpcv1.Session, error) {
		return sessionOf(c, tokenOf(x)), nil
	}}
	l := newLookup(t, c, sessions.Options{TTL: time.Minute})
	var asking sync.WaitGroup
	for range 2_000 {
		asking.Go(func() {
			if s, err := ask(t, l, k, "a"); err != nil || s.GetId() != "session-a" {
				t.Errorf("got %v, %v", s, err)
			}
		})
	}
	asking.Wait()
	k.wasAsked(t, 1)
}

// TestFirstCallerGivesUp: the question outlives who asked it first, and each waits no longer than it wants to.
func TestFirstCallerGivesUp(t *testing.T) {
	t.Parallel()
	c := new(clock)
	asked, release := make(chan struct{}), make(chan struct{})
	k := &kratos{whoami: func(ctx context.Context, x *adapters.Exchange, _ int64) (*kratosgrpcv1.Session, error) {
		close(asked)
		<-release
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return sessionOf(c, tokenOf(x)), nil
	}}
	l := newLookup(t, c, sessions.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := l.Whoami(k, ctx, with("a"), &kratosgrpcv1.WhoamiRequest{})
		first <- err
	}()
	<-asked
	second := make(chan error, 1)
	go func() {
		_, err := ask(t, l, k, "a")
		second <- err
	}()
	short, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	_, err := l.Whoami(k, short, with("a"), &kratosgrpcv1.WhoamiRequest{})
	if e := new(adapters.Error); !errors.As(err, &e) || e.Reason != kratosgrpcv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED {
		t.Errorf("who has no more time gets %v", err)
	}
	cancel()
	if e := new(adapters.Error); !errors.As(<-first, &e) || e.Reason != kratosgrpcv1.ErrorReason_ERROR_REASON_CANCELLED {
		t.Errorf("who gives up gets %v", e)
	}
	close(release)
	if err := <-second; err != nil {
		t.Errorf("who goes on waiting gets %v", err)
	}
	k.wasAsked(t, 1)
}

// TestLifetime: an answer is good for the shortest of three times.
func TestLifetime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		ttl      time.Duration
		cacheFor *time.Duration
		expires  time.Duration
		good     time.Duration
	}{
		{"configured", time.Minute, nil, time.Hour, time.Minute},
		{"allowed by Kratos", time.Minute, new(10 * time.Second), time.Hour, 10 * time.Second},
		{"not allowed by Kratos", time.Minute, new(time.Duration(0)), time.Hour, 0},
		{"allowed for longer", time.Minute, new(time.Hour), time.Hour, time.Minute},
		{"session ends", time.Minute, nil, 5 * time.Second, 5 * time.Second},
		{"session has ended", time.Minute, nil, -time.Second, 0},
		{"no cache", 0, nil, time.Hour, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			clock := new(clock)
			k := &kratos{whoami: func(_ context.Context, x *adapters.Exchange, _ int64) (*kratosgrpcv1.Session, error) {
				x.Answer.CacheFor = c.cacheFor
				s := sessionOf(clock, tokenOf(x))
				s.ExpiresAt = timestamppb.New(clock.in(c.expires))
				return s, nil
			}}
			l := newLookup(t, clock, sessions.Options{TTL: c.ttl})
			want := int64(1)
			_, _ = ask(t, l, k, "a")
			if c.good > 0 {
				clock.pass(c.good - time.Nanosecond)
				_, _ = ask(t, l, k, "a")
				k.wasAsked(t, want)
				clock.pass(time.Nanosecond)
			}
			_, _ = ask(t, l, k, "a")
			k.wasAsked(t, want+1)
		})
	}
}

// TestWhatIsNotKept: only what Kratos has said for good is kept.
func TestWhatIsNotKept(t *testing.T) {
	t.Parallel()
	reason := func(r kratosgrpcv1.ErrorReason, status int) error {
		return &adapters.Error{Reason: r, Message: "m", HTTPStatus: status}
	}
	for name, answer := range map[string]func(x *adapters.Exchange, s *kratosgrpcv1.Session) error{
		"an outage": func(*adapters.Exchange, *kratosgrpcv1.Session) error {
			return reason(kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE, 500)
		},
		"too slow": func(*adapters.Exchange, *kratosgrpcv1.Session) error {
			return reason(kratosgrpcv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED, 0)
		},
		"too many": func(*adapters.Exchange, *kratosgrpcv1.Session) error {
			return reason(kratosgrpcv1.ErrorReason_ERROR_REASON_RATE_LIMITED, 429)
		},
		"one factor": func(*adapters.Exchange, *kratosgrpcv1.Session) error {
			return reason(kratosgrpcv1.ErrorReason_ERROR_REASON_HIGHER_AAL_REQUIRED, 403)
		},
		"no session, by nobody": func(*adapters.Exchange, *kratosgrpcv1.Session) error {
			return reason(kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION, 0)
		},
		"a fault": func(*adapters.Exchange, *kratosgrpcv1.Session) error { return errors.New("a fault") },
		"a panic": func(*adapters.Exchange, *kratosgrpcv1.Session) error { panic("a secret") },
		"a cookie": func(x *adapters.Exchange, _ *kratosgrpcv1.Session) error {
			x.Answer.SetCookies = []string{"ory_kratos_session=a"}
			return nil
		},
		"an inactive session": func(_ *adapters.Exchange, s *kratosgrpcv1.Session) error { s.Active = new(false); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := new(clock)
			k := &kratos{whoami: func(_ context.Context, x *adapters.Exchange, _ int64) (*kratosgrpcv1.Session, error) {
				s := sessionOf(c, tokenOf(x))
				return s, answer(x, s)
			}}
			l := newLookup(t, c, sessions.Options{TTL: time.Minute})
			for range 2 {
				if _, err := ask(t, l, k, "a"); err != nil && strings.Contains(err.Error(), "secret") {
					t.Errorf("the error says what was in the panic: %v", err)
				}
			}
			k.wasAsked(t, 2)
		})
	}
}

// TestNoSuchSession: that is kept for a short time, and no number of made-up tokens pushes out a session.
func TestNoSuchSession(t *testing.T) {
	t.Parallel()
	c := new(clock)
	k := &kratos{whoami: func(_ context.Context, x *adapters.Exchange, _ int64) (*kratosgrpcv1.Session, error) {
		if tokenOf(x) == "good" {
			return sessionOf(c, "good"), nil
		}
		return nil, noSession()
	}}
	l := newLookup(t, c, sessions.Options{TTL: time.Minute, Size: 16})
	_, _ = ask(t, l, k, "good")
	for range 2 {
		_, err := ask(t, l, k, "bad")
		e := new(adapters.Error)
		if !errors.As(err, &e) || e.HTTPStatus != 401 {
			t.Fatalf("got %v", err)
		}
		// Whoever gets an error may change it.
		e.Upstream.Reason, e.RedirectTo = "changed", "changed"
	}
	k.wasAsked(t, 2)
	_, err := ask(t, l, k, "bad")
	if e := new(adapters.Error); !errors.As(err, &e) || e.Upstream.GetReason() != "" || e.RedirectTo != "" {
		t.Errorf("one caller's error is another's: %v", e)
	}
	c.pass(time.Second)
	_, _ = ask(t, l, k, "bad")
	k.wasAsked(t, 3)
	for i := range 1000 {
		_, _ = ask(t, l, k, fmt.Sprintf("made-up-%d", i))
	}
	before := k.asked.Load()
	_, _ = ask(t, l, k, "good")
	k.wasAsked(t, before)
}

// TestStaleness: who wants to know what is true now is told that.
func TestStaleness(t *testing.T) {
	t.Parallel()
	c := new(clock)
	k := &kratos{whoami: func(_ context.Context, x *adapters.Exchange, _ int64) (*kratosgrpcv1.Session, error) {
		return sessionOf(c, tokenOf(x)), nil
	}}
	l := newLookup(t, c, sessions.Options{TTL: time.Minute})
	_, _ = ask(t, l, k, "a")
	c.pass(10 * time.Second)
	for _, s := range []struct {
		max   *durationpb.Duration
		asked int64
	}{
		{nil, 1},
		{durationpb.New(10 * time.Second), 1},
		{durationpb.New(9 * time.Second), 2},
		{durationpb.New(0), 3},
	} {
		if _, err := l.Whoami(k, t.Context(), with("a"), &kratosgrpcv1.WhoamiRequest{MaxStaleness: s.max}); err != nil {
			t.Fatal(err)
		}
		k.wasAsked(t, s.asked)
	}
	if _, err := l.Whoami(k, t.Context(), with("a"), &kratosgrpcv1.WhoamiRequest{TokenizeAs: "jwt"}); err != nil {
		t.Fatal(err)
	}
	k.wasAsked(t, 4)
}

// TestCredentialsAreApart: a token is not a cookie, nor a token that is sent otherwise; of cookies the session's counts.
func TestCredentialsAreApart(t *testing.T) {
	t.Parallel()
	c := new(clock)
	k := &kratos{whoami: func(context.Context, *adapters.Exchange, int64) (*kratosgrpcv1.Session, error) {
		return sessionOf(c, "a"), nil
	}}
	l := newLookup(t, c, sessions.Options{TTL: time.Minute})
	cookies := func(line string) *adapters.Exchange {
		return &adapters.Exchange{Caller: adapters.Caller{Cookies: []string{line}}}
	}
	bearer := with("a")
	bearer.Caller.Credential.Kind = adapters.BearerToken
	for i, x := range []struct {
		x     *adapters.Exchange
		asked int64
	}{
		{with("a"), 1},
		{bearer, 2},
		{cookies("ory_kratos_session=a"), 3},
		{cookies("theme=dark; ory_kratos_session=a; csrf_token=b"), 3},
		{cookies("ory_kratos_session=b"), 4},
		// Without a credential everybody is somebody else.
		{cookies("theme=dark"), 5},
		{cookies("theme=dark"), 6},
		{new(adapters.Exchange), 7},
		{with("a"), 7},
	} {
		if _, err := l.Whoami(k, t.Context(), x.x, &kratosgrpcv1.WhoamiRequest{}); err != nil {
			t.Fatal(err)
		}
		if got := k.asked.Load(); got != x.asked {
			t.Fatalf("%d: Kratos was asked %d times, want %d", i, got, x.asked)
		}
	}
}

// BenchmarkKnown is the hot path: a credential that is known.
func BenchmarkKnown(b *testing.B) {
	c := new(clock)
	k := &kratos{whoami: func(_ context.Context, x *adapters.Exchange, _ int64) (*kratosgrpcv1.Session, error) {
		return sessionOf(c, tokenOf(x)), nil
	}}
	l, err := sessions.New(sessions.Options{TTL: time.Hour, NegativeTTL: time.Second, Size: 1000, Timeout: time.Second, Now: c.now})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Whoami(k, b.Context(), with("ory_st_0123456789abcdefghijklmnopqrstuv"), &kratosgrpcv1.WhoamiRequest{}); err != nil {
			b.Fatal(err)
		}
	}
}
