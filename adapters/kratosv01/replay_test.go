package kratosv01_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosreplay"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv01"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// recorded finds an exchange by its name.
func recorded(tb testing.TB, name string) kratosreplay.Exchange {
	tb.Helper()
	for _, e := range allRecorded(tb) {
		if e.Name == name {
			return e
		}
	}
	tb.Fatalf("%q was not recorded", name)
	return kratosreplay.Exchange{}
}

// allRecorded are all exchanges, as a browser's: to Kratos 0.1 the adapter always is one. What a request wishes for changes
// no answer to a GET, nor any to a form that does not say.
func allRecorded(tb testing.TB) []kratosreplay.Exchange {
	tb.Helper()
	recordings, err := kratosreplay.Recordings(kratosreplay.V01)
	if err != nil {
		tb.Fatal(err)
	}
	var all []kratosreplay.Exchange
	for _, r := range recordings {
		for _, e := range r.Exchanges {
			if namesNothing(e) {
				// No call says so: it is refused before.
				continue
			}
			if strings.HasPrefix(e.Request.Line, "GET ") || e.Request.Header.HTTP().Get("Accept") == "" {
				e.Request.Header = append(slices.DeleteFunc(slices.Clone(e.Request.Header), func(line string) bool { return strings.HasPrefix(line, "Accept:") }), "Accept: text/html")
			}
			all = append(all, e)
		}
	}
	return all
}

// namesNothing tells whether a request has no parameter, where its operation needs one.
func namesNothing(e kratosreplay.Exchange) bool {
	path, _, found := strings.Cut(e.Request.Line, "?")
	return !found && (strings.Contains(path, "/requests/") || strings.HasSuffix(path, "/update") || strings.HasSuffix(path, "/errors"))
}

// callerOf is who made a recorded request.
func callerOf(e kratosreplay.Exchange, accept string) *adapters.Exchange {
	header := e.Request.Header.HTTP()
	return &adapters.Exchange{Caller: adapters.Caller{Cookies: header.Values("Cookie"), Accept: accept, RequestID: header.Get("X-Request-Id")}}
}

func parameter(t *testing.T, e kratosreplay.Exchange, name string) string {
	t.Helper()
	_, target, err := e.Request.Target()
	if err != nil {
		t.Fatal(err)
	}
	return target.Query().Get(name)
}

// ask makes the call that a recorded request is for.
func ask(t *testing.T, a *kratosv01.Adapter, x *adapters.Exchange, e kratosreplay.Exchange) (proto.Message, error) {
	t.Helper()
	_, target, err := e.Request.Target()
	if err != nil {
		t.Fatal(err)
	}
	query := target.Query()
	ctx := t.Context()
	switch target.Path {
	case "/self-service/browser/flows/login":
		return a.InitializeLoginViaBrowserFlow(ctx, x, &kratosgrpcv1.InitializeLoginViaBrowserFlowRequest{ReturnTo: query.Get("return_to")})
	case "/self-service/browser/flows/registration":
		return a.InitializeRegistrationViaBrowserFlow(ctx, x, &kratosgrpcv1.InitializeRegistrationViaBrowserFlowRequest{ReturnTo: query.Get("return_to")})
	case "/self-service/browser/flows/profile":
		return a.InitializeSettingsViaBrowserFlow(ctx, x, &kratosgrpcv1.InitializeSettingsViaBrowserFlowRequest{})
	case "/self-service/browser/flows/logout":
		return a.InitializeBrowserLogoutFlow(ctx, x, &kratosgrpcv1.InitializeBrowserLogoutFlowRequest{ReturnTo: query.Get("return_to")})
	case "/self-service/browser/flows/requests/login":
		return a.GetLoginFlow(ctx, x, &kratosgrpcv1.GetLoginFlowRequest{Id: query.Get("request")})
	case "/self-service/browser/flows/requests/registration":
		return a.GetRegistrationFlow(ctx, x, &kratosgrpcv1.GetRegistrationFlowRequest{Id: query.Get("request")})
	case "/self-service/browser/flows/requests/profile":
		return a.GetSettingsFlow(ctx, x, &kratosgrpcv1.GetSettingsFlowRequest{Id: query.Get("request")})
	case "/self-service/browser/flows/profile/update":
		return a.CompleteSettingsFlowWithProfileMethod(ctx, x, update(t, e))
	case "/self-service/errors":
		return a.GetError(ctx, x, &kratosgrpcv1.GetErrorRequest{Error: query.Get("error")})
	case "/sessions/whoami":
		return a.Whoami(ctx, x, &kratosgrpcv1.WhoamiRequest{})
	default:
		t.Fatalf("there is no operation for %s", target.Path)
		return nil, nil
	}
}

