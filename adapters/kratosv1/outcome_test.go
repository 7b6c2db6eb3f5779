package kratosv1_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv1"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// serve returns an adapter in front of a server that stands in for Kratos.
func serve(t *testing.T, routes map[string]http.HandlerFunc) *kratosv1.Adapter {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Cookie")
		route := routes[r.Method+" "+r.URL.Path]
		if route == nil {
			t.Errorf("%s %s was not to be asked", r.Method, r.URL)
			http.NotFound(w, r)
			return
		}
		route(w, r)
	}))
	t.Cleanup(server.Close)
	adapter, err := kratosv1.New(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return adapter
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Set-Cookie", "csrf_token_abc=new; Path=/")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func lead(location string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, location, http.StatusSeeOther) }
}

func inBrowser(accept string) *adapters.Exchange {
	return &adapters.Exchange{Caller: adapters.Caller{Accept: accept, Cookies: []string{"csrf_token_abc=old; ory_kratos_session=s; other=o"}}}
}

// TestSubmission: a completion is JSON of which the Accept header alone decides how it is answered.
func TestSubmission(t *testing.T) {
	t.Parallel()
	a := serve(t, map[string]http.HandlerFunc{"POST /self-service/settings": func(w http.ResponseWriter, r *http.Request) {
		body := new(strings.Builder)
		_ = r.Write(body)
		for _, want := range []string{"Accept: text/html\r\n", "Content-Type: application/json; charset=utf-8\r\n", "Cookie: csrf_token_abc=old; ory_kratos_session=s\r\n", `"method":"profile"`, `"traits":{"list":[],"none":null,"objects":[{"a":1}]}`, `"csrf_token":"token"`} {
			if !strings.Contains(body.String(), want) {
				t.Errorf("no %s in\n%s", want, body)
			}
		}
		lead("https://ui.example.org/settings?flow=1")(w, r)
	}})
	traits, err := structpb.NewStruct(map[string]any{"none": nil, "list": []any{}, "objects": []any{map[string]any{"a": 1}}})
	if err != nil {
		t.Fatal(err)
	}
	res, err := a.CompleteSettingsFlowWithProfileMethod(t.Context(), inBrowser("text/html"), &kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest{
		Flow: "1", Payload: &kratosgrpcv1.SettingsProfilePayload{Traits: traits, CsrfToken: "token"},
	})
	if err != nil || res.GetRedirect().GetFlowId() != "1" {
		t.Errorf("got %v, %v", res, err)
	}
}

func TestLocationChange(t *testing.T) {
	t.Parallel()
	const provider = "https://github.com/login/oauth/authorize?state=1"
	a := serve(t, map[string]http.HandlerFunc{"POST /self-service/settings": answer(422,
		`{"error":{"id":"browser_location_change_required","code":422,"status":"Unprocessable Entity","reason":"r","message":"m"},"redirect_browser_to":"`+provider+`"}`)})
	x := inBrowser("application/json")
	res, err := a.CompleteBrowserSettingsOidcSettingsFlow(t.Context(), x, &kratosgrpcv1.CompleteBrowserSettingsOidcSettingsFlowRequest{Flow: "1", Payload: &kratosgrpcv1.SettingsOidcPayload{Link: "github"}})
	if err != nil || res.GetRedirect().GetLocation() != provider || len(x.Answer.SetCookies) != 1 {
		t.Errorf("got %v, %v, cookies %v", res, err, x.Answer.SetCookies)
	}
}

// TestCookies: a browser gets those that come with its flow, an API flow gets none.
func TestCookies(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]int{"login_wrong_password": 0, "login_browser": 1} {
		flow, err := os.ReadFile("testdata/flows/" + file + ".json")
		if err != nil {
			t.Fatal(err)
		}
		a := serve(t, map[string]http.HandlerFunc{"POST /self-service/login": answer(400, string(flow))})
		x := inBrowser("application/json")
		res, err := a.CompleteLoginFlowWithPasswordMethod(t.Context(), x, &kratosgrpcv1.CompleteLoginFlowWithPasswordMethodRequest{Flow: "1"})
		if err != nil || res.GetFlow().GetId() == "" || len(x.Answer.SetCookies) != want {
			t.Errorf("%s: got %v, %v and %d cookies, want %d", file, res, err, len(x.Answer.SetCookies), want)
		}
	}
}

