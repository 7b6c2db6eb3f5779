package mesh

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// meshFlags are kratosgrpc's for the tests of a mesh. A slow machine is no reason to deny.
var meshFlags = []string{
	"--authz-timeout=1s", "--authz-login-url=" + loginURL, "--authz-header=x-session-id=id;x-email=identity.traits.email", "--authz-credential=remove",
}

// calls makes a gRPC call through Envoy, with metadata as pairs.
func (e *envoy) calls(t *testing.T, pairs ...string) *status.Status {
	t.Helper()
	_, err := healthpb.NewHealthClient(e.conn).Check(metadata.AppendToOutgoingContext(t.Context(), pairs...), &healthpb.HealthCheckRequest{})
	return status.Convert(err)
}

// TestEnvoy: a real Envoy, with the configuration that the README tells people to copy, lets those pass who may, and tells
// services who they are; and nobody else.
func TestEnvoy(t *testing.T) {
	t.Parallel()
	m := startMesh(t, meshFlags...)
	for name, edits := range map[string][]edit{
		"as it is": nil,
		// What kratosgrpc answers has to be enough by itself.
		"without Envoy's own precautions": {keepsSpoofed, passesUnders, showsHeaders},
		"with headers joined":             {joinsHeaders, keepsSpoofed, passesUnders, showsHeaders},
	} {
		t.Run(name, func(t *testing.T) {
			e := startEnvoy(t, m, edits...)
			verifyAllowed(t, m, e)
			verifySpoofed(t, m, e, len(edits) > 0)
			verifyDenied(t, m, e)
			verifyOdd(t, m, e, slices.Contains(edits, joinsHeaders))
			verifyGRPC(t, m, e)
			verifyCookies(t, m, e)
		})
	}
}

func verifyAllowed(t *testing.T, m *mesh, e *envoy) {
	t.Helper()
	for _, credential := range [][]string{
		{"X-Session-Token", m.ada.token}, {"Authorization", "Bearer " + m.ada.token}, {"Cookie", "theme=dark; " + m.ada.cookie + "; a=b"}, {"Cookie", m.ada.cookie},
	} {
		seen := m.web.passes(t, e.base, "/orders?page=2", m.ada.identity, credential...)
		if got := seen.Header.Get("X-Email"); got != m.ada.email {
			t.Errorf("the service is told the address %q", got)
		}
		if seen.Header.Get("X-Session-Id") == "" {
			t.Error("the service is not told the session's id")
		}
		for _, name := range []string{"X-Session-Token", "Authorization"} {
			if got := seen.Header.Get(name); got != "" {
				t.Errorf("the credential goes on to the service: %s: %s", name, got)
			}
		}
		want := ""
		if strings.HasPrefix(credential[1], "theme") {
			want = "theme=dark; a=b"
		}
		if got := seen.Header.Get("Cookie"); got != want {
			t.Errorf("the service has the cookies %q, want %q", got, want)
		}
	}
	if seen := m.web.passes(t, e.base, "/", m.ada.identity, "X-Session-Token", m.ada.token, "Authorization", "Basic eDp5", "Cookie", "a=b"); seen.Header.Get("Authorization") != "Basic eDp5" || seen.Header.Get("Cookie") != "a=b" {
		t.Errorf("what is none of Kratos's does not go on: %v", seen.Header)
	}
	m.web.passes(t, e.base, "/public/", "")
	m.web.passes(t, e.base, "/public/", "", "X-Session-Token", "nobody's")
	m.web.passes(t, e.base, "/public/", m.ada.identity, "X-Session-Token", m.ada.token)
	m.web.passes(t, e.base, "/beta/", m.ada.identity, "X-Session-Token", m.ada.token)

	var logged struct {
		RequestID string `json:"request_id"`
	}
	eventually(t, "the identity is in Envoy's log", func() bool {
		lines := e.output.lines(`"identity":"` + m.ada.identity + `"`)
		return len(lines) > 0 && json.Unmarshal([]byte(lines[0]), &logged) == nil
	})
	eventually(t, "kratosgrpc's log names the request as Envoy's does", func() bool {
		return logged.RequestID != "" && len(m.kratosgrpc.output.lines(`"request_id":"`+logged.RequestID+`"`)) > 0
	})
	eventually(t, "the reason is in Envoy's log", func() bool {
		_, _ = asks(t, e.base, "/")
		return len(e.output.lines(`"denied":"NO_ACTIVE_SESSION"`)) > 0
	})
}