// update is the change that a recorded form asks for.
func update(t *testing.T, e kratosreplay.Exchange) *kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest {
	t.Helper()
	form, err := url.ParseQuery(string(e.Request.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	traits := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	for key, values := range form {
		name, ok := strings.CutPrefix(key, "traits.")
		if !ok {
			continue
		}
		list := new(structpb.ListValue)
		for _, value := range values {
			list.Values = append(list.Values, structpb.NewStringValue(value))
		}
		traits.Fields[name] = structpb.NewListValue(list)
	}
	return &kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest{
		Flow: parameter(t, e, "request"), Payload: &kratosgrpcv1.SettingsProfilePayload{Traits: traits, CsrfToken: form.Get("csrf_token")},
	}
}

// refusals are what each recorded failure means.
func refusals() map[string]kratosgrpcv1.ErrorReason {
	const (
		noSession   = kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION
		denied      = kratosgrpcv1.ErrorReason_ERROR_REASON_ACCESS_DENIED
		notFound    = kratosgrpcv1.ErrorReason_ERROR_REASON_NOT_FOUND
		csrf        = kratosgrpcv1.ErrorReason_ERROR_REASON_CSRF_VIOLATION
		unavailable = kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE
	)
	return map[string]kratosgrpcv1.ErrorReason{
		"whoami, no cookies":                          noSession,
		"whoami, no cookies accept json x request id": noSession,
		"whoami, garbage session cookie":              noSession,
		"whoami, garbage csrf cookie":                 noSession,
		"whoami, tampered session cookie":             noSession,
		"whoami, session cookie quoted header twice":  noSession,
		"logout, whoami after":                        noSession,
		"errors, make csrf cookie":                    noSession,
		"session, whoami of deleted identity":         noSession,
		"nodb, whoami without cookie":                 noSession,
		"nodb, whoami with session cookie":            unavailable,

		"nodb, init login":                     unavailable,
		"nodb, init login with session cookie": unavailable,
		"nodb, init registration":              unavailable,

		"login, get request no cookie":        csrf,
		"login, get request other browser":    csrf,
		"login, get request unknown id":       notFound,
		"login, get request malformed id":     notFound,
		"login, get request empty param":      notFound,
		"login, get request nul":              notFound,
		"login, get request x request id":     notFound,
		"registration, get as login request":  notFound,
		"nodb, get login request":             unavailable,
		"registration, get request no cookie": csrf,

		"registration, get request other browser":        csrf,
		"registration, get request unknown id":           notFound,
		"registration, get request malformed id":         notFound,
		"logout, registration request after csrf change": csrf,
		"nodb, get registration request":                 unavailable,

		"profile, get request unknown id":                     notFound,
		"profile, get request malformed id":                   notFound,
		"profile, get request without session":                noSession,
		"profile, get request csrf cookie only":               noSession,
		"profile, get request no cookies":                     noSession,
		"bob, get alices profile request":                     denied,
		"bob, update with alices request, get request as bob": denied,
		"badschema, get profile request":                      unavailable,
		"nodb, get profile request":                           unavailable,
		"profile, update, session cookie without csrf cookie": csrf,
		"profile, update, no cookies at all":                  csrf,
		"profile, update, no csrf token":                      csrf,
		"profile, update without session no csrf":             csrf,
		"profile, update, csrf ok without session":            noSession,
		"nodb, post profile":                                  unavailable,
		"errors, get no cookie":                               csrf,
		"errors, get other browser":                           csrf,
		"errors, after logout, get":                           csrf,
		"errors, get unknown":                                 notFound,
		"errors, get malformed":                               notFound,
		"nodb, get error":                                     unavailable,
	}
}

// isBare tells whether an answer leads a browser to a page that shows nothing that was made for it, as the login is where
// there is no session.
func isBare(t *testing.T, e kratosreplay.Exchange) bool {
	t.Helper()
	to, err := url.Parse(e.Response.Header.HTTP().Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	return e.Response.Status == http.StatusFound && to.RawQuery == ""
}

// isFailure tells whether an answer to a program is a failure. What begins something, and what ends a session, may lead
// anywhere.
func isFailure(t *testing.T, e kratosreplay.Exchange) bool {
	t.Helper()
	leads := strings.Contains(e.Request.Line, "/requests/") || strings.HasPrefix(e.Request.Line, "POST ")
	return e.Response.Status >= http.StatusBadRequest || leads && isBare(t, e)
}

// whoamiBeside is what whoami says besides, where the adapter makes sure that it is the session that is missing.
func whoamiBeside(t *testing.T, e kratosreplay.Exchange) []kratosreplay.Exchange {
	t.Helper()
	if !isBare(t, e) {
		return nil
	}
	whoami := recorded(t, "whoami, no cookies")
	if strings.HasPrefix(e.Name, "nodb, ") {
		whoami = recorded(t, "nodb, whoami with session cookie")
	}
	whoami.Request.Header = e.Request.Header
	if i := slices.IndexFunc(whoami.Request.Header, func(line string) bool { return strings.HasPrefix(line, "Content-Type:") }); i >= 0 {
		whoami.Request.Header = slices.Delete(slices.Clone(whoami.Request.Header), i, i+1)
	}
	return []kratosreplay.Exchange{whoami}
}

// TestRefusals: each recorded failure means what it says.
func TestRefusals(t *testing.T) {
	t.Parallel()
	wanted := refusals()
	for _, e := range allRecorded(t) {
		if !isFailure(t, e) {
			continue
		}
		want, ok := wanted[e.Name]
		if !ok {
			t.Errorf("nothing says what %q means", e.Name)
		}
		delete(wanted, e.Name)
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			exchanges := append([]kratosreplay.Exchange{e}, whoamiBeside(t, e)...)
			s := kratosreplay.StartT(t, kratosreplay.Options{Exchanges: exchanges})
			res, err := ask(t, newAdapter(t, s.URL), callerOf(e, "application/json"), e)
			got := new(adapters.Error)
			if !errors.As(err, &got) || got.Reason != want {
				t.Fatalf("answers %v (%v), want %v", res, err, want)
			}
			if said := err.Error() + got.Message + got.Upstream.String(); strings.Contains(said, "github.com/") || e.Response.Status < 500 && strings.Contains(said, "sqlite") {
				t.Errorf("the error holds what is for developers: %v, %v", err, got.Upstream)
			}
			if request := e.Request.Header.HTTP().Get("X-Request-Id"); request != got.Upstream.GetRequest() {
				t.Errorf("the error names the request %q, want %q", got.Upstream.GetRequest(), request)
			}
			if isBare(t, e) && want == kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION && got.RedirectTo != e.Response.Header.HTTP().Get("Location") {
				t.Errorf("leads to %q", got.RedirectTo)
			}
		})
	}
	for name := range wanted {
		t.Errorf("%q was not recorded, or is no failure", name)
	}
}

// TestSuccesses: what did not fail says what was recorded, in the contract's words.
func TestSuccesses(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{}
	for _, e := range allRecorded(t) {
		if isFailure(t, e) {
			continue
		}
		path, _, _ := strings.Cut(e.Request.Line, "?")
		shown[path] = true
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			s := kratosreplay.StartT(t, kratosreplay.Options{Exchanges: []kratosreplay.Exchange{e}})
			x := callerOf(e, "text/html")
			res, err := ask(t, newAdapter(t, s.URL), x, e)
			if err != nil {
				t.Fatal(err)
			}
			checkSuccess(t, e, x, res)
			if want := e.Response.Header.HTTP().Values("Set-Cookie"); !slices.Equal(x.Answer.SetCookies, want) {
				t.Errorf("sets the cookies %q, recorded %q", x.Answer.SetCookies, want)
			}
		})
	}
	if len(shown) != 10 {
		t.Errorf("there are successes of %d operations, want all ten: %v", len(shown), shown)
	}
}