// TestErrorShown: the parameter "id" of a location is an error's only if Kratos knows such an error.
func TestErrorShown(t *testing.T) {
	t.Parallel()
	const id = "66608364-6011-4005-9ff3-bc77f0b31724"
	for name, c := range map[string]struct {
		location, want string
		known          http.HandlerFunc
	}{
		"error":          {"https://ui.example.org/error?id=" + id, id, answer(200, `{"id":"`+id+`","error":{"code":404}}`)},
		"another's id":   {"https://app.example.org/order?id=" + id, "", answer(404, `{"error":{"code":404}}`)},
		"no id of ours":  {"https://app.example.org/order?id=7&error=no", "", nil},
		"flow":           {"https://ui.example.org/login?flow=1&id=" + id, "", nil},
		"Kratos is away": {"https://ui.example.org/error?id=" + id, "", answer(503, "")},
	} {
		routes := map[string]http.HandlerFunc{"GET /self-service/login/browser": lead(c.location)}
		if c.known != nil {
			routes["GET /self-service/errors"] = c.known
		}
		res, err := serve(t, routes).InitializeLoginViaBrowserFlow(t.Context(), inBrowser("application/json"), &kratosgrpcv1.InitializeLoginViaBrowserFlowRequest{})
		location := c.location
		if c.want != "" {
			// By the name that a user interface of 0.5 knows, too.
			location += "&error=" + c.want
		}
		if err != nil || res.GetRedirect().GetErrorId() != c.want || res.GetRedirect().GetLocation() != location {
			t.Errorf("%s: got %v, %v, want the error %q", name, res, err, c.want)
		}
	}
}

// TestReplacement: what Kratos starts in place of a recovery is a browser's flow, of no use to an API client.
func TestReplacement(t *testing.T) {
	t.Parallel()
	a := serve(t, map[string]http.HandlerFunc{"POST /self-service/recovery": lead("/self-service/recovery/flows?id=2")})
	for want, x := range map[string]*adapters.Exchange{"2": inBrowser("application/json"), "": {Caller: adapters.Caller{Accept: "application/json"}}} {
		_, err := a.CompleteRecoveryFlowWithLinkMethod(t.Context(), x, &kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodRequest{Flow: "1", Payload: &kratosgrpcv1.RecoveryLinkPayload{}})
		if e, ok := errors.AsType[*adapters.Error](err); !ok || e.Reason != kratosgrpcv1.ErrorReason_ERROR_REASON_FLOW_EXPIRED || e.ReplacementFlowID != want {
			t.Errorf("got %v, want the replacement %q", err, want)
		}
	}
}

// TestLogoutWithoutSession: a browser that has no session goes where it wants to, if Kratos knows the place.
func TestLogoutWithoutSession(t *testing.T) {
	t.Parallel()
	const login, back = "https://ui.example.org/login?flow=1", "https://app.example.org/bye"
	for name, c := range map[string]struct{ returnTo, leads, want string }{
		"nowhere":      {"", login, login},
		"somewhere":    {back, login, back},
		"forbidden":    {"https://evil.example", "https://ui.example.org/error", "https://ui.example.org/error"},
		"no host":      {"/bye", login, login},
		"no authority": {"//evil.example", login, login},
	} {
		a := serve(t, map[string]http.HandlerFunc{
			"GET /self-service/logout/browser": answer(401, `{"error":{"id":"session_inactive","code":401,"status":"Unauthorized","message":"m"}}`),
			"GET /self-service/login/browser": func(w http.ResponseWriter, r *http.Request) {
				if got := r.URL.Query().Get("return_to"); got != c.returnTo {
					t.Errorf("%s: Kratos is asked about %q", name, got)
				}
				lead(c.leads)(w, r)
			},
		})
		res, err := a.InitializeBrowserLogoutFlow(t.Context(), inBrowser("text/html"), &kratosgrpcv1.InitializeBrowserLogoutFlowRequest{ReturnTo: c.returnTo})
		if err != nil || res.GetRedirect().GetLocation() != c.want {
			t.Errorf("%s: got %v, %v, want %s", name, res, err, c.want)
		}
	}
}