// verifySpoofed checks that nobody says themselves who they are.
func verifySpoofed(t *testing.T, m *mesh, e *envoy, underscores bool) {
	t.Helper()
	spoofs := [][]string{
		{identityHeader, m.tester.identity},
		{identityHeader, m.tester.identity, identityHeader, "other"},
		{strings.ToLower(identityHeader), m.tester.identity, identityHeader, ""},
		{strings.ToUpper(identityHeader), m.tester.identity, "X-Email", "root@example.org", "X-Session-Id", "other"},
	}
	if underscores {
		spoofs = append(spoofs, []string{strings.ReplaceAll(identityHeader, "-", "_"), m.tester.identity})
	} else {
		m.web.isDenied(t, e.base, "/", http.StatusBadRequest, "X-Session-Token", m.ada.token, strings.ReplaceAll(identityHeader, "-", "_"), "other")
	}
	for _, spoof := range spoofs {
		seen := m.web.passes(t, e.base, "/", m.ada.identity, append([]string{"X-Session-Token", m.ada.token}, spoof...)...)
		if got := seen.Header.Values("X-Email"); !slices.Equal(got, []string{m.ada.email}) {
			t.Errorf("with %q the service is told the addresses %q", spoof, got)
		}
		seen = m.web.passes(t, e.base, "/public/", "", spoof...)
		if got := append(seen.Header.Values("X-Email"), seen.Header.Values("X-Session-Id")...); len(got) > 0 {
			t.Errorf("with %q and no session the service is told %q", spoof, got)
		}
		m.web.isDenied(t, e.base, "/", http.StatusUnauthorized, spoof...)
	}
	if st := e.calls(t, "x-session-token", m.ada.token, identityHeader, "other", identityHeader, "another"); st.Code() != codes.OK {
		t.Errorf("a call is answered %v", st)
	}
	if md, _ := m.api.seen(); !slices.Equal(md.Get(identityHeader), []string{m.ada.identity}) {
		t.Errorf("the gRPC service is told %q", md.Get(identityHeader))
	}
}

func verifyDenied(t *testing.T, m *mesh, e *envoy) {
	t.Helper()
	for _, credential := range [][]string{nil, {"X-Session-Token", "nobody's"}, {"Authorization", "Bearer nobody's"}, {"Cookie", sessionCookie + "=nobody's"}} {
		res, body := m.web.isDenied(t, e.base, "/orders?page=2", http.StatusUnauthorized, credential...)
		if res.Header.Get("Content-Type") != "application/json" || res.Header.Get("Cache-Control") != "no-store" || !strings.Contains(body, `"code":401`) {
			t.Errorf("who is denied reads %s, with %v", body, res.Header)
		}
	}
	res, _ := m.web.isDenied(t, e.base, "/orders?page=2", http.StatusSeeOther, "Accept", aBrowsers, "Cookie", sessionCookie+"=nobody's")
	if got, want := res.Header.Get("Location"), returningTo(e.base, "/orders?page=2"); got != want {
		t.Errorf("a browser is sent to %s, want %s", got, want)
	}
	res, _ = m.web.isDenied(t, e.base, "/admin/", http.StatusSeeOther, "Accept", aBrowsers, "Cookie", m.ada.cookie)
	if got, want := res.Header.Get("Location"), loginURL+"?aal=aal2&return_to="; !strings.HasPrefix(got, want) {
		t.Errorf("a browser without a second factor is sent to %s", got)
	}
	m.web.isDenied(t, e.base, "/admin/", http.StatusForbidden, "X-Session-Token", m.ada.token)
	m.web.isDenied(t, e.base, "/beta/", http.StatusForbidden, "X-Session-Token", m.tester.token)
	m.web.isDenied(t, e.base, "/beta/", http.StatusForbidden, "Accept", aBrowsers, "Cookie", m.tester.cookie)
	// Another spelling of a path is no way around what its route asks for.
	for _, path := range []string{"/public/../admin/", "//admin/", "/public/%2e%2e/admin/", "/./admin/"} {
		m.web.isDenied(t, e.base, path, http.StatusForbidden, "X-Session-Token", m.ada.token)
	}
	m.web.isDenied(t, e.base, "/public%2f..%2fadmin/", http.StatusBadRequest, "X-Session-Token", m.ada.token)
}

