package e2e

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// providerID is what the provider is called in Kratos's configuration.
const providerID = "acme"

// oidcStack is a stack that browsers see at one address, the edge. It has to be made of two servers: the way to a
// provider and back is no operation of Kratos's API, so that kratosgrpc has nothing of it.
type oidcStack struct {
	*stack

	edge     *url.URL
	provider *openIDProvider
}

func startOIDCStack(t *testing.T, options kratostest.Options) *oidcStack {
	t.Helper()
	routes := http.NewServeMux()
	edge := httptest.NewServer(routes)
	t.Cleanup(edge.Close)
	provider := startProvider(t, edge.URL+"/self-service/methods/oidc/callback/"+providerID)

	options.PublicBaseURL = edge.URL + "/"
	options.ReturnURLs = append(options.ReturnURLs, edge.URL+"/")
	options.ExtraConfig = func(config map[string]any) {
		methods := config["selfservice"].(map[string]any)["methods"].(map[string]any)
		methods["oidc"] = map[string]any{
			"enabled": true,
			"config":  map[string]any{"providers": []any{provider.kratosConfig(providerID)}},
		}
	}
	s := startStack(t, options)

	routes.Handle("/", proxyTo(t, s.rest))
	routes.Handle("/self-service/methods/oidc/auth/", proxyTo(t, s.kratos.PublicURL))
	routes.Handle("/self-service/methods/oidc/callback/", proxyTo(t, s.kratos.PublicURL))
	return &oidcStack{stack: s, edge: parsed(t, edge.URL), provider: provider}
}

func proxyTo(t *testing.T, base string) http.Handler {
	t.Helper()
	target := parsed(t, base)
	transport := new(http.Transport)
	t.Cleanup(transport.CloseIdleConnections)
	return &httputil.ReverseProxy{
		Transport: transport,
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
	}
}

