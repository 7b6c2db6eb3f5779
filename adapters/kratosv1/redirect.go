package kratosv1

import (
	"context"
	"net/http"
	"net/url"
	"regexp"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// navigate is get for operations that send a browser on.
func (a *Adapter) navigate(ctx context.Context, x *adapters.Exchange, path string, query url.Values) (*kratosgrpcv1.Redirect, error) {
	res, err := a.get(ctx, x, browserClient, wantHTML, path, query)
	if err != nil {
		return nil, err
	}
	if !selfservice.IsRedirect(res) {
		return nil, refusal(res)
	}
	return a.redirect(ctx, x, res)
}

// start starts a browser's flow. A script that asks for JSON, and says so, is answered the flow in place of the redirect
// to it, and flow is read.
func (a *Adapter) start(ctx context.Context, x *adapters.Exchange, path string, query url.Values, flow flowMessage) (to *kratosgrpcv1.Redirect, err error) {
	accept := x.Caller.Accept
	if x.Caller.AcceptUnsaid {
		accept = wantHTML
	}
	res, err := a.get(ctx, x, browserClient, accept, path, query)
	switch {
	case err != nil:
		return nil, err
	case selfservice.IsRedirect(res):
		return a.redirect(ctx, x, res)
	case res.Status == http.StatusOK:
		return nil, decodeFlow(res, flow)
	default:
		return nil, refusal(res)
	}
}

// redirect reads where an answer leads.
func (a *Adapter) redirect(ctx context.Context, x *adapters.Exchange, res *upstream.Response) (*kratosgrpcv1.Redirect, error) {
	to, err := selfservice.Redirect(res)
	if err != nil {
		return nil, err
	}
	return a.withError(ctx, x, to), nil
}

// withError says of a redirect which error it shows. What package selfservice has read is the parameter of Kratos 0.5,
// which here can only be somebody else's. A user interface of 0.5 looks for the error under that name: it is added.
func (a *Adapter) withError(ctx context.Context, x *adapters.Exchange, to *kratosgrpcv1.Redirect) *kratosgrpcv1.Redirect {
	to.ErrorId = a.errorShown(ctx, x, to)
	if u, err := url.Parse(to.GetLocation()); err == nil && to.GetErrorId() != "" && !u.Query().Has("error") {
		u.RawQuery += "&" + url.Values{"error": {to.GetErrorId()}}.Encode()
		to.Location = u.String()
	}
	return to
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// errorShown is the error that a location shows, if it shows one. Its URL has it in the parameter "id", which the pages of
// an application that a browser returns to may have as well, for something else; so Kratos is asked whether it knows such
// an error.
func (a *Adapter) errorShown(ctx context.Context, x *adapters.Exchange, to *kratosgrpcv1.Redirect) string {
	u, err := url.Parse(to.GetLocation())
	if err != nil || to.GetFlowId() != "" {
		return ""
	}
	id := u.Query().Get("id")
	if !uuid.MatchString(id) {
		return ""
	}
	res, err := a.client.Do(ctx, upstream.Request{
		Method: http.MethodGet, Path: errorPath, Query: url.Values{"id": {id}}, Header: selfservice.Header(x.Caller.Anonymous(), "", wantJSON),
		Kind: upstream.Read,
	})
	if err != nil || res.Status != http.StatusOK {
		// Where Kratos can't be asked any more the location is worth more to the browser than an error.
		return ""
	}
	return id
}
