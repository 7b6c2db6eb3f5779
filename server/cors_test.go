package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/server"
)

// TestCORS: scripts of other origins are let in if they are named, and nobody else's are.
func TestCORS(t *testing.T) {
	t.Parallel()
	const app, other = "https://app.example.org", "https://elsewhere.example.org"
	for name, c := range map[string]struct {
		configured []string
		origin     string
		allowed    bool
	}{
		"not configured":   {nil, app, false},
		"named":            {[]string{app}, app, true},
		"another one":      {[]string{app}, other, false},
		"another scheme":   {[]string{app}, "http://app.example.org", false},
		"a longer name":    {[]string{app}, app + ".evil.example", false},
		"no origin at all": {[]string{app}, "null", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, newAdapter(t, startStub(t, answers(http.StatusOK, stubSession)).URL), func(config *server.Config) { config.CORSOrigins = c.configured })
			for _, method := range []string{http.MethodGet, http.MethodOptions} {
				req, err := http.NewRequestWithContext(t.Context(), method, s.rest+"/sessions/whoami", http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Origin", c.origin)
				if method == http.MethodOptions {
					req.Header.Set("Access-Control-Request-Method", http.MethodPost)
					req.Header.Set("Access-Control-Request-Headers", "content-type")
				}
				res, err := s.http.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				_ = res.Body.Close()
				if methods := res.Header.Get("Access-Control-Allow-Methods"); (methods == http.MethodPost) != (c.allowed && method == http.MethodOptions) {
					t.Errorf("%s: the methods that are allowed are %q", method, methods)
				}
				origin, credentials := res.Header.Get("Access-Control-Allow-Origin"), res.Header.Get("Access-Control-Allow-Credentials")
				if c.allowed && (origin != c.origin || credentials != "true") || !c.allowed && (origin != "" || credentials != "") {
					t.Errorf("%s: the answer allows %q, with credentials %q", method, origin, credentials)
				}
			}
		})
	}
	for _, origin := range []string{
		"*", "https://*.example.org", "example.org", "https://example.org/", "ftp://example.org", "null", "",
		"https://example.org:443", "http://example.org:80", "https://Example.org", "HTTPS://example.org", "https://u@example.org", "https://example.org?",
	} {
		config := server.DefaultConfig()
		config.CORSOrigins = []string{origin}
		if err := config.Validate(); err == nil || !strings.Contains(err.Error(), "CORS") {
			t.Errorf("%q is taken for an origin: %v", origin, err)
		}
	}
}

// TestCORSOfErrors: a script can read what went wrong too.
func TestCORSOfErrors(t *testing.T) {
	t.Parallel()
	const app = "https://app.example.org"
	upstream := startStub(t, answers(http.StatusServiceUnavailable, ""))
	s := startServer(t, newAdapter(t, upstream.URL), func(c *server.Config) { c.CORSOrigins = []string{app, "https://other.example.org:8443"} })
	for path, want := range map[string]int{"/sessions/whoami": http.StatusServiceUnavailable, "/nowhere": http.StatusNotFound} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.rest+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", app)
		res, err := s.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if got := res.Header.Get("Access-Control-Allow-Origin"); got != app || res.StatusCode != want {
			t.Errorf("%s: %s, which %q may read", path, res.Status, got)
		}
		if vary := res.Header.Values("Vary"); !slices.Contains(vary, "Origin") {
			t.Errorf("%s: caches are not told that it depends on who asks: %q", path, vary)
		}
	}
}
