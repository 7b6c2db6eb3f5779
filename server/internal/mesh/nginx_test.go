package mesh

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const noNginx = "there is no nginx: install Debian's package nginx, or put nginx in PATH"

// startNginx starts a real nginx with the configuration that the README tells people to copy, and returns its base URL.
func startNginx(t *testing.T, m *mesh) string {
	t.Helper()
	program := needed(t, "NGINX", noNginx, "nginx", "/usr/sbin/nginx")
	data, err := os.ReadFile(filepath.Join("..", "..", "nginx.conf"))
	if err != nil {
		t.Fatal(err)
	}
	address, folder := freeAddress(t), t.TempDir()
	// A slow machine is no reason to deny.
	config := strings.ReplaceAll(string(data), "proxy_read_timeout 1s;", "proxy_read_timeout 2s;")
	config = edited(t, "nginx.conf", config,
		edit{"listen 8000;", "listen " + address + ";"},
		edit{"server kratosgrpc:8080;", "server " + m.restAddress + ";"},
		edit{"server web:8080;", "server " + m.web.address + ";"},
		// What a package says at compile time, and what it may not write to here.
		edit{"http {\n", "http {\n    access_log stderr; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n"},
	)
	file := filepath.Join(folder, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	nginx := startProcess(t, program, "-p", folder, "-c", file, "-e", "stderr", "-g", "daemon off; master_process off; pid nginx.pid;")
	eventually(t, "nginx is ready", func() bool {
		if !nginx.running() {
			t.Fatal("nginx ended")
		}
		res, err := http.Get("http://" + address + "/public/")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	return "http://" + address
}

// TestNginx: a real nginx, with the configuration that the README tells people to copy, lets those pass who may, and tells the
// service who they are; and nobody else, whatever is down.
func TestNginx(t *testing.T) {
	t.Parallel()
	m := startMesh(t)
	base := startNginx(t, m)
	token := []string{"X-Session-Token", m.ada.token}
	spoof := []string{identityHeader, m.tester.identity, identityHeader, "other", strings.ReplaceAll(identityHeader, "-", "_"), "other"}

	for _, credential := range [][]string{token, {"Authorization", "Bearer " + m.ada.token}, {"Cookie", "theme=dark; " + m.ada.cookie}} {
		m.web.passes(t, base, "/orders?page=2", m.ada.identity, credential...)
		m.web.passes(t, base, "/", m.ada.identity, append(credential, spoof...)...)
		m.web.passes(t, base, "/public/", m.ada.identity, append(credential, spoof...)...)
	}
	m.web.passes(t, base, "/public/", "", spoof...)
	m.web.passes(t, base, "/public/", "", "X-Session-Token", "nobody's", identityHeader, "other")
	for _, credential := range [][]string{nil, {"X-Session-Token", "nobody's"}, {"Authorization", "Bearer nobody's"}, {"Cookie", sessionCookie + "=nobody's"}, {"Accept", "text/html", "Sec-Fetch-Mode", "cors"}} {
		m.web.isDenied(t, base, "/", http.StatusUnauthorized, append(credential, spoof...)...)
	}
	for path, back := range map[string]string{"/orders?page=2&return_to=https://evil.example.org": "/orders", "/a%0d%0ab&c": "/a%0d%0ab", "//evil.example.org/": "//evil.example.org/"} {
		res, _ := m.web.isDenied(t, base, path, http.StatusSeeOther, "Accept", aBrowsers)
		if got, want := res.Header.Get("Location"), loginURL+"?return_to=https://app.example.org"+back; got != want {
			t.Errorf("from %s a browser is sent to %s, want %s", path, got, want)
		}
	}
	// Nobody asks for it from outside, and no query of the caller's goes to Kratos.
	for _, path := range []string{"/_whoami", "/_whoami_if_any"} {
		m.web.isDenied(t, base, path, http.StatusNotFound, token...)
	}
	m.web.passes(t, base, "/?tokenize_as=x", m.ada.identity, token...)
	m.web.passes(t, base, "/", m.ada.identity, append(token, "Cache-Control", "no-cache")...)

	for _, twice := range [][]string{{"X-Session-Token", m.ada.token, "X-Session-Token", "nobody's"}, {"X-Session-Token", "nobody's", "X-Session-Token", m.ada.token}, {"X-Session-Token", m.ada.token + "\xff"}} {
		m.web.isDenied(t, base, "/", http.StatusBadRequest, twice...)
		m.web.isDenied(t, base, "/public/", http.StatusBadRequest, twice...)
	}
	m.web.isDenied(t, base, "/", http.StatusUnauthorized, "Cookie", sessionCookie+"=\xff")
	m.gate.with(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Add("Set-Cookie", sessionCookie+"=new; Path=/; HttpOnly")
		_, _ = io.WriteString(w, `{"id":"s","active":true,"identity":{"id":"i","schema_id":"d","traits":{}}}`)
	}, func() {
		res, _ := asks(t, base, "/", "Cookie", sessionCookie+"=old")
		got := slices.Sorted(slices.Values(res.Header.Values("Set-Cookie")))
		if want := []string{sessionCookie + "=new; Path=/; HttpOnly", "web=1"}; res.StatusCode != http.StatusOK || !slices.Equal(got, want) {
			t.Errorf("answered %d with the cookies %q, want %q", res.StatusCode, got, want)
		}
	})
	m.gate.with(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"redirect_browser_to":"http://ui/login?aal=aal2","error":{"id":"session_aal2_required","code":403,"message":"aal2"}}`)
	}, func() {
		m.web.isDenied(t, base, "/", http.StatusForbidden, token...)
		m.web.isDenied(t, base, "/public/", http.StatusForbidden, token...)
	})
	m.gate.with(busy, func() {
		m.web.isDenied(t, base, "/", http.StatusTooManyRequests, token...)
		m.web.isDenied(t, base, "/public/", http.StatusTooManyRequests, token...)
	})

	unavailable := func() {
		t.Helper()
		for _, path := range []string{"/", "/public/"} {
			m.web.isDenied(t, base, path, http.StatusServiceUnavailable, append(token, spoof...)...)
			m.web.isDenied(t, base, path, http.StatusServiceUnavailable, "Accept", aBrowsers, "Cookie", m.ada.cookie)
		}
	}
	m.gate.whileSlow(unavailable)
	m.kratos.Kill()
	unavailable()
	m.kratosgrpc.kill()
	unavailable()
	m.web.isDenied(t, base, "/", http.StatusServiceUnavailable)
}