func parsed(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// guest is a browser, and the web server that calls kratosgrpc in its name: both have the same cookies.
type guest struct {
	*visitor

	s *oidcStack
	// flow is the settings flow that was opened last.
	flow string
}

func (s *oidcStack) newGuest(t *testing.T) *guest {
	t.Helper()
	v := newVisitor(t, s.stack)
	v.rest = s.edge.String()
	return &guest{visitor: v, s: s}
}

// ask calls kratosgrpc over gRPC in a guest's name.
func ask[Req, Res any](t *testing.T, g *guest, rpc func(context.Context, Req, ...grpc.CallOption) (Res, error), req Req) (Res, error) {
	t.Helper()
	var pairs []string
	for _, cookie := range g.client.Jar.Cookies(g.s.edge) {
		pairs = append(pairs, cookie.Name+"="+cookie.Value)
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "cookie", strings.Join(pairs, "; "))
	var header metadata.MD
	res, err := rpc(ctx, req, grpc.Header(&header))
	g.client.Jar.SetCookies(g.s.edge, (&http.Response{Header: http.Header{"Set-Cookie": header.Get("set-cookie")}}).Cookies())
	return res, err
}

// must is ask, for what has to succeed.
func must[Req, Res any](t *testing.T, g *guest, rpc func(context.Context, Req, ...grpc.CallOption) (Res, error), req Req) Res {
	t.Helper()
	res, err := ask(t, g, rpc, req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// register makes an account with a password, over gRPC, and a session for the browser.
func (g *guest) register(t *testing.T, email string) {
	t.Helper()
	service := kratosgrpcv1.NewRegistrationServiceClient(g.s.grpc)
	begun := must(t, g, service.InitializeRegistrationViaBrowserFlow, &kratosgrpcv1.InitializeRegistrationViaBrowserFlowRequest{})
	id := begun.GetRedirect().GetFlowId()
	flow := must(t, g, service.GetRegistrationFlow, &kratosgrpcv1.GetRegistrationFlowRequest{Id: id}).GetFlow()
	res := must(t, g, service.CompleteRegistrationFlowWithPasswordMethod, &kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodRequest{
		Flow: id,
		Payload: &kratosgrpcv1.RegistrationPasswordPayload{
			Traits:    &structpb.Struct{Fields: map[string]*structpb.Value{"email": structpb.NewStringValue(email)}},
			Password:  firstPassword,
			CsrfToken: csrfToken(flow.GetMethods()["password"].GetConfig()),
		},
	})
	if res.GetSuccess() == nil {
		t.Fatalf("registering %s: %v", email, res)
	}
}

// openSettings starts a settings flow, and returns the form for providers.
func (g *guest) openSettings(t *testing.T) *kratosgrpcv1.FlowMethodConfig {
	t.Helper()
	service := kratosgrpcv1.NewSettingsServiceClient(g.s.grpc)
	begun := must(t, g, service.InitializeSettingsViaBrowserFlow, &kratosgrpcv1.InitializeSettingsViaBrowserFlowRequest{})
	g.flow = begun.GetRedirect().GetFlowId()
	return g.form(t)
}

// form is the form for providers, as it is now.
func (g *guest) form(t *testing.T) *kratosgrpcv1.FlowMethodConfig {
	t.Helper()
	return g.settings(t).GetMethods()["oidc"].GetConfig()
}

// settings is the settings flow, as it is now.
func (g *guest) settings(t *testing.T) *kratosgrpcv1.SettingsFlow {
	t.Helper()
	service := kratosgrpcv1.NewSettingsServiceClient(g.s.grpc)
	return must(t, g, service.GetSettingsFlow, &kratosgrpcv1.GetSettingsFlowRequest{Id: g.flow}).GetFlow()
}

// passProvider goes on from where Kratos sends a browser that is to link an account: to the provider, through its login
// under a name, and back through Kratos. It returns where Kratos leads then.
func (g *guest) passProvider(t *testing.T, to *url.URL, name string) *url.URL {
	t.Helper()
	if to == nil || !strings.HasPrefix(to.Path, "/self-service/methods/oidc/auth/") {
		t.Fatalf("%s does not lead to the provider", to)
	}
	return g.passLogin(t, g.browse(t, to.String()), name)
}

// passLogin is passProvider from the provider's first page.
func (g *guest) passLogin(t *testing.T, to *url.URL, name string) *url.URL {
	t.Helper()
	if !strings.HasPrefix(to.String(), g.s.provider.server.URL+"/authorize?") {
		t.Fatalf("%s is not the provider", to)
	}
	login := g.elsewhere(t, http.MethodGet, to, nil)
	done := g.elsewhere(t, http.MethodPost, login, url.Values{"request": {login.Query().Get("request")}, "name": {name}})
	return g.browse(t, g.elsewhere(t, http.MethodGet, done, nil).String())
}

// elsewhere asks another site than kratosgrpc for a page, which has to be a redirect.
func (g *guest) elsewhere(t *testing.T, method string, to *url.URL, form url.Values) *url.URL {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, to.String(), strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := g.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	next, err := res.Location()
	if err != nil {
		body, _ := io.ReadAll(res.Body)
		t.Fatalf("%s %s: %s\n%s", method, to, res.Status, body)
	}
	return next
}

// dropSession ends a browser's session without telling anybody.
func (g *guest) dropSession() {
	g.client.Jar.SetCookies(g.s.edge, []*http.Cookie{{Name: sessionCookie, Path: "/", MaxAge: -1}})
}

// values are the values of a form's fields of one name, sorted.
func values(form *kratosgrpcv1.FlowMethodConfig, name string) []string {
	var found []string
	for _, field := range form.GetFields() {
		if field.GetName() == name {
			found = append(found, field.GetValue().GetStringValue())
		}
	}
	slices.Sort(found)
	return found
}

// logIn goes through a login that a browser was sent to, and returns where that leads.
func (g *guest) logIn(t *testing.T, to *url.URL, email string) *url.URL {
	t.Helper()
	id := g.browse(t, to.String()).Query().Get("flow")
	flow := must(t, g, kratosgrpcv1.NewLoginServiceClient(g.s.grpc).GetLoginFlow, &kratosgrpcv1.GetLoginFlowRequest{Id: id}).GetFlow()
	return g.submit(t, flow.GetMethods()["password"].GetConfig(), url.Values{"identifier": {email}, "password": {firstPassword}})
}
