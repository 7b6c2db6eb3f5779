package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// TestPublicURL has a browser that sees the server under a host of its own, and a Kratos that knows nothing of it.
func TestPublicURL(t *testing.T) {
	const public = "https://auth.example.org/account"
	kratos := kratostest.StartT(t, kratostest.Options{PrivilegedSessionMaxAge: time.Millisecond})
	s := startServer(t, newAdapter(t, kratos.PublicURL), func(c *server.Config) {
		c.PublicURL = public
		c.KratosURLs = []string{kratos.PublicURL}
		c.CookieDomain = server.NoCookieDomain
	})
	var cookies []*http.Cookie
	ask := func(method, path, body string) (*http.Response, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, s.rest+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if body != "" {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for _, cookie := range cookies {
			req.AddCookie(cookie)
		}
		res, err := s.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		data, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(res.Header.Get("Set-Cookie"), "Domain=") {
			t.Errorf("%s %s: the cookie still has a domain: %s", method, path, res.Header.Get("Set-Cookie"))
		}
		cookies = append(cookies, res.Cookies()...)
		return res, string(data)
	}
	flowOf := func(res *http.Response) string { return flowIn(t, res.Header.Get("Location")) }
	form := func(kind, flow, method string) (action, csrf string) {
		_, body := ask(http.MethodGet, "/self-service/"+kind+"/flows?id="+flow, "")
		var f struct {
			RequestURL string `json:"request_url"`
			Methods    map[string]struct {
				Config struct {
					Action string
					Fields []struct {
						Name  string
						Value any
					}
				}
			}
		}
		if err := json.Unmarshal([]byte(body), &f); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(f.RequestURL, kratos.PublicURL+"/") {
			t.Errorf("the request URL is %s: it says what Kratos saw, and is not to be rewritten", f.RequestURL)
		}
		for _, field := range f.Methods[method].Config.Fields {
			if field.Name == "csrf_token" {
				csrf, _ = field.Value.(string)
			}
		}
		return f.Methods[method].Config.Action, csrf
	}

	res, _ := ask(http.MethodGet, "/self-service/registration/browser", "")
	if location := res.Header.Get("Location"); !strings.HasPrefix(location, "http://127.0.0.1:4455/") {
		t.Errorf("the redirect to the UI leads to %s: it is not Kratos's, and is not to be rewritten", location)
	}
	flow := flowOf(res)
	action, csrf := form("registration", flow, "password")
	if want := public + "/self-service/registration/methods/password?flow=" + flow; action != want {
		t.Errorf("the form's action is %s, want %s", action, want)
	}
	ask(http.MethodPost, "/self-service/registration/methods/password?flow="+flow, url.Values{
		"csrf_token": {csrf}, "traits.email": {newEmail()}, "password": {"no-machine-for-this"},
	}.Encode())

	_, session := ask(http.MethodGet, "/sessions/whoami", "")
	if want := `"schema_url":"` + public + `/schemas/default"`; !strings.Contains(session, want) {
		t.Errorf("the session is %s, want %s in it", session, want)
	}

	res, _ = ask(http.MethodGet, "/self-service/settings/browser", "")
	flow = flowOf(res)
	_, csrf = form("settings", flow, "password")
	res, _ = ask(http.MethodPost, "/self-service/settings/methods/password?flow="+flow, url.Values{
		"csrf_token": {csrf}, "password": {"no-machine-for-that"},
	}.Encode())
	location := res.Header.Get("Location")
	if !strings.HasPrefix(location, public+"/self-service/login/browser?") {
		t.Errorf("the redirect to Kratos itself leads to %s", location)
	}
	if back := queryOf(t, location).Get("return_to"); !strings.HasPrefix(back, kratos.PublicURL+"/") {
		t.Errorf("return_to is %s: Kratos checks it by its own URL, so it is not to be rewritten", back)
	}
}
