package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
)

// TestLegacyPaths asks by the paths and the parameters that Kratos 0.1, and for errors 1.x, have for what 0.5 has others
// for.
func TestLegacyPaths(t *testing.T) {
	kratos := kratostest.StartT(t, kratostest.Options{})
	s := startServer(t, newAdapter(t, kratos.PublicURL))
	f := &fixture{t: t, world: &runningWorld{kratos: kratos, server: s}, own: &grpcClient{conn: s.conn}}
	token := f.register().token
	login := f.start("Login", caller{})
	registration := f.start("Registration", caller{})
	settings := f.start("Settings", caller{sessionToken: token})

	for _, c := range []struct {
		method, path, body string
		status             int
		// contains is part of the Location of a redirect, or of the body.
		contains string
	}{
		{http.MethodGet, "/self-service/browser/flows/login", "", http.StatusFound, "/auth/login?flow="},
		{http.MethodGet, "/self-service/browser/flows/registration", "", http.StatusFound, "/auth/registration?flow="},
		{http.MethodGet, "/self-service/browser/flows/profile", "", http.StatusFound, "/settings?flow="},
		{http.MethodGet, "/self-service/browser/flows/logout", "", http.StatusFound, "/auth/login"},
		{http.MethodGet, "/self-service/browser/flows/requests/login?request=" + login, "", http.StatusOK, login},
		{http.MethodGet, "/self-service/browser/flows/requests/registration?request=" + registration, "", http.StatusOK, registration},
		{http.MethodGet, "/self-service/browser/flows/requests/profile?request=" + settings, "", http.StatusOK, settings},
		{
			http.MethodPost, "/self-service/browser/flows/profile/update?request=" + settings,
			"traits.email=" + newEmail() + "&traits.name.first=Legacy", http.StatusOK, "Legacy",
		},
		{http.MethodGet, "/self-service/errors?error=stub:500", "", http.StatusOK, "stub"},
		{http.MethodGet, "/self-service/errors?id=stub:500", "", http.StatusOK, "stub"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, s.rest+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.body != "" {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		if !strings.HasSuffix(c.path, "/logout") && c.contains != "/auth/login?flow=" && c.contains != "/auth/registration?flow=" {
			req.Header.Set("X-Session-Token", token)
		}
		res, err := s.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		answer := string(body) + res.Header.Get("Location")
		if res.StatusCode != c.status || !strings.Contains(answer, c.contains) {
			t.Errorf("%s %s answers %d %s, want %d and %q in it", c.method, c.path, res.StatusCode, answer, c.status, c.contains)
		}
	}
}
