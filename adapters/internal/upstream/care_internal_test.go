package upstream

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

const (
	kratosBusy   = `{"error":{"code":503,"message":"busy"}}`
	kratosBroken = `{"error":{"code":500,"message":"oh no"}}`
)

func answer(status int, body string, headers ...string) *Response {
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &Response{Status: status, Header: h, Body: []byte(body)}
}

// kratosStub stands in for what a request is sent to.
type kratosStub struct {
	asked atomic.Int64
	// says answers the request of a number, from 1.
	says func(ctx context.Context, n int64) (*Response, error)
}

func (k *kratosStub) care(c adapters.Care) *care {
	return newCare(c, func(ctx context.Context, _ *Request, _ bool) (*Response, error) { return k.says(ctx, k.asked.Add(1)) })
}

func always(res *Response, err error) func(context.Context, int64) (*Response, error) {
	return func(context.Context, int64) (*Response, error) { return res, err }
}

func down() (*Response, error) { return nil, unavailable(0, errUnanswered) }

// TestSecondTry: only what reads is asked again, only where there was no answer, and once.
func TestSecondTry(t *testing.T) {
	t.Parallel()
	noAnswer := unavailable(0, errUnanswered)
	for name, c := range map[string]struct {
		kind  Kind
		res   *Response
		err   error
		asked int64
	}{
		"no answer":                   {Read, nil, noAnswer, 2},
		"no answer for a lookup":      {Lookup, nil, noAnswer, 2},
		"no answer for a change":      {Once, nil, noAnswer, 1},
		"502 of a proxy":              {Read, answer(502, "<html>"), nil, 2},
		"503 of a proxy":              {Read, answer(503, ""), nil, 2},
		"504 of a proxy":              {Read, answer(504, ""), nil, 2},
		"408 of a proxy":              {Read, answer(408, ""), nil, 2},
		"503 of a proxy for a change": {Once, answer(503, ""), nil, 1},
		"503 that says when":          {Read, answer(503, "", "Retry-After", "5"), nil, 1},
		"503 of Kratos":               {Read, answer(503, kratosBusy), nil, 1},
		"500":                         {Read, answer(500, ""), nil, 1},
		"429":                         {Read, answer(429, ""), nil, 1},
		"401":                         {Read, answer(401, ""), nil, 1},
		"200":                         {Read, answer(200, "{}"), nil, 1},
		"too large an answer":         {Read, nil, tooLarge(200), 1},
		"too late":                    {Read, nil, failure(context.Background(), context.DeadlineExceeded), 1},
		"another error":               {Read, nil, errors.New("other"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := &kratosStub{says: always(c.res, c.err)}
			res, err := k.care(adapters.DefaultCare()).do(t.Context(), &Request{Kind: c.kind})
			if res != c.res || !errors.Is(err, c.err) {
				t.Errorf("got %v, %v", res, err)
			}
			if k.asked.Load() != c.asked {
				t.Errorf("Kratos is asked %d times, want %d", k.asked.Load(), c.asked)
			}
		})
	}
}

func TestSecondTryHelps(t *testing.T) {
	t.Parallel()
	fine := answer(200, "{}")
	k := &kratosStub{says: func(_ context.Context, n int64) (*Response, error) {
		if n == 1 {
			return down()
		}
		return fine, nil
	}}
	if res, err := k.care(adapters.DefaultCare()).do(t.Context(), &Request{Kind: Read}); res != fine || err != nil {
		t.Errorf("got %v, %v", res, err)
	}
	// But not for who has gone.
	ctx, cancel := context.WithCancel(t.Context())
	gone := &kratosStub{says: func(context.Context, int64) (*Response, error) {
		cancel()
		return down()
	}}
	_, _ = gone.care(adapters.DefaultCare()).do(ctx, &Request{Kind: Read})
	if gone.asked.Load() != 1 {
		t.Errorf("Kratos is asked %d times for nobody", gone.asked.Load())
	}
}

