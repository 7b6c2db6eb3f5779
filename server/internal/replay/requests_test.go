package replay

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosreplay"
)

// requestViews are those of Kratos 0.1: its own paths, those of 0.5 for the same operations, and gRPC.
var requestViews = []view{
	{"REST", askREST, views[0].headers},
	{"REST on 0.5's paths", func(t *testing.T, s *facade, e kratosreplay.Exchange) answer {
		t.Helper()
		e.Request.Line = asFlow(t, e.Request)
		return askREST(t, s, e)
	}, views[0].headers},
	{"gRPC", func(t *testing.T, s *facade, e kratosreplay.Exchange) answer {
		t.Helper()
		if e.Request.Header.HTTP().Get("Accept") == "" {
			// Who says nothing there is a program, and is answered with data.
			e = asBrowser(e)
		}
		return askGRPC(t, s, e)
	}, views[1].headers},
}

// flowPaths are the paths of Kratos 0.5, and the names of their parameter, for those of 0.1.
var flowPaths = map[string]struct{ path, parameter string }{
	"/self-service/browser/flows/login":                 {"/self-service/login/browser", ""},
	"/self-service/browser/flows/registration":          {"/self-service/registration/browser", ""},
	"/self-service/browser/flows/profile":               {"/self-service/settings/browser", ""},
	"/self-service/browser/flows/requests/login":        {"/self-service/login/flows", "id"},
	"/self-service/browser/flows/requests/registration": {"/self-service/registration/flows", "id"},
	"/self-service/browser/flows/requests/profile":      {"/self-service/settings/flows", "id"},
	"/self-service/browser/flows/profile/update":        {"/self-service/settings/methods/profile", "flow"},
}

// asFlow is a request's line as a client of 0.5 sends it.
func asFlow(t *testing.T, r kratosreplay.Request) string {
	t.Helper()
	method, target, err := r.Target()
	if err != nil {
		t.Fatal(err)
	}
	to, ok := flowPaths[target.Path]
	if !ok {
		// It is the same in both.
		return r.Line
	}
	query := target.Query()
	if to.parameter != "" {
		query.Set(to.parameter, query.Get("request"))
		query.Del("request")
	}
	return method + " " + (&url.URL{Path: to.path, RawQuery: query.Encode()}).String()
}

// TestReplayRequests has Kratos 0.1 answer, in front of which there are ten operations.
func TestReplayRequests(t *testing.T) {
	recordings, err := kratosreplay.Recordings(kratosreplay.V01)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range requestViews {
		t.Run(v.name, func(t *testing.T) {
			for _, r := range recordings {
				for _, e := range r.Exchanges {
					if namesNothing(t, e) {
						continue
					}
					t.Run(r.About+"/"+e.Name, func(t *testing.T) {
						t.Parallel()
						replay(t, v, r.API, requestDifferences, e, askedBeside(t, recordings, e)...)
					})
				}
			}
		})
	}
	checkUsed(t, requestDifferences)
}

// asBrowser is an exchange as a browser's: to Kratos 0.1 kratosgrpc always is one. What a request wishes for changes no answer
// to a GET, nor any to a form that does not say.
func asBrowser(e kratosreplay.Exchange) kratosreplay.Exchange {
	if !strings.HasPrefix(e.Request.Line, "GET ") && e.Request.Header.HTTP().Get("Accept") != "" {
		return e
	}
	header := slices.DeleteFunc(slices.Clone(e.Request.Header), func(line string) bool { return strings.HasPrefix(line, "Accept:") })
	e.Request.Header = append(header, "Accept: text/html")
	return e
}

// namesNothing tells whether a request does not say which flow, or which error, it is about.
func namesNothing(t *testing.T, e kratosreplay.Exchange) bool {
	t.Helper()
	_, target, err := e.Request.Target()
	if err != nil {
		t.Fatal(err)
	}
	query := target.Query()
	switch {
	case target.Path == "/self-service/errors":
		return query.Get("error") == ""
	case strings.HasPrefix(target.Path, "/self-service/browser/flows/requests/"), target.Path == "/self-service/browser/flows/profile/update":
		return query.Get("request") == ""
	default:
		return false
	}
}

// TestNothingIsNamed: what does not say what it is about is not sent on. Kratos 0.1 says of it what it says of what it does
// not know.
func TestNothingIsNamed(t *testing.T) {
	t.Parallel()
	recordings, err := kratosreplay.Recordings(kratosreplay.V01)
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, r := range recordings {
		for _, e := range r.Exchanges {
			if !namesNothing(t, e) {
				continue
			}
			s := start(t, adapterOf(t, r.API, kratosreplay.StartT(t, kratosreplay.Options{}).URL))
			got := askREST(t, s, e)
			said := member(decoded(got.body), "error")
			if got.status != http.StatusBadRequest || member(member(said, "details"), "reason") != "INVALID_REQUEST" {
				t.Errorf("%s: answers %d with %s", e.Name, got.status, got.body)
			}
			path, _, _ := strings.Cut(e.Request.Line, "?")
			shown[path] = true
		}
	}
	if len(shown) != 5 {
		t.Errorf("it was shown of %d operations, want those five that are about something: %v", len(shown), shown)
	}
}

// askedBeside is what kratosgrpc asks besides: where a flow is asked for and the browser is sent to the login, it makes
// sure that it is the session that is missing, and not Kratos's storage.
func askedBeside(t *testing.T, recordings []kratosreplay.Recording, e kratosreplay.Exchange) []kratosreplay.Exchange {
	t.Helper()
	if !strings.HasPrefix(e.Request.Line, "GET /self-service/browser/flows/requests/") || e.Response.Status != http.StatusFound {
		return nil
	}
	for _, r := range recordings {
		for _, other := range r.Exchanges {
			if other.Request.Line == "GET /sessions/whoami" && other.Response.Status == http.StatusUnauthorized && !isOutage(other) {
				other.Request.Header = asBrowser(e).Request.Header
				other.Response.Header = slices.DeleteFunc(slices.Clone(other.Response.Header), func(line string) bool { return strings.HasPrefix(line, "Set-Cookie") })
				return []kratosreplay.Exchange{other}
			}
		}
	}
	t.Fatal("it was not recorded what whoami says without a session")
	return nil
}

