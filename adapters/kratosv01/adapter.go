package kratosv01

import (
	"context"
	"net/http"
	"net/url"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
)

// API is the name of this generation, as in the flag --upstream-api.
const API = adapters.V01

// Adapter speaks to a Kratos 0.1.
type Adapter struct {
	adapters.Unsupported

	client *upstream.Client
}

var _ adapters.Adapter = (*Adapter)(nil)

// New returns an adapter for the Kratos whose public API is at base, an absolute http or https URL.
func New(base string, options ...adapters.ClientOption) (*Adapter, error) {
	client, err := upstream.New(base, options...)
	if err != nil {
		return nil, err
	}
	return &Adapter{client: client}, nil
}

// API names this generation.
func (*Adapter) API() string { return API }

// SessionCookie is the cookie that holds a browser's session.
func (*Adapter) SessionCookie() string { return sessionCookie }

// Ready asks Kratos's readiness endpoint.
func (a *Adapter) Ready(ctx context.Context) error { return selfservice.Ready(ctx, a.client) }

// The browser's Accept header decides what Kratos answers to a form. A browser's gets the redirect that this generation's
// forms are made for.
const wantHTML = "text/html"

// sessionCookie is the cookie that holds a browser's session.
const sessionCookie = "ory_kratos_session"

// ownCookie says whether a cookie is one of Kratos's.
func ownCookie(name string) bool { return name == sessionCookie || name == "csrf_token" }

// header is what goes upstream for a caller: its cookies, and no token, which means nothing to this generation.
func header(x *adapters.Exchange) http.Header {
	return selfservice.Header(x.Caller.Anonymous(), x.Caller.CookieHeader(ownCookie), wantHTML)
}

// get fetches what path says.
func (a *Adapter) get(ctx context.Context, x *adapters.Exchange, path string, query url.Values) (*upstream.Response, error) {
	return a.do(ctx, x, upstream.Request{Method: http.MethodGet, Path: path, Query: query, Header: header(x), Kind: selfservice.KindOf(path)})
}

// post sends a form.
func (a *Adapter) post(ctx context.Context, x *adapters.Exchange, path string, query, form url.Values) (*upstream.Response, error) {
	return a.do(ctx, x, upstream.Request{
		Method: http.MethodPost, Path: path, Query: query, Header: header(x),
		ContentType: "application/x-www-form-urlencoded", Body: form.Encode(),
	})
}

func (a *Adapter) do(ctx context.Context, x *adapters.Exchange, r upstream.Request) (*upstream.Response, error) {
	res, err := a.client.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	// A second request of the same call must not undo what the first has set.
	earlier := x.Answer.SetCookies
	x.Answer.SetCookies = nil
	selfservice.AnswerCookies(x, res)
	x.Answer.SetCookies = append(earlier, x.Answer.SetCookies...)
	return res, nil
}