// TestBudget: a total outage is asked a tenth more, and no more; what succeeds afterwards earns second tries again.
func TestBudget(t *testing.T) {
	t.Parallel()
	const many = 10_000
	k := &kratosStub{says: func(context.Context, int64) (*Response, error) { return down() }}
	c := k.care(adapters.Care{})
	var calls sync.WaitGroup
	for range 10 {
		calls.Go(func() {
			for range many / 10 {
				_, _ = c.do(t.Context(), &Request{Kind: Read})
			}
		})
	}
	calls.Wait()
	if got := k.asked.Load(); got > many+many/budgetShare+budgetFloor || got < many+many/budgetShare-budgetFloor {
		t.Errorf("%d calls are %d requests", many, got)
	}
	k.asked.Store(0)
	k.says = always(answer(200, "{}"), nil)
	for range 1000 {
		_, _ = c.do(t.Context(), &Request{Kind: Read})
	}
	k.asked.Store(0)
	k.says = func(context.Context, int64) (*Response, error) { return down() }
	for range budgetFloor {
		_, _ = c.do(t.Context(), &Request{Kind: Once})
		_, _ = c.do(t.Context(), &Request{Kind: Read})
	}
	if got := k.asked.Load(); got != 3*budgetFloor {
		t.Errorf("%d requests after it was back, want %d", got, 3*budgetFloor)
	}
}

// TestBreaker opens, tries, opens again, tries, and closes.
func TestBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := &kratosStub{says: func(context.Context, int64) (*Response, error) { return down() }}
		var changes []bool
		c := k.care(adapters.Care{Breaker: true, BreakerChanged: func(open bool) { changes = append(changes, open) }})
		ask := func() error {
			_, err := c.do(t.Context(), &Request{Kind: Once})
			return err
		}
		for range breakerAtLeast {
			if err := ask(); err == nil || errors.Is(err, adapters.ErrNotAsked) {
				t.Fatalf("before it is open: %v", err)
			}
		}
		err := ask()
		e, ok := errors.AsType[*adapters.Error](err)
		if !ok || e.Reason != kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE || e.RetryAfter != comeBackAfter || !errors.Is(err, adapters.ErrNotAsked) || e.HTTPStatus != 0 {
			t.Fatalf("open: got %+v", err)
		}
		if k.asked.Load() != breakerAtLeast {
			t.Fatalf("Kratos is asked %d times", k.asked.Load())
		}
		// One finds out that it is still down.
		time.Sleep(comeBackAfter + time.Millisecond)
		if err := ask(); errors.Is(err, adapters.ErrNotAsked) {
			t.Error("nobody finds out")
		}
		if err := ask(); !errors.Is(err, adapters.ErrNotAsked) {
			t.Error("more than one finds out that it is down")
		}
		// And some that it is back: while they ask, nobody else does.
		time.Sleep(comeBackAfter + time.Millisecond)
		release := make(chan struct{})
		k.says = func(context.Context, int64) (*Response, error) {
			<-release
			return answer(401, ""), nil
		}
		before := k.asked.Load()
		var trials sync.WaitGroup
		for range breakerTrials {
			trials.Go(func() {
				if err := ask(); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if err := ask(); !errors.Is(err, adapters.ErrNotAsked) || k.asked.Load() != before+breakerTrials {
			t.Errorf("%d ask whether it is back, and another one is told %v", k.asked.Load()-before, err)
		}
		close(release)
		trials.Wait()
		for range 100 {
			if err := ask(); err != nil {
				t.Fatal(err)
			}
		}
		if len(changes) != 2 || !changes[0] || changes[1] {
			t.Errorf("it is said to have changed %v", changes)
		}
	})
}

