package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// care stands between requests and a Kratos that is slow or down: a breaker that stops asking, a gate that bounds how much is
// asked at a time, and a second try where that can do no harm.
type care struct {
	breaker    *breaker
	gate       *gate
	retries    budget
	hedgeAfter time.Duration
	// send makes a request once; again says that it is the second time.
	send func(ctx context.Context, r *Request, again bool) (*Response, error)
}

func newCare(c adapters.Care, send func(context.Context, *Request, bool) (*Response, error)) *care {
	return &care{breaker: newBreaker(c), gate: newGate(c.MaxConcurrency), hedgeAfter: c.HedgeAfter, send: send}
}

// do makes a request, twice at most.
func (c *care) do(ctx context.Context, r *Request) (*Response, error) {
	done, err := c.breaker.allow()
	if err != nil {
		return nil, err
	}
	said := errNothing
	defer func() { done(said) }()
	begun := time.Now()
	res, err := c.ask(ctx, r)
	said = verdict(res, err, time.Since(begun))
	return res, err
}

func (c *care) ask(ctx context.Context, r *Request) (*Response, error) {
	c.retries.earn()
	if r.Kind == Lookup && c.hedgeAfter > 0 {
		return c.hedged(ctx, r)
	}
	res, err := c.once(ctx, r, false)
	if !c.mayAskAgain(ctx, r, res, err) {
		return res, err
	}
	second, secondErr := c.once(ctx, r, true)
	if errors.Is(secondErr, adapters.ErrNotAsked) {
		return res, err
	}
	return second, secondErr
}

// once makes a request once. The second time is for nothing that would have to wait.
func (c *care) once(ctx context.Context, r *Request, again bool) (*Response, error) {
	if err := c.gate.enter(ctx, !again); err != nil {
		return nil, err
	}
	defer c.gate.leave()
	return c.send(ctx, r, again)
}

func (c *care) mayAskAgain(ctx context.Context, r *Request, res *Response, err error) bool {
	return (r.Kind == Read || r.Kind == Lookup) && unanswered(res, err) && ctx.Err() == nil && c.retries.take()
}

// hedged makes a request, and a second time if there is no answer yet after a while. The first answer counts.
func (c *care) hedged(ctx context.Context, r *Request) (*Response, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		res *Response
		err error
	}
	results := make(chan result, 2)
	ask := func(again bool) {
		defer func() {
			// In a goroutine of its own a panic would end the process.
			if p := recover(); p != nil {
				results <- result{err: fmt.Errorf("a panic with a %T", p)}
			}
		}()
		res, err := c.once(ctx, r, again)
		results <- result{res, err}
	}
	go ask(false)
	late := time.NewTimer(c.hedgeAfter)
	defer late.Stop()
	var worst *result
	for asked, over := 1, 0; ; {
		select {
		case got := <-results:
			over++
			if worst == nil || !errors.Is(got.err, adapters.ErrNotAsked) {
				worst = &got
			}
			settled := !unanswered(got.res, got.err) && !errors.Is(got.err, adapters.ErrNotAsked)
			if settled {
				return got.res, got.err
			}
			if asked == 1 && c.mayAskAgain(ctx, r, got.res, got.err) {
				asked++
				go ask(true)
			}
			if over == asked {
				return worst.res, worst.err
			}
		case <-late.C:
			if asked == 1 && c.retries.take() {
				asked++
				go ask(true)
			}
		}
	}
}

// unanswered says that a request has not come to Kratos, or no answer from there, as far as that can be told.
func unanswered(res *Response, err error) bool {
	if err != nil {
		e, ok := errors.AsType[*adapters.Error](err)
		return ok && e.Reason == kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE && e.HTTPStatus == 0 && !errors.Is(err, adapters.ErrNotAsked)
	}
	switch res.Status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		// Who says how long to wait does not mean at once.
		return res.Header.Get("Retry-After") == "" && !res.hasKratosError()
	case http.StatusRequestTimeout:
		// It is how proxies take leave of a connection that was idle. It was not about this request.
		return !res.hasKratosError()
	}
	return false
}

func (r *Response) hasKratosError() bool {
	_, err := r.upstreamError()
	return err == nil
}

// notAsked is the failure of a request that was not made.
func notAsked(why string) *adapters.Error {
	e := unavailable(0, fmt.Errorf("%w: %s", adapters.ErrNotAsked, why))
	e.RetryAfter = comeBackAfter
	return e
}
