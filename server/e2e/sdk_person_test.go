package e2e

import (
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"

	"github.com/go-openapi/runtime"
	httptransport "github.com/go-openapi/runtime/client"
	"github.com/go-openapi/strfmt"
	"github.com/ory/kratos-client-go/client/public"
	"github.com/ory/kratos-client-go/models"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
)

// person lives a life with the SDK, at Kratos or at kratosgrpc.
type person struct {
	// app is the SDK as an app uses it, web as something does that has a browser's cookies and does not follow redirects.
	app, web public.ClientService
	// jar holds web's cookies.
	jar  http.CookieJar
	base *url.URL
	// email is the account's.
	email string
	// accept is web's Accept header, or "" for the SDK's own.
	accept string
	// urls are the addresses that differ from one place to the other.
	urls []string
	wire *wire
	// visitors is what web's requests go through, with the Accept header of the browsers that they are made for.
	visitors http.RoundTripper

	// What the last steps left: the session's token, its schema's id, the flow's id, and the anti-CSRF token of its form.
	token, schema, flow, csrf string
}

const (
	firstPassword    = "no-machine-for-this"
	nextPassword     = "an-analytical-engine"
	breachedPassword = "jacquard"
	unknownID        = "5f5b2dfb-7a3c-4d1e-9c59-0c9d3f9d1c5e"
)

// asBrowsers is the Accept header of a browser that asks for a page.
//
// The SDK asks for JSON, whoever it asks for. A Kratos 0.5 that is asked to start a browser flow redirects all the same;
// Kratos 1.x answers the flow itself then, which the SDK does not know. But whoever calls the SDK for a browser has that
// browser's header at hand, and the SDK can be told to send it, by the transport that it is given: so web works in front
// of both. An empty header leaves the SDK its own.
const asBrowsers = "text/html"

func newPerson(t *testing.T, kratos *kratostest.Kratos, base, email, accept string) *person {
	t.Helper()
	at, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &person{
		jar: jar, base: at, email: email, accept: accept, urls: []string{base, kratos.PublicURL},
		wire: &wire{transport: new(http.Transport), called: map[string]bool{}},
	}
	t.Cleanup(p.wire.transport.CloseIdleConnections)
	p.visitors = p.wire
	if accept != "" {
		p.visitors = &headerSetter{base: p.wire, name: "Accept", value: accept}
	}
	p.app = p.sdk(&http.Client{Transport: p.wire})
	p.web = p.sdk(&http.Client{Transport: p.visitors, Jar: jar, CheckRedirect: stay})
	return p
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// sdk is the SDK, as it is, over an HTTP client.
func (p *person) sdk(client *http.Client) public.ClientService {
	transport := httptransport.NewWithClient(p.base.Host, p.base.Path, []string{p.base.Scheme}, client)
	return public.New(&callRecorder{ClientTransport: transport, called: p.wire.called}, strfmt.Default)
}

// with is app's HTTP client for one call, for what the SDK's parameters can't say: a header.
func (p *person) with(name, value string) *http.Client {
	return &http.Client{Transport: &headerSetter{base: p.wire, name: name, value: value}}
}

// withCSRFToken is web's HTTP client for one call that says the anti-CSRF token in a header.
func (p *person) withCSRFToken() *http.Client {
	return &http.Client{
		Transport:     &headerSetter{base: p.visitors, name: "X-CSRF-Token", value: p.csrf},
		Jar:           p.jar,
		CheckRedirect: stay,
	}
}

// bearer is the SDK's way to authenticate.
func (p *person) bearer() runtime.ClientAuthInfoWriter { return httptransport.BearerToken(p.token) }

// began keeps the id of a flow that the SDK has got.
func (p *person) began(id models.UUID) { p.flow = string(id) }

// redirected keeps the id of the flow that the last answer led to.
func (p *person) redirected() {
	if to, err := url.Parse(p.wire.location); err == nil {
		p.flow = to.Query().Get("flow")
	}
}

// form keeps the anti-CSRF token of a form.
func (p *person) form(fields models.FormFields) {
	for _, field := range fields {
		if *field.Name == "csrf_token" {
			p.csrf, _ = field.Value.(string)
		}
	}
}

// traits is a form of Kratos 0.5: flat keys.
func (p *person) traits(more map[string]any) map[string]any {
	form := map[string]any{"traits.email": p.email, "traits.name.first": "Ada"}
	if p.csrf != "" {
		form["csrf_token"] = p.csrf
	}
	maps.Copy(form, more)
	return form
}

// wire sees what the SDK does not tell: where an answer leads.
type wire struct {
	transport *http.Transport
	called    map[string]bool
	location  string
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := w.transport.RoundTrip(r)
	if err == nil {
		w.location = res.Header.Get("Location")
	}
	return res, err
}

// headerSetter adds a header to each request.
type headerSetter struct {
	base        http.RoundTripper
	name, value string
}

func (s *headerSetter) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(s.name, s.value)
	return s.base.RoundTrip(r)
}

// callRecorder notes which operations were called.
type callRecorder struct {
	runtime.ClientTransport

	called map[string]bool
}

func (c *callRecorder) Submit(operation *runtime.ClientOperation) (any, error) {
	c.called[operation.ID] = true
	return c.ClientTransport.Submit(operation)
}