// body is what the recorded answers that are JSON have in common.
type body struct {
	ID       string
	SID      string
	Methods  map[string]json.RawMessage
	Form     struct{ Fields []json.RawMessage }
	Errors   []struct{ Code int32 }
	Identity struct {
		ID        string
		SchemaID  string `json:"traits_schema_id"`
		SchemaURL string `json:"traits_schema_url"`
	}
	Updated bool `json:"update_successful"`
}

func (b body) isOf(identity *kratosgrpcv1.Identity) bool {
	return identity.GetId() == b.Identity.ID && identity.GetSchemaId() == b.Identity.SchemaID && identity.GetSchemaUrl() == b.Identity.SchemaURL
}

func checkSuccess(t *testing.T, e kratosreplay.Exchange, x *adapters.Exchange, res proto.Message) {
	t.Helper()
	if e.Response.Status == http.StatusFound {
		checkRedirect(t, e, res)
		return
	}
	var want body
	if err := json.Unmarshal(e.Response.Bytes(), &want); err != nil {
		t.Fatal(err)
	}
	ok := false
	switch res := res.(type) {
	case *kratosgrpcv1.GetLoginFlowResponse:
		ok = res.GetFlow().GetId() == want.ID && res.GetFlow().GetType() == "browser" && len(res.GetFlow().GetMethods()) == len(want.Methods) &&
			len(res.GetFlow().GetUi().GetNodes()) > 0
	case *kratosgrpcv1.GetRegistrationFlowResponse:
		ok = res.GetFlow().GetId() == want.ID && res.GetFlow().GetType() == "browser" && len(res.GetFlow().GetMethods()) == len(want.Methods) &&
			len(res.GetFlow().GetUi().GetNodes()) > 0
	case *kratosgrpcv1.GetSettingsFlowResponse:
		ok = res.GetFlow().GetId() == want.ID && res.GetFlow().GetType() == "browser" && (res.GetFlow().GetState() == "success") == want.Updated &&
			len(res.GetFlow().GetMethods()["profile"].GetConfig().GetFields()) == len(want.Form.Fields) &&
			len(res.GetFlow().GetUi().GetNodes()) > 0 && want.isOf(res.GetFlow().GetIdentity())
	case *kratosgrpcv1.GetErrorResponse:
		ok = res.GetError().GetId() == want.ID && len(res.GetError().GetErrors()) == len(want.Errors) && res.GetError().GetError().GetCode() == want.Errors[0].Code &&
			!strings.Contains(res.String(), "github.com/")
	case *kratosgrpcv1.WhoamiResponse:
		ok = res.GetSession().GetId() == want.SID && want.isOf(res.GetSession().GetIdentity()) && x.Answer.IdentityID == want.Identity.ID
	}
	if !ok {
		t.Errorf("the answer is %v", res)
	}
}

