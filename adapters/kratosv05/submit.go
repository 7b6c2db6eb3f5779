package kratosv05

import (
	"context"
	"net/http"
	"net/url"

	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
)

// submit completes a form, and sets the outcome of res, the response message of a completion.
func (a *Adapter) submit(ctx context.Context, x *adapters.Exchange, path, flowID string, form url.Values, res proto.Message) error {
	cookies := x.Caller.CookieHeader(ownCookie)
	answer, err := a.post(ctx, &x.Caller, cookies, path, selfservice.FlowQuery(flowID), form)
	if err != nil {
		return err
	}
	if cookies != "" && refusedForCookies(answer) {
		if answer, err = a.post(ctx, &x.Caller, "", path, selfservice.FlowQuery(flowID), form); err != nil {
			return err
		}
	}
	return setOutcome(x, answer, res)
}

// post sends a form.
func (a *Adapter) post(ctx context.Context, c *adapters.Caller, cookies, path string, query, form url.Values) (*upstream.Response, error) {
	return a.client.Do(ctx, upstream.Request{
		Method:      http.MethodPost,
		Path:        path,
		Query:       query,
		Header:      selfservice.Header(c, cookies, c.Accept),
		ContentType: "application/x-www-form-urlencoded",
		Body:        form.Encode(),
	})
}