// verifyOdd checks headers that are there twice, or are no UTF-8.
func verifyOdd(t *testing.T, m *mesh, e *envoy, joined bool) {
	t.Helper()
	for _, twice := range [][]string{
		{"X-Session-Token", m.ada.token, "X-Session-Token", "nobody's"},
		{"X-Session-Token", "nobody's", "X-Session-Token", m.ada.token},
		{"X-Session-Token", m.ada.token, "x-session-token", m.tester.token},
		{"Authorization", "Bearer " + m.ada.token, "Authorization", "Bearer nobody's"},
		{"Authorization", "Basic eDp5", "Authorization", "Bearer " + m.ada.token},
	} {
		m.web.isDenied(t, e.base, "/", http.StatusBadRequest, twice...)
		m.web.isDenied(t, e.base, "/public/", http.StatusBadRequest, twice...)
	}
	m.web.passes(t, e.base, "/", m.ada.identity, "X-Session-Token", m.ada.token, "X-Session-Token", m.ada.token)

	for _, bytes := range []string{"\xff", "\xc3\x28", "ü", "a\x80b"} {
		status := http.StatusBadRequest
		if joined && bytes != "ü" {
			// Envoy replaces them by something that is in no token.
			status = http.StatusUnauthorized
		}
		m.web.isDenied(t, e.base, "/", status, "X-Session-Token", m.ada.token+bytes)
		m.web.isDenied(t, e.base, "/", http.StatusUnauthorized, "Cookie", sessionCookie+"="+bytes)
		m.web.isDenied(t, e.base, "/", http.StatusUnauthorized, "X-Other", bytes)
		m.web.passes(t, e.base, "/", m.ada.identity, "X-Session-Token", m.ada.token, "X-Other", bytes)
		m.web.passes(t, e.base, "/", m.ada.identity, "Cookie", "a="+bytes+"; "+m.ada.cookie)
		m.web.passes(t, e.base, "/public/", "", identityHeader, bytes)
	}
	if !joined {
		m.web.passes(t, e.base, "/", m.ada.identity, "Cookie", "a=b", "Cookie", m.ada.cookie)
	}
}

func verifyGRPC(t *testing.T, m *mesh, e *envoy) {
	t.Helper()
	_, before := m.api.seen()
	if st := e.calls(t, "authorization", "Bearer "+m.ada.token); st.Code() != codes.OK {
		t.Errorf("a call with a session is answered %v", st)
	}
	md, n := m.api.seen()
	if n != before+1 || !slices.Equal(md.Get(identityHeader), []string{m.ada.identity}) || len(md.Get("authorization")) > 0 {
		t.Errorf("the gRPC service is told %v", md)
	}
	if st := e.calls(t); st.Code() != codes.Unauthenticated || st.Message() != "No valid session credentials found in the request." {
		t.Errorf("a call without a session is answered %v", st)
	}
	if st := e.calls(t, "x-session-token", "a", "x-session-token", "b"); st.Code() != codes.InvalidArgument {
		t.Errorf("a call with two tokens is answered %v", st)
	}
	m.gate.with(busy, func() {
		if st := e.calls(t, "x-session-token", m.ada.token); st.Code() != codes.ResourceExhausted {
			t.Errorf("while Kratos has a limit, a call is answered %v", st)
		}
	})
	m.gate.whileSlow(func() {
		if st := e.calls(t, "x-session-token", m.ada.token); st.Code() != codes.Unavailable {
			t.Errorf("while Kratos is slow, a call is answered %v", st)
		}
	})
	if _, now := m.api.seen(); now != n {
		t.Errorf("%d calls that were denied reach the service", now-n)
	}
}

// verifyCookies checks that a cookie that Kratos renews comes to the browser, beside the service's own.
func verifyCookies(t *testing.T, m *mesh, e *envoy) {
	t.Helper()
	m.gate.with(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Add("Set-Cookie", sessionCookie+"=new; Path=/; HttpOnly")
		w.Header().Add("Set-Cookie", "csrf_token_x=y; Path=/")
		_, _ = fmt.Fprintf(w, `{"id":"s","active":true,"identity":{"id":"i","schema_id":"d","traits":{}}}`)
	}, func() {
		res, _ := asks(t, e.base, "/", "Cookie", sessionCookie+"=old")
		got := slices.Sorted(slices.Values(res.Header.Values("Set-Cookie")))
		want := []string{"csrf_token_x=y; Path=/", sessionCookie + "=new; Path=/; HttpOnly", "web=1"}
		if res.StatusCode != http.StatusOK || !slices.Equal(got, want) {
			t.Errorf("answered %d with the cookies %q, want %q", res.StatusCode, got, want)
		}
	})
}

