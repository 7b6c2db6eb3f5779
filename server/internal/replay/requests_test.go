package replay

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

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
	{"gRPC", askGRPC, views[1].headers},
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
				other.Request.Header = e.Request.Header
				other.Response.Header = slices.DeleteFunc(slices.Clone(other.Response.Header), func(line string) bool { return strings.HasPrefix(line, "Set-Cookie") })
				return []kratosreplay.Exchange{other}
			}
		}
	}
	t.Fatal("it was not recorded what whoami says without a session")
	return nil
}

// isOutage tells whether Kratos says that there is no session since it could not look for one.
func isOutage(e kratosreplay.Exchange) bool {
	debug, _ := at(e, "error", "debug").(string)
	return e.Response.Status == http.StatusUnauthorized && !strings.HasPrefix(debug, "error=request does not have a valid authentication session")
}

// TestChangeByJSON has a program change a profile, at the paths of 0.1 and of 0.5: Kratos 0.1 takes forms alone, and does
// not say what has come of one.
func TestChangeByJSON(t *testing.T) {
	t.Parallel()
	recordings, err := kratosreplay.Recordings(kratosreplay.V01)
	if err != nil {
		t.Fatal(err)
	}
	find := func(name string) kratosreplay.Exchange {
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
	for name, want := range map[string]int{
		"profile, update, form ok unicode and html": http.StatusOK, "profile, update, invalid values": http.StatusBadRequest,
	} {
		e, after := find(name), find(name+", get request")
		for _, line := range []string{e.Request.Line, asFlow(t, e.Request)} {
			form, err := url.ParseQuery(string(e.Request.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			flat := map[string]any{}
			for key := range form {
				flat[key] = form.Get(key)
			}
			body, err := json.Marshal(flat)
			if err != nil {
				t.Fatal(err)
			}
			upstream := kratosreplay.StartT(t, kratosreplay.Options{Exchanges: []kratosreplay.Exchange{e, after}})
			s := start(t, adapterOf(t, "v0.1", upstream.URL))
			asked := kratosreplay.Exchange{Request: kratosreplay.Request{
				Line: line, Body: kratosreplay.Body{JSON: body},
				Header: kratosreplay.Header{"Accept: application/json", "Content-Type: application/json", "Cookie: " + e.Request.Header.HTTP().Get("Cookie")},
			}}
			got := askREST(t, s, asked)
			answer := decoded(got.body)
			if flow := member(answer, "flow"); want == http.StatusOK {
				answer = flow
			}
			if got.status != want || member(answer, "id") != at(after, "id") || member(answer, "form") == nil {
				t.Errorf("%s at %s answers %d with %s", name, line, got.status, got.body)
			}
		}
	}
}