// isOutage tells whether Kratos refuses the caller since it could not read its storage, or its configuration.
func isOutage(e kratosreplay.Exchange) bool {
	refused := e.Response.Status == http.StatusUnauthorized || e.Response.Status == http.StatusForbidden
	body := string(e.Response.Bytes())
	return refused && (strings.Contains(body, "no such table") || strings.Contains(body, `"debug":"An internal server error`))
}

// TestChangeByProgram has a program change a profile, at the paths of 0.1 and of 0.5, by JSON and by a form: Kratos 0.1 takes
// forms alone, and does not say what has come of one.
func TestChangeByProgram(t *testing.T) {
	t.Parallel()
	const flow = ", get request"
	for name, c := range map[string]struct {
		after  string
		status int
	}{
		"profile, update, form ok unicode and html": {flow, http.StatusOK},
		"profile, update, form ok array two values": {flow, http.StatusOK},
		"profile, update, invalid values":           {flow, http.StatusBadRequest},
		"profile, update, no traits only csrf":      {flow, http.StatusBadRequest},
		"expired, post profile":                     {flow, http.StatusGone},
		"bob, update with alices request":           {flow + " as bob", http.StatusForbidden},
	} {
		e, after := recorded(t, name), recorded(t, name+c.after)
		for shape, body := range bodies(t, e) {
			for _, line := range []string{e.Request.Line, asFlow(t, e.Request)} {
				t.Run(name+"/"+shape+"/"+line, func(t *testing.T) {
					t.Parallel()
					upstream := kratosreplay.StartT(t, kratosreplay.Options{Exchanges: []kratosreplay.Exchange{e, after}})
					s := start(t, adapterOf(t, adapters.V01, upstream.URL))
					contentType := "application/json"
					if body.Form != nil {
						contentType = "application/x-www-form-urlencoded"
					}
					got := askREST(t, s, kratosreplay.Exchange{Request: kratosreplay.Request{
						Line: line, Body: body,
						Header: kratosreplay.Header{"Accept: application/json", "Content-Type: " + contentType, "Cookie: " + e.Request.Header.HTTP().Get("Cookie")},
					}})
					answer := decoded(got.body)
					if c.status == http.StatusOK {
						answer = member(answer, "flow")
					}
					if got.status != c.status {
						t.Errorf("answers %d with %s, want %d", got.status, got.body, c.status)
					}
					if c.status <= http.StatusBadRequest && (member(answer, "id") != at(after, "id") || member(answer, "form") == nil) {
						t.Errorf("answers %s, want the flow", got.body)
					}
				})
			}
		}
	}
}

// bodies are the ways in which a program may send a recorded form: as it is, and by JSON with traits in an object, or with the
// names that they have in the form.
func bodies(t *testing.T, e kratosreplay.Exchange) map[string]kratosreplay.Body {
	t.Helper()
	form, err := url.ParseQuery(string(e.Request.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	flat, nested := map[string]any{}, map[string]any{}
	for key, values := range form {
		var value any = values[0]
		if len(values) > 1 {
			value = values
		}
		flat[key] = value
		inner, path := nested, strings.Split(key, ".")
		for _, name := range path[:len(path)-1] {
			if inner[name] == nil {
				inner[name] = map[string]any{}
			}
			inner, _ = inner[name].(map[string]any)
		}
		inner[path[len(path)-1]] = value
	}
	return map[string]kratosreplay.Body{
		"form": {Form: e.Request.Form}, "JSON": {JSON: []byte(text(flat))}, "nested JSON": {JSON: []byte(text(nested))},
	}
}

// TestChangeWithoutSession: a program is told that there is no session, and led to the login; not where Kratos can't look for
// one.
func TestChangeWithoutSession(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		whoami string
		status int
	}{
		"profile, update, csrf ok without session": {"whoami, no cookies", http.StatusFound},
		"nodb, post profile":                       {"nodb, whoami with session cookie", http.StatusServiceUnavailable},
	} {
		e, whoami := recorded(t, name), asBrowser(recorded(t, c.whoami))
		cookie := "Cookie: " + e.Request.Header.HTTP().Get("Cookie")
		whoami.Request.Header = kratosreplay.Header{"Accept: text/html", cookie}
		upstream := kratosreplay.StartT(t, kratosreplay.Options{Exchanges: []kratosreplay.Exchange{e, whoami}})
		s := start(t, adapterOf(t, adapters.V01, upstream.URL))
		asked := e
		asked.Request.Header = kratosreplay.Header{"Accept: application/json", "Content-Type: application/x-www-form-urlencoded", cookie}
		got := askREST(t, s, asked)
		if got.status != c.status || c.status == http.StatusFound && got.location != recordedAnswer(e).location {
			t.Errorf("%s: answers %d to %q with %s", name, got.status, got.location, got.body)
		}
	}
}

// recorded finds what was recorded of Kratos 0.1 by its name.
func recorded(t *testing.T, name string) kratosreplay.Exchange {
	t.Helper()
	recordings, err := kratosreplay.Recordings(kratosreplay.V01)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range recordings {
		for _, e := range r.Exchanges {
			if e.Name == name {
				return e
			}
		}
	}
	t.Fatalf("%q was not recorded", name)
	return kratosreplay.Exchange{}
}
