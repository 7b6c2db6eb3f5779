package upstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/hedgepolicy"

	"github.com/kratosgrpc/kratosgrpc/adapters"
)

// newHedges makes what asks a second time after a while, and takes the first answer; or nothing.
func newHedges(after time.Duration) failsafe.Executor[*Response] {
	if after <= 0 {
		return nil
	}
	settles := func(res *Response, err error) bool {
		return !unanswered(res, err) && !errors.Is(err, adapters.ErrNotAsked)
	}
	return failsafe.With(hedgepolicy.NewBuilderWithDelay[*Response](after).CancelIf(settles).Build())
}

// hedged makes a request, and a second time if there is no answer yet after a while. That is the second try, too, of a request
// that has failed before.
func (c *care) hedged(ctx context.Context, r *Request) (*Response, error) {
	var first struct {
		res *Response
		err error
	}
	res, err := c.hedges.WithContext(ctx).GetWithExecution(func(e failsafe.Execution[*Response]) (res *Response, err error) {
		defer func() {
			// In a goroutine of its own a panic would end the process.
			if p := recover(); p != nil {
				err = fmt.Errorf("a panic with a %T", p)
			}
		}()
		if !e.IsHedge() {
			first.res, first.err = c.once(e.Context(), r, false)
			return first.res, first.err
		}
		// The library's own budget counts what is under way only: of who asks one after the other, all could be asked twice.
		if !c.retries.take() {
			return nil, notAsked("too much is asked twice")
		}
		return c.once(e.Context(), r, true)
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, failure(ctx, ctx.Err())
	case errors.Is(err, adapters.ErrNotAsked):
		// It comes last, so there is a first.
		return first.res, first.err
	}
	return res, err
}
