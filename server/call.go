package server

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
)

// backend is what services hand their calls to.
type backend struct {
	upstream *upstream
	rewrite  *rewriter
}

// call hands a request to one of the adapter's operations, with what the call's metadata carries, and the answer back.
func call[Req any, Res proto.Message](ctx context.Context, b *backend, req Req, operation func(adapters.Adapter, context.Context, *adapters.Exchange, Req) (Res, error)) (Res, error) {
	var none Res
	// Once for the whole call: it may become another one meanwhile.
	adapter, err := b.upstream.adapter()
	if err != nil {
		return none, statusFrom(ctx, "", err)
	}
	x, err := exchangeFrom(ctx)
	if err != nil {
		return none, statusFrom(ctx, adapter.API(), err)
	}
	res, err := operation(adapter, ctx, x, req)
	b.upstream.note(err)
	// Cookies come with errors too: Kratos may set its anti-CSRF cookie on any answer.
	b.rewrite.answer(&x.Answer)
	if headerErr := sendAnswer(ctx, &x.Answer); err == nil {
		err = headerErr
	}
	if err != nil {
		b.rewrite.error(err)
		return none, statusFrom(ctx, adapter.API(), err)
	}
	b.rewrite.message(res)
	return res, nil
}
