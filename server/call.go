package server

import (
	"context"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/server/internal/sessions"
)

// backend is what services hand their calls to.
type backend struct {
	// draining ends when the server stops.
	draining context.Context
	upstream *upstream
	sessions *sessions.Lookup
	rewrite  *rewriter
	proxies  proxies
	// watchFor is how long a stream may last, or 0 for as long as its client likes.
	watchFor time.Duration
}

// call hands a request to one of the adapter's operations, with what the call's metadata carries, and the answer back.
func call[Req, Res proto.Message](ctx context.Context, b *backend, req Req, operation func(adapters.Adapter, context.Context, *adapters.Exchange, Req) (Res, error)) (Res, error) {
	var none Res
	// Once for the whole call: it may become another one meanwhile.
	adapter, err := b.upstream.adapter()
	if err != nil {
		return none, statusFrom(ctx, "", err)
	}
	x, err := exchangeFrom(ctx, b.proxies)
	if err != nil {
		return none, statusFrom(ctx, adapter.API(), err)
	}
	res, err := operation(adapter, ctx, x, req)
	b.upstream.note(err)
	if mayChange(req) {
		b.sessions.Changed(ctx, adapter, &x.Caller, req, res)
	}
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

// mayChange tells whether a call with this request may change a session, or whose it is. A browser's logout begins and ends
// with one call, unlike other flows.
func mayChange(req proto.Message) bool {
	name := string(req.ProtoReflect().Descriptor().Name())
	for _, verb := range []string{"Complete", "Update", "Revoke", "Disable", "Perform", "InitializeBrowserLogout"} {
		if strings.HasPrefix(name, verb) {
			return true
		}
	}
	return false
}
