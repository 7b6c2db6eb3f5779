package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/failsafe-go/failsafe-go"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// care stands between requests and a Kratos that is slow or down: a breaker that stops asking, a gate that bounds how much is
// asked at a time, and a second try where that can do no harm.
type care struct {
	breaker *breaker
	gate    *gate
	retries budget
	// hedges is nil where nothing is asked a second time before the first has ended.
	hedges failsafe.Executor[*Response]
	// send makes a request once; again says that it is the second time.
	send func(ctx context.Context, r *Request, again bool) (*Response, error)
}

func newCare(c adapters.Care, send func(context.Context, *Request, bool) (*Response, error)) *care {
	return &care{breaker: newBreaker(c), gate: newGate(c.MaxConcurrency), hedges: newHedges(c.HedgeAfter), send: send}
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
	if r.Kind == Lookup && c.hedges != nil {
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