// TestBreakerStaysClosed: what is not an outage is none, however often it is said.
func TestBreakerStaysClosed(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]func(context.Context, int64) (*Response, error){
		"4xx":           always(answer(404, "404 page not found"), nil),
		"429":           always(answer(429, ""), nil),
		"500 of Kratos": always(answer(500, kratosBroken), nil),
		"given up":      always(nil, &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_CANCELLED}),
		"in a hurry":    always(nil, failure(context.Background(), context.DeadlineExceeded)),
		"too large":     always(nil, tooLarge(200)),
		"less than half": func(_ context.Context, n int64) (*Response, error) {
			if n%5 < 2 {
				return down()
			}
			return answer(200, "{}"), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := &kratosStub{says: says}
			c := k.care(adapters.DefaultCare())
			for range 10 * breakerAtLeast {
				if _, err := c.do(t.Context(), &Request{Kind: Once}); errors.Is(err, adapters.ErrNotAsked) {
					t.Fatal("it is open")
				}
			}
		})
	}
}

// TestBreakerOpens: for what is an outage.
func TestBreakerOpens(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]func(context.Context, int64) (*Response, error){
		"500 of a proxy": always(answer(500, "<html>"), nil),
		"503 of a proxy": always(answer(503, ""), nil),
		"no time": func(context.Context, int64) (*Response, error) {
			time.Sleep(patience)
			return nil, failure(context.Background(), context.DeadlineExceeded)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := &kratosStub{says: says}
				c := k.care(adapters.DefaultCare())
				var calls sync.WaitGroup
				for range breakerAtLeast {
					calls.Go(func() { _, _ = c.do(t.Context(), &Request{Kind: Once}) })
				}
				calls.Wait()
				if _, err := c.do(t.Context(), &Request{Kind: Once}); !errors.Is(err, adapters.ErrNotAsked) {
					t.Errorf("it is not open: %v", err)
				}
			})
		})
	}
}

// TestBreakerSurvivesAPanic: whoever finds out whether Kratos is back gives its place back, whatever happens.
func TestBreakerSurvivesAPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := &kratosStub{says: func(context.Context, int64) (*Response, error) { return down() }}
		c := k.care(adapters.Care{Breaker: true, MaxConcurrency: 1})
		for range breakerAtLeast {
			_, _ = c.do(t.Context(), &Request{})
		}
		time.Sleep(comeBackAfter + time.Millisecond)
		k.says = func(context.Context, int64) (*Response, error) { panic("oh no") }
		for range 2 * breakerTrials {
			func() {
				defer func() {
					if recover() == nil {
						t.Error("there is no panic")
					}
				}()
				_, _ = c.do(t.Context(), &Request{})
			}()
		}
		k.says = always(answer(200, "{}"), nil)
		if _, err := c.do(t.Context(), &Request{}); err != nil {
			t.Error(err)
		}
	})
}

