package server

import (
	"context"

	"github.com/kratosgrpc/kratosgrpc/adapters"
)

// call hands a request to one of the adapter's operations, with what the call's metadata carries, and the answer back.
func call[Req, Res any](ctx context.Context, adapter adapters.Adapter, req Req, operation func(context.Context, *adapters.Exchange, Req) (Res, error)) (res Res, err error) {
	x, err := exchangeFrom(ctx)
	if err != nil {
		return res, statusFrom(ctx, adapter, err)
	}
	res, err = operation(ctx, x, req)
	// Cookies come with errors too: Kratos may set its anti-CSRF cookie on any answer.
	if headerErr := sendAnswer(ctx, &x.Answer); err == nil {
		err = headerErr
	}
	if err != nil {
		var none Res
		return none, statusFrom(ctx, adapter, err)
	}
	return res, nil
}