// checkRedirect checks that an answer leads where the recorded one did, and says what is shown there.
func checkRedirect(t *testing.T, e kratosreplay.Exchange, res proto.Message) {
	t.Helper()
	led, ok := res.(interface {
		GetRedirect() *kratosgrpcv1.Redirect
	})
	if !ok {
		t.Fatalf("the answer is %v", res)
	}
	location := e.Response.Header.HTTP().Get("Location")
	to, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	want := &kratosgrpcv1.Redirect{Location: location, FlowId: to.Query().Get("request"), ErrorId: to.Query().Get("error")}
	if !proto.Equal(led.GetRedirect(), want) {
		t.Errorf("leads to %v, want %v", led.GetRedirect(), want)
	}
}

func newAdapter(tb testing.TB, base string) *kratosv01.Adapter {
	tb.Helper()
	a, err := kratosv01.New(base)
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

// TestChange: who wants data is told what came of a change, which Kratos's own answer does not say.
func TestChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		success bool
		says    string
	}{
		{"profile, update, form ok array two values", true, ""},
		{"profile, update, form ok unicode and html", true, ""},
		{"profile, update, invalid values", false, "traits.age: Must be greater than or equal to 1"},
		{"profile, update, no traits only csrf", false, "Did not receive any value changes."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e, after := recorded(t, c.name), recorded(t, c.name+", get request")
			s := kratosreplay.StartT(t, kratosreplay.Options{Exchanges: []kratosreplay.Exchange{e, after}})
			res, err := newAdapter(t, s.URL).CompleteSettingsFlowWithProfileMethod(t.Context(), callerOf(e, "application/json"), update(t, e))
			if err != nil {
				t.Fatal(err)
			}
			flow := res.GetFlow()
			if c.success {
				flow = res.GetSuccess().GetFlow()
				if flow.GetState() != "success" || len(res.GetSuccess().GetIdentity().GetTraits().GetFields()) == 0 {
					t.Errorf("the change is not told of: %v", res)
				}
			}
			if flow.GetId() != parameter(t, e, "request") || flow.GetMethods()["profile"] == nil || flow.GetUi() == nil {
				t.Fatalf("the flow is %v", res)
			}
			said := ""
			for _, m := range flow.GetMethods()["profile"].GetConfig().GetMessages() {
				said += m.GetText()
			}
			for _, f := range flow.GetMethods()["profile"].GetConfig().GetFields() {
				for _, m := range f.GetMessages() {
					said += m.GetText()
				}
			}
			if c.says == "" && said != "" || !strings.Contains(said, c.says) {
				t.Errorf("the flow says %q, want %q", said, c.says)
			}
		})
	}
}

