package kratosv05

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"

	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// API is the name of this generation, as in the flag --upstream-api.
const API = adapters.V05

// Adapter speaks to a Kratos 0.5.
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
func (a *Adapter) Ready(ctx context.Context) error {
	return selfservice.Ready(ctx, a.client)
}

// sessionCookie is the cookie that holds a browser's session.
const sessionCookie = "ory_kratos_session"

// ownCookie says whether a cookie is one of Kratos's.
func ownCookie(name string) bool {
	switch name {
	case sessionCookie, "ory_kratos_continuity", "csrf_token":
		return true
	}
	return false
}

// client kinds: an API client neither sends nor gets cookies, a browser does both.
type clientKind bool

const (
	apiClient     clientKind = false
	browserClient clientKind = true
)

// get fetches what path says, for a client of the given kind.
func (a *Adapter) get(ctx context.Context, x *adapters.Exchange, kind clientKind, path string, query url.Values) (*upstream.Response, error) {
	var cookies string
	if kind == browserClient {
		cookies = x.Caller.CookieHeader(ownCookie)
	}
	res, err := a.client.Do(ctx, upstream.Request{
		Method: http.MethodGet, Path: path, Query: query, Header: selfservice.Header(&x.Caller, cookies, x.Caller.Accept),
		Kind: selfservice.KindOf(path),
	})
	if err != nil {
		return nil, err
	}
	if kind == browserClient {
		selfservice.AnswerCookies(x, res)
	}
	return res, nil
}

// fetch is get for operations that answer a resource.
func (a *Adapter) fetch(ctx context.Context, x *adapters.Exchange, kind clientKind, path string, query url.Values, resource proto.Message) error {
	res, err := a.get(ctx, x, kind, path, query)
	if err != nil {
		return err
	}
	return decode(res, resource)
}

// decode reads a resource from the answer that should hold it.
func decode(res *upstream.Response, resource proto.Message) error {
	if res.Status != http.StatusOK {
		return refusal(res)
	}
	if string(bytes.TrimSpace(res.Body)) == "null" {
		// So Kratos answers for a verification flow that it does not know.
		return &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_NOT_FOUND, Message: "Kratos knows no such resource"}
	}
	if err := res.Decode(resource); err != nil {
		return err
	}
	if r, ok := resource.(interface{ GetId() string }); ok && r.GetId() == "" {
		// Flows and errors all have one.
		return res.NotKratos(errors.New("it has no id"))
	}
	addUI(resource)
	return nil
}
