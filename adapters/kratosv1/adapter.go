package kratosv1

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
)

// API is the name of this generation, as in the flag --upstream-api.
const API = adapters.V1

// Adapter speaks to a Kratos 1.x.
type Adapter struct {
	client        *upstream.Client
	sessionCookie string
}

var _ adapters.Adapter = (*Adapter)(nil)

// New returns an adapter for the Kratos whose public API is at base, an absolute http or https URL.
func New(base string, options ...Option) (*Adapter, error) {
	s := settings{sessionCookie: defaultSessionCookie}
	for _, option := range options {
		option(&s)
	}
	client, err := upstream.New(base, s.client...)
	if err != nil {
		return nil, err
	}
	return &Adapter{client: client, sessionCookie: s.sessionCookie}, nil
}

// Option is something about a Kratos that it does not say itself.
type Option func(*settings)

// settings are what options have chosen.
type settings struct {
	sessionCookie string
	client        []adapters.ClientOption
}

// WithClient says how Kratos is reached.
func WithClient(options ...adapters.ClientOption) Option {
	return func(s *settings) { s.client = append(s.client, options...) }
}

// WithSessionCookie names the cookie that holds a browser's session, where Kratos's configuration has another name for it
// than "ory_kratos_session". Empty means that one.
func WithSessionCookie(name string) Option {
	return func(s *settings) {
		if name != "" {
			s.sessionCookie = name
		}
	}
}

// API names this generation.
func (*Adapter) API() string { return API }

// SessionCookie is the cookie that holds a browser's session.
func (a *Adapter) SessionCookie() string { return a.sessionCookie }

// Ready asks Kratos's readiness endpoint.
func (a *Adapter) Ready(ctx context.Context) error {
	return selfservice.Ready(ctx, a.client)
}

// defaultSessionCookie is the cookie that holds a browser's session, as Kratos calls it where it is not configured
// otherwise.
const defaultSessionCookie = "ory_kratos_session"

// ownCookie says whether a cookie is one of Kratos's. The name of the anti-CSRF cookie ends in a hash of Kratos's URL.
func (a *Adapter) ownCookie(name string) bool {
	switch name {
	case a.sessionCookie, "ory_kratos_continuity", "csrf_token":
		return true
	}
	return strings.HasPrefix(name, "csrf_token_")
}

// What the adapter asks for where the caller's Accept header does not decide.
const (
	wantJSON = "application/json"
	wantHTML = "text/html"
)

// client kinds: an API client neither sends nor gets cookies, a browser does both.
type clientKind bool

const (
	apiClient     clientKind = false
	browserClient clientKind = true
)

// get fetches what path says, for a client of the given kind.
func (a *Adapter) get(ctx context.Context, x *adapters.Exchange, kind clientKind, accept, path string, query url.Values) (*upstream.Response, error) {
	var cookies string
	if kind == browserClient {
		cookies = x.Caller.CookieHeader(a.ownCookie)
	}
	res, err := a.client.Do(ctx, upstream.Request{
		Method: http.MethodGet, Path: path, Query: query, Header: selfservice.Header(&x.Caller, cookies, accept),
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

// fetchFlow is get for operations that answer a flow.
func (a *Adapter) fetchFlow(ctx context.Context, x *adapters.Exchange, kind clientKind, path string, query url.Values, flow flowMessage) error {
	res, err := a.get(ctx, x, kind, wantJSON, path, query)
	if err != nil {
		return err
	}
	if err := checkFound(res); err != nil {
		return err
	}
	return decodeFlow(res, flow)
}

// checkFound checks that an answer has a resource.
func checkFound(res *upstream.Response) error {
	if res.Status != http.StatusOK {
		return refusal(res)
	}
	if string(bytes.TrimSpace(res.Body)) == "null" {
		return selfservice.UnknownResource("Kratos knows no such resource")
	}
	return nil
}

// decode reads a message whose JSON is Kratos's own.
func decode(res *upstream.Response, m proto.Message) error {
	if err := checkFound(res); err != nil {
		return err
	}
	return res.Decode(m)
}
