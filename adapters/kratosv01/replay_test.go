package kratosv01_test

import (
	"errors"
	"net/url"
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

func allRecorded(tb testing.TB) []kratosreplay.Exchange {
	tb.Helper()
	recordings, err := kratosreplay.Recordings(kratosreplay.V01)
	if err != nil {
		tb.Fatal(err)
	}
	var all []kratosreplay.Exchange
	for _, r := range recordings {
		all = append(all, r.Exchanges...)
	}
	return all
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
		return a.InitializeBrowserLogoutFlow(ctx, x, &kratosgrpcv1.InitializeBrowserLogoutFlowRequest{})
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

// TestRefusals: each recorded failure means what it says.
func TestRefusals(t *testing.T) {
	t.Parallel()
	const (
		noSession   = kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION
		denied      = kratosgrpcv1.ErrorReason_ERROR_REASON_ACCESS_DENIED
		notFound    = kratosgrpcv1.ErrorReason_ERROR_REASON_NOT_FOUND
		csrf        = kratosgrpcv1.ErrorReason_ERROR_REASON_CSRF_VIOLATION
		unavailable = kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE
	)
	for name, want := range map[string]kratosgrpcv1.ErrorReason{
		"whoami, no cookies":                                  noSession,
		"whoami, garbage session cookie":                      noSession,
		"whoami, no cookies accept json x request id":         noSession,
		"nodb, whoami with session cookie":                    unavailable,
		"nodb, init login":                                    unavailable,
		"nodb, init registration":                             unavailable,
		"login, get request no cookie":                        csrf,
		"login, get request other browser":                    csrf,
		"login, get request x request id":                     notFound,
		"registration, get as login request":                  notFound,
		"registration, get request unknown id":                notFound,
		"registration, get request no cookie":                 csrf,
		"profile, get request unknown id":                     notFound,
		"profile, get request malformed id":                   notFound,
		"bob, get alices profile request":                     denied,
		"errors, get unknown":                                 notFound,
		"errors, get no cookie":                               csrf,
		"errors, get other browser":                           csrf,
		"profile, update, session cookie without csrf cookie": csrf,
		"profile, update, no cookies at all":                  csrf,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := recorded(t, name)
			for _, accept := range []string{"text/html", "application/json"} {
				s := kratosreplay.StartT(t, kratosreplay.Options{Exchanges: []kratosreplay.Exchange{e}})
				res, err := ask(t, newAdapter(t, s.URL), callerOf(e, accept), e)
				got := new(adapters.Error)
				if !errors.As(err, &got) || got.Reason != want {
					t.Fatalf("answers %v (%v), want %v", res, err, want)
				}
				if strings.Contains(err.Error()+got.Message+got.Upstream.String(), "github.com/") {
					t.Errorf("the error holds a stack trace: %v", err)
				}
				if request := e.Request.Header.HTTP().Get("X-Request-Id"); request != got.Upstream.GetRequest() {
					t.Errorf("the error names the request %q, want %q", got.Upstream.GetRequest(), request)
				}
			}
		})
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

// TestNoSession: a flow that is somebody's own needs a session. That it is the session which is missing is made sure of.
func TestNoSession(t *testing.T) {
	t.Parallel()
	e := recorded(t, "profile, get request no cookies")
	for other, want := range map[string]kratosgrpcv1.ErrorReason{
		"whoami, no cookies":               kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION,
		"nodb, whoami with session cookie": kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE,
	} {
		whoami := recorded(t, other)
		whoami.Request.Header = e.Request.Header
		s := kratosreplay.StartT(t, kratosreplay.Options{Exchanges: []kratosreplay.Exchange{e, whoami}})
		_, err := ask(t, newAdapter(t, s.URL), callerOf(e, "text/html"), e)
		if got := new(adapters.Error); !errors.As(err, &got) || got.Reason != want {
			t.Errorf("with %q: got %v, want %v", other, err, want)
		}
	}
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
