package detect_test

import (
	"strings"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/detect"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosreplay"
)

// TestReplay finds Kratos 0.1 by what a real one answered: of a request and an error that it does not know, of a session that
// is none, and of paths that it does not have.
func TestReplay(t *testing.T) {
	t.Parallel()
	recordings, err := kratosreplay.Recordings(kratosreplay.V01)
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]kratosreplay.Response{}
	for _, r := range recordings {
		for _, e := range r.Exchanges {
			answers[e.Name] = e.Response
		}
	}
	// Recorded as well, but of no operation.
	missing := kratosreplay.Response{Status: 404, Header: kratosreplay.Header{"Content-Type: text/plain; charset=utf-8", "Vary: Cookie"}, Body: kratosreplay.Body{Text: "404 page not found\n"}}
	version := kratosreplay.Response{Status: 200, Header: kratosreplay.Header{"Content-Type: application/json", "Vary: Cookie"}, Body: kratosreplay.Body{JSON: []byte(`{"version":""}`)}}

	var exchanges []kratosreplay.Exchange
	for line, answer := range map[string]kratosreplay.Response{
		"GET /self-service/errors?error=stub%3A500&id=stub%3A500":                                     answers["errors, get malformed"],
		"GET /self-service/browser/flows/requests/login?request=b5a4f1ee-4f0b-4b1c-9d0e-7b0c7d7a5e11": answers["login, get request unknown id"],
		"GET /self-service/login/flows?id=b5a4f1ee-4f0b-4b1c-9d0e-7b0c7d7a5e11":                       missing,
		"GET /schemas":         missing,
		"GET /sessions/whoami": answers["whoami, no cookies"],
		"GET /version":         version,
	} {
		if answer.Status == 0 {
			t.Fatalf("what answers %s was not recorded", line)
		}
		exchanges = append(exchanges, kratosreplay.Exchange{
			Name: strings.TrimPrefix(line, "GET "), Request: kratosreplay.Request{Line: line, Header: kratosreplay.Header{"Accept: application/json"}}, Response: answer,
		})
	}
	s := kratosreplay.StartT(t, kratosreplay.Options{Exchanges: exchanges, AllowUnused: true})
	if found, err := detect.Generation(t.Context(), s.URL); err != nil || found.API != adapters.V01 {
		t.Errorf("found %+v (%v), want %s", found, err, adapters.V01)
	}
}