// TestEnvoyOutages: whatever is down or slow, nobody passes who was not let pass; and nobody's session is taken for none.
func TestEnvoyOutages(t *testing.T) {
	t.Parallel()
	m := startMesh(t, meshFlags...)
	strict, lenient := startEnvoy(t, m), startEnvoy(t, m, lettingPass)
	token := []string{"X-Session-Token", m.ada.token}
	browser := []string{"Accept", aBrowsers, "Cookie", m.ada.cookie}
	both := func(check func(t *testing.T, e *envoy)) {
		t.Helper()
		check(t, strict)
		check(t, lenient)
	}
	unavailable := func(t *testing.T, e *envoy) {
		t.Helper()
		for _, path := range []string{"/", "/public/", "/admin/", "/beta/"} {
			m.web.isDenied(t, e.base, path, http.StatusServiceUnavailable, token...)
			m.web.isDenied(t, e.base, path, http.StatusServiceUnavailable, browser...)
		}
		if st := e.calls(t, "x-session-token", m.ada.token); st.Code() != codes.Unavailable {
			t.Errorf("a call is answered %v", st)
		}
		// Who has no credential has no session, whatever Kratos does.
		m.web.isDenied(t, e.base, "/", http.StatusUnauthorized)
		m.web.passes(t, e.base, "/public/", "", identityHeader, "other")
	}

	both(func(t *testing.T, e *envoy) {
		t.Helper()
		m.web.passes(t, e.base, "/", m.ada.identity, token...)
	})
	m.gate.whileSlow(func() {
		both(func(t *testing.T, e *envoy) {
			t.Helper()
			m.web.isDenied(t, e.base, "/", http.StatusServiceUnavailable, token...)
			m.web.isDenied(t, e.base, "/public/", http.StatusServiceUnavailable, browser...)
			if st := e.calls(t, "x-session-token", m.ada.token); st.Code() != codes.Unavailable {
				t.Errorf("a call is answered %v", st)
			}
		})
	})
	answersAgain := func() {
		t.Helper()
		eventually(t, "Kratos answers again", func() bool {
			res, _ := asks(t, strict.base, "/", token...)
			return res.StatusCode == http.StatusOK
		})
	}
	// Whoever asks about the same session waits for the same answer.
	answersAgain()
	m.gate.with(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, func() { both(unavailable) })
	// A Kratos that was down is asked again after a moment.
	answersAgain()
	m.gate.with(busy, func() {
		both(func(t *testing.T, e *envoy) {
			t.Helper()
			res, _ := m.web.isDenied(t, e.base, "/", http.StatusTooManyRequests, token...)
			if got := res.Header.Get("Retry-After"); got != "7" {
				t.Errorf("Retry-After is %q", got)
			}
		})
	})
	both(func(t *testing.T, e *envoy) {
		t.Helper()
		m.web.passes(t, e.base, "/", m.ada.identity, token...)
	})
	m.kratos.Kill()
	both(unavailable)

	// From here on there is nobody to ask, and it is Envoy that decides.
	m.kratosgrpc.kill()
	for _, path := range []string{"/", "/public/", "/admin/"} {
		m.web.isDenied(t, strict.base, path, http.StatusServiceUnavailable, token...)
		m.web.passes(t, lenient.base, path, "", append(token, identityHeader, "other", "X-Email", "root@example.org")...)
	}
	if st := strict.calls(t, "x-session-token", m.ada.token); st.Code() != codes.Unavailable {
		t.Errorf("a call is answered %v", st)
	}
	if st := lenient.calls(t, "x-session-token", m.ada.token, identityHeader, "other"); st.Code() != codes.OK {
		t.Errorf("a call is answered %v", st)
	}
	if md, _ := m.api.seen(); len(md.Get(identityHeader)) > 0 {
		t.Errorf("the gRPC service is told %q", md.Get(identityHeader))
	}
	verifyNoSecrets(t, m, strict, lenient)
}

// verifyNoSecrets checks that nobody's log has a credential.
func verifyNoSecrets(t *testing.T, m *mesh, envoys ...*envoy) {
	t.Helper()
	_, session, _ := strings.Cut(m.ada.cookie, sessionCookie+"=")
	session, _, _ = strings.Cut(session, ";")
	logs := []string{m.kratosgrpc.output.String()}
	for _, e := range envoys {
		logs = append(logs, e.output.String())
	}
	for _, log := range logs {
		if strings.Contains(log, m.ada.token) || strings.Contains(log, session) {
			t.Error("a log has a credential")
		}
	}
}