// TestExpired: a form that comes too late is said to. That somebody else's attempt has left the same words in it is not.
func TestExpired(t *testing.T) {
	t.Parallel()
	late, after := recorded(t, "expired, post profile"), recorded(t, "expired, post profile, get request")
	s := kratosreplay.StartT(t, kratosreplay.Options{Exchanges: []kratosreplay.Exchange{late, after}})
	_, err := newAdapter(t, s.URL).CompleteSettingsFlowWithProfileMethod(t.Context(), callerOf(late, "application/json"), update(t, late))
	if got := new(adapters.Error); !errors.As(err, &got) || got.Reason != kratosgrpcv1.ErrorReason_ERROR_REASON_FLOW_EXPIRED {
		t.Errorf("got %v", err)
	}

	inTime, after := recorded(t, "profile, update, invalid values"), recorded(t, "bob, update with alices request, get request as alice")
	s = kratosreplay.StartT(t, kratosreplay.Options{Exchanges: []kratosreplay.Exchange{inTime, after}})
	res, err := newAdapter(t, s.URL).CompleteSettingsFlowWithProfileMethod(t.Context(), callerOf(inTime, "application/json"), update(t, inTime))
	if err != nil || res.GetFlow() == nil {
		t.Errorf("got %v, %v", res, err)
	}
}

// TestTokensStayHere: a token means nothing to Kratos 0.1, and cookies beside it count for nothing.
func TestTokensStayHere(t *testing.T) {
	t.Parallel()
	e := recorded(t, "whoami, no cookies")
	s := kratosreplay.StartT(t, kratosreplay.Options{Exchanges: []kratosreplay.Exchange{e}})
	x := callerOf(recorded(t, "whoami, ok"), "application/json")
	x.Caller.Credential = adapters.Credential{Kind: adapters.BearerToken, Token: "a-token"}
	_, err := newAdapter(t, s.URL).Whoami(t.Context(), x, &kratosgrpcv1.WhoamiRequest{})
	if got := new(adapters.Error); !errors.As(err, &got) || got.Reason != kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION {
		t.Errorf("got %v", err)
	}
}