// TestGate: a Kratos that hangs has so many requests and no more; some wait for a moment, the others are refused at once, and
// afterwards there is place again.
func TestGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const places, callers = 10, 1000
		release := make(chan struct{})
		k := &kratosStub{says: func(context.Context, int64) (*Response, error) {
			<-release
			return answer(200, "{}"), nil
		}}
		c := k.care(adapters.Care{MaxConcurrency: places, Breaker: true})
		begun := time.Now()
		var atOnce, afterAMoment, answered atomic.Int64
		var calls sync.WaitGroup
		for range callers {
			calls.Go(func() {
				_, err := c.do(t.Context(), &Request{Kind: Read})
				e, _ := errors.AsType[*adapters.Error](err)
				switch took := time.Since(begun); {
				case err == nil:
					answered.Add(1)
				case !errors.Is(err, adapters.ErrNotAsked) || e.Reason != kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE || e.RetryAfter <= 0:
					t.Errorf("got %v", err)
				case took == 0:
					atOnce.Add(1)
				case took == gateWait:
					afterAMoment.Add(1)
				default:
					t.Errorf("one waited for %s", took)
				}
			})
		}
		time.Sleep(gateWait + time.Millisecond)
		synctest.Wait()
		if k.asked.Load() != places || afterAMoment.Load() != places*gateQueue || atOnce.Load() != callers-places-places*gateQueue {
			t.Errorf("%d ask, %d are refused after a moment and %d at once", k.asked.Load(), afterAMoment.Load(), atOnce.Load())
		}
		// Who waits and gives up is not told of Kratos.
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(gateWait/2, cancel)
		if _, err := c.do(ctx, &Request{}); errors.Is(err, adapters.ErrNotAsked) || !strings.Contains(err.Error(), "gave up") {
			t.Errorf("who gives up is told %v", err)
		}
		close(release)
		calls.Wait()
		if answered.Load() != places {
			t.Errorf("%d have an answer", answered.Load())
		}
		for range callers {
			if _, err := c.do(t.Context(), &Request{}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestHedge: the faster answer counts, whichever it is, and nobody but a lookup asks twice for it.
func TestHedge(t *testing.T) {
	t.Parallel()
	const after = 50 * time.Millisecond
	slow, fast := answer(200, "slow"), answer(200, "fast")
	takes := func(first, second time.Duration) func(context.Context, int64) (*Response, error) {
		return func(ctx context.Context, n int64) (*Response, error) {
			took, res := first, slow
			if n == 2 {
				took, res = second, fast
			}
			select {
			case <-time.After(took):
				return res, nil
			case <-ctx.Done():
				return nil, failure(ctx, ctx.Err())
			}
		}
	}
	for name, c := range map[string]struct {
		kind  Kind
		says  func(context.Context, int64) (*Response, error)
		res   *Response
		took  time.Duration
		asked int64
	}{
		"in time":              {Lookup, takes(after/2, 0), slow, after / 2, 1},
		"the second is faster": {Lookup, takes(time.Minute, time.Millisecond), fast, after + time.Millisecond, 2},
		"the first is faster":  {Lookup, takes(2*after, time.Minute), slow, 2 * after, 2},
		"the first fails, late": {Lookup, func(_ context.Context, n int64) (*Response, error) {
			time.Sleep(2 * after)
			if n == 1 {
				return down()
			}
			return fast, nil
		}, fast, 3 * after, 2},
		"the first fails at once": {Lookup, func(_ context.Context, n int64) (*Response, error) {
			if n == 1 {
				return down()
			}
			return fast, nil
		}, fast, after, 2},
		"both fail": {Lookup, func(context.Context, int64) (*Response, error) { return down() }, nil, after, 2},
		"a panic":   {Lookup, func(context.Context, int64) (*Response, error) { panic("oh no") }, nil, 0, 1},
		"a read":    {Read, takes(time.Minute, 0), slow, time.Minute, 1},
		"a change":  {Once, takes(time.Minute, 0), slow, time.Minute, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := &kratosStub{says: c.says}
				begun := time.Now()
				res, err := k.care(adapters.Care{HedgeAfter: after}).do(t.Context(), &Request{Kind: c.kind})
				if res != c.res || (err == nil) != (c.res != nil) {
					t.Errorf("got %v, %v", res, err)
				}
				if took := time.Since(begun); took != c.took || k.asked.Load() != c.asked {
					t.Errorf("it took %s and %d requests, want %s and %d", took, k.asked.Load(), c.took, c.asked)
				}
			})
		})
	}
	t.Run("budget", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			k := &kratosStub{says: takes(2*after, 2*after)}
			c := k.care(adapters.Care{HedgeAfter: after})
			const many = 1000
			for range many {
				if _, err := c.do(t.Context(), &Request{Kind: Lookup}); err != nil {
					t.Fatal(err)
				}
			}
			if got := k.asked.Load(); got > many+many/budgetShare+budgetFloor {
				t.Errorf("%d lookups of a Kratos that is slow are %d requests", many, got)
			}
		})
	})
}

// BenchmarkCare is what a request costs beside the request, where nothing is wrong.
func BenchmarkCare(b *testing.B) {
	k := &kratosStub{says: always(answer(200, "{}"), nil)}
	c := k.care(adapters.DefaultCare())
	r := &Request{Kind: Lookup}
	b.ReportAllocs()
	for b.Loop() {
		_, _ = c.do(context.Background(), r)
	}
}
