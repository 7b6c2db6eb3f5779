package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

const (
	toldAllowed   = "OK x-kratos-authenticated-identity-id=" + cannedIdentity
	toldAnonymous = "OK -x-kratos-authenticated-identity-id"
	toldNoSession = "Unauthenticated 401 NO_ACTIVE_SESSION <cache-control=no-store <content-type=application/json"
	toldInvalid   = "InvalidArgument 400 INVALID_REQUEST <cache-control=no-store <content-type=application/json"
	toldUnknown   = "Unavailable 503 UPSTREAM_UNAVAILABLE <cache-control=no-store <content-type=application/json"
	toldMistaken  = "Internal 500 INTERNAL <cache-control=no-store <content-type=application/json"
)

// TestAuthzVerdicts: what Envoy is told of a request, in both forms that it sends headers in.
func TestAuthzVerdicts(t *testing.T) {
	t.Parallel()
	s, _ := startAuthz(t, knows("good"), func(c *server.Config) { c.Authz.LoginURL = "https://id.example.org/login" })
	html := "text/html,application/xhtml+xml;q=0.9"
	for name, c := range map[string]struct {
		request
		want string
	}{
		"session token":                       {request{headers: map[string]string{"x-session-token": "good"}}, toldAllowed},
		"bearer token":                        {request{headers: map[string]string{"authorization": "bearer good"}}, toldAllowed},
		"cookie":                              {request{headers: map[string]string{"cookie": "a=b; ory_kratos_session=good"}}, toldAllowed},
		"cookie beside bytes of others":       {request{raw: raw("cookie", "a=\xff\xfe; ory_kratos_session=good; ü=ü")}, toldAllowed},
		"cookies in two headers":              {request{raw: raw("cookie", "a=b", "cookie", "ory_kratos_session=good")}, toldAllowed},
		"another's authorization":             {request{headers: map[string]string{"authorization": "Basic eDp5", "x-session-token": "good"}}, toldAllowed},
		"another's authorization with commas": {request{headers: map[string]string{"authorization": `Digest username="x", realm="y"`, "x-session-token": "good"}}, toldAllowed},
		"the same token twice":                {request{headers: map[string]string{"x-session-token": "good,good"}}, toldAllowed},
		"the same token twice, raw":           {request{raw: raw("x-session-token", "good", "X-Session-Token", "good")}, toldAllowed},
		"optional, with a session":            {request{headers: map[string]string{"x-session-token": "good"}, extensions: map[string]string{"session": "optional"}}, toldAllowed},
		"bytes in a header of no matter":      {request{raw: raw("x-session-token", "good", "x-other", "\xff")}, toldAllowed},

		"nothing":                     {request{}, toldNoSession},
		"nothing, POST by a browser":  {request{method: "POST", headers: map[string]string{"accept": html}}, toldNoSession},
		"nothing, by a script":        {request{headers: map[string]string{"accept": html, "sec-fetch-mode": "cors"}}, toldNoSession},
		"nothing, no HTML wanted":     {request{headers: map[string]string{"accept": "text/html;q=0, */*"}}, toldNoSession},
		"wrong token, by a browser":   {request{headers: map[string]string{"accept": html, "x-session-token": "bad"}}, toldNoSession},
		"wrong bearer token":          {request{headers: map[string]string{"accept": html, "authorization": "Bearer bad"}}, toldNoSession},
		"nothing, by a browser":       {request{headers: map[string]string{"accept": html}}, "Unauthenticated 303 NO_ACTIVE_SESSION " + toLogIn("/orders?page=2")},
		"navigation, raw":             {request{path: "/", raw: raw("accept", html, "sec-fetch-mode", "navigate")}, "Unauthenticated 303 NO_ACTIVE_SESSION " + toLogIn("/")},
		"wrong cookie, by a browser":  {request{headers: map[string]string{"accept": html, "cookie": "ory_kratos_session=bad"}}, "Unauthenticated 303 NO_ACTIVE_SESSION " + toLogIn("/orders?page=2")},
		"cookie of bytes":             {request{raw: raw("cookie", "ory_kratos_session=goo\xff")}, toldNoSession},
		"cookie joined by a comma":    {request{headers: map[string]string{"cookie": "a=b,ory_kratos_session=good"}}, toldNoSession},
		"a gRPC client":               {request{method: "POST", headers: map[string]string{"content-type": "application/grpc+proto", "accept": html}}, "Unauthenticated 401 NO_ACTIVE_SESSION <cache-control=no-store <grpc-status=16"},
		"optional, nothing":           {request{extensions: map[string]string{"session": "optional"}}, toldAnonymous},
		"optional, wrong token":       {request{headers: map[string]string{"x-session-token": "bad"}, extensions: map[string]string{"session": "optional"}}, toldAnonymous},
		"optional, two tokens":        {request{headers: map[string]string{"x-session-token": "bad,good"}, extensions: map[string]string{"session": "optional"}}, toldInvalid},
		"two tokens":                  {request{headers: map[string]string{"x-session-token": "good,bad"}}, toldInvalid},
		"two tokens, raw":             {request{raw: raw("x-session-token", "bad", "x-session-token", "good")}, toldInvalid},
		"two bearer tokens":           {request{headers: map[string]string{"authorization": "Bearer bad,Bearer good"}}, toldInvalid},
		"a bearer token after others": {request{headers: map[string]string{"authorization": "Basic eDp5, Bearer good"}}, toldInvalid},
		"two bearer tokens, raw":      {request{raw: raw("authorization", "Bearer bad,Bearer good")}, toldInvalid},
		"in both forms":               {request{headers: map[string]string{"x-session-token": "bad"}, raw: raw("x-session-token", "good")}, toldInvalid},
		"a token of bytes":            {request{raw: raw("x-session-token", "good\xff")}, toldInvalid},
		"a token of two lines":        {request{raw: raw("authorization", "Bearer good\r\nx: y")}, toldInvalid},

		"spoofed":                   {request{headers: map[string]string{"x-session-token": "good", "x-kratos-authenticated-identity-id": "other"}}, toldAllowed},
		"spoofed, by an underscore": {request{headers: map[string]string{"x-session-token": "good", "x_kratos-authenticated_identity_id": "other", "x_y": "z"}}, toldAllowed + " -x_kratos-authenticated_identity_id"},
		"spoofed, optional":         {request{raw: raw("X_Kratos_Authenticated_Identity_Id", "other"), extensions: map[string]string{"session": "optional"}}, toldAnonymous + " -x_kratos_authenticated_identity_id"},

		"aal1 asked for":                 {request{headers: map[string]string{"x-session-token": "good"}, extensions: map[string]string{"required_aal": "aal1"}}, toldAllowed},
		"aal2 asked for":                 {request{headers: map[string]string{"x-session-token": "good"}, extensions: map[string]string{"required_aal": "aal2"}}, "PermissionDenied 403 HIGHER_AAL_REQUIRED <cache-control=no-store <content-type=application/json"},
		"aal2 asked for, optional":       {request{headers: map[string]string{"x-session-token": "good"}, extensions: map[string]string{"required_aal": "aal2", "session": "optional"}}, "PermissionDenied 403 HIGHER_AAL_REQUIRED <cache-control=no-store <content-type=application/json"},
		"aal2 asked for, by a browser":   {request{headers: map[string]string{"accept": html, "cookie": "ory_kratos_session=good"}, extensions: map[string]string{"required_aal": "aal2"}}, "PermissionDenied 303 HIGHER_AAL_REQUIRED " + toLogIn("/orders?page=2", "aal", "aal2")},
		"a trait":                        {request{headers: map[string]string{"x-session-token": "good"}, extensions: map[string]string{"trait.email": "ada@example.org"}}, toldAllowed},
		"a trait that is one of some":    {request{headers: map[string]string{"x-session-token": "good"}, extensions: map[string]string{"trait.name.first": `["Grace", "Ada"]`}}, toldAllowed},
		"a trait that is another":        {request{headers: map[string]string{"accept": html, "cookie": "ory_kratos_session=good"}, extensions: map[string]string{"trait.name.first": "Grace"}}, "PermissionDenied 403 ACCESS_DENIED <cache-control=no-store <content-type=application/json"},
		"a trait that is not there":      {request{headers: map[string]string{"x-session-token": "good"}, extensions: map[string]string{"trait.role": "admin"}}, "PermissionDenied 403 ACCESS_DENIED <cache-control=no-store <content-type=application/json"},
		"a login of the route's own":     {request{path: "/a", headers: map[string]string{"accept": html}, extensions: map[string]string{"login_url": "https://id.example.org/login?x=y"}}, "Unauthenticated 303 NO_ACTIVE_SESSION " + toLogIn("/a", "x", "y")},
		"no login for the route":         {request{headers: map[string]string{"accept": html}, extensions: map[string]string{"login_url": ""}}, toldNoSession},
		"fresh":                          {request{headers: map[string]string{"x-session-token": "good"}, extensions: map[string]string{"max_staleness": "0s"}}, toldAllowed},
		"an unknown extension":           {request{headers: map[string]string{"x-session-token": "good"}, extensions: map[string]string{"sesion": "optional"}}, toldMistaken},
		"a mistaken extension":           {request{headers: map[string]string{"x-session-token": "good"}, extensions: map[string]string{"session": "Required"}}, toldMistaken},
		"a mistaken aal":                 {request{headers: map[string]string{"x-session-token": "good"}, extensions: map[string]string{"required_aal": "highest_available"}}, toldMistaken},
		"a mistaken age":                 {request{headers: map[string]string{"x-session-token": "good"}, extensions: map[string]string{"max_staleness": "5"}}, toldMistaken},
		"a mistaken login":               {request{headers: map[string]string{"x-session-token": "good"}, extensions: map[string]string{"login_url": "javascript:alert(1)"}}, toldMistaken},
		"a mistaken trait":               {request{headers: map[string]string{"x-session-token": "good"}, extensions: map[string]string{"trait.": "x"}}, toldMistaken},
		"a trait that may be missing":    {request{headers: map[string]string{"x-session-token": "good"}, extensions: map[string]string{"trait.role": ""}}, toldMistaken},
		"a trait of no value":            {request{headers: map[string]string{"x-session-token": "good"}, extensions: map[string]string{"trait.role": "[]"}}, toldMistaken},
		"a mistaken extension, optional": {request{extensions: map[string]string{"session": "optional", "trait.role": "[1"}}, toldMistaken},
		"a path that leads elsewhere":    {request{path: "//evil.example.org/", headers: map[string]string{"accept": html}}, "Unauthenticated 303 NO_ACTIVE_SESSION " + toLogIn("//evil.example.org/")},
		"a path that is none":            {request{path: "@evil.example.org/", headers: map[string]string{"accept": html}}, "Unauthenticated 303 NO_ACTIVE_SESSION <cache-control=no-store <location=https://id.example.org/login"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := authorize(t, s, c.request)
			if got := told(res); got != c.want {
				t.Errorf("Envoy is told\n%s\nwant\n%s", got, c.want)
			}
			checkBody(t, res, c.headers["content-type"] != "")
		})
	}
}

// checkBody checks what a denied client reads, and what later filters are told.
func checkBody(t *testing.T, res *authv3.CheckResponse, isGRPC bool) {
	t.Helper()
	denied := res.GetDeniedResponse()
	status := int(denied.GetStatus().GetCode())
	fields := res.GetDynamicMetadata().GetFields()
	switch {
	case denied == nil && strings.HasPrefix(told(res), toldAllowed):
		if fields["identity_id"].GetStringValue() != cannedIdentity || fields["session_id"].GetStringValue() != cannedID || fields["authenticator_assurance_level"].GetStringValue() != "aal1" || len(fields) != 3 {
			t.Errorf("later filters are told %v", fields)
		}
	case denied == nil:
		if len(fields) != 0 {
			t.Errorf("of a request without a session, later filters are told %v", fields)
		}
	case status == http.StatusSeeOther:
		if denied.GetBody() != "" {
			t.Errorf("a redirect has the body %q", denied.GetBody())
		}
	case isGRPC:
		if denied.GetBody() != res.GetStatus().GetMessage() || denied.GetBody() == "" {
			t.Errorf("a gRPC client is told %q", denied.GetBody())
		}
	default:
		var body struct{ Error struct{ Code int } }
		if err := json.Unmarshal([]byte(denied.GetBody()), &body); err != nil || body.Error.Code != status {
			t.Errorf("the body with %d is %s (%v)", status, denied.GetBody(), err)
		}
	}
	if strings.Contains(denied.String(), cannedIdentity) || strings.Contains(denied.String(), "ada@example.org") {
		t.Errorf("who is denied is told of the session: %v", denied)
	}
}

// TestAuthzUpstream: what Kratos answers, and whether it does, decides; what it says of its own faults is told to nobody.
func TestAuthzUpstream(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kratos http.HandlerFunc
		want   string
	}{
		"session":         {answers(200, cannedSession), toldAllowed},
		"no session":      {answers(401, noCannedSession), toldNoSession},
		"second factor":   {answers(403, `{"redirect_browser_to":"http://ui/login?aal=aal2","error":{"id":"session_aal2_required","code":403,"message":"aal2"}}`), "PermissionDenied 403 HIGHER_AAL_REQUIRED <cache-control=no-store <content-type=application/json"},
		"not verified":    {answers(403, `{"error":{"id":"session_verified_address_required","code":403,"message":"verify"}}`), "PermissionDenied 403 ACCESS_DENIED <cache-control=no-store <content-type=application/json"},
		"too many":        {answers(429, `{"error":{"code":429,"message":"slow down"}}`, "Retry-After", "7"), "ResourceExhausted 429 RATE_LIMITED <cache-control=no-store <content-type=application/json <retry-after=7"},
		"too many, plain": {answers(429, `slow down`), toldUnknown},
		"fault":           {answers(500, `{"error":{"code":500,"message":"secret table"}}`), toldUnknown},
		"fault of others": {answers(502, `secret`), toldUnknown},
		"not found":       {answers(404, `{"error":{"code":404,"message":"secret"}}`), toldUnknown},
		"bad request":     {answers(400, `{"error":{"code":400,"message":"secret"}}`), toldUnknown},
		"redirect":        {answers(302, ``, "Location", "http://elsewhere/secret"), toldUnknown},
		"no JSON":         {answers(200, `secret`), toldUnknown},
		"empty":           {answers(200, `{}`), toldUnknown},
		"no identity":     {answers(200, `{"id":"s","active":true}`), toldUnknown},
		"not active":      {answers(200, strings.Replace(cannedSession, `"active":true`, `"active":false`, 1)), toldNoSession},
		"401 of a proxy":  {answers(401, `secret`), toldUnknown},
		"cut":             {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, toldUnknown},
		"silent":          {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, toldUnknown},
		"unknown level":   {answers(200, strings.Replace(cannedSession, `"aal1"`, `"aal0"`, 1)), "PermissionDenied 403 HIGHER_AAL_REQUIRED <cache-control=no-store <content-type=application/json"},
		"of before 1.0":   {answers(200, strings.Replace(cannedSession, `"authenticator_assurance_level":"aal1",`, ``, 1)), toldAllowed},
		"sliding cookie":  {answers(200, cannedSession, "Set-Cookie", "ory_kratos_session=new; Path=/", "Set-Cookie", "csrf_token_a=b"), toldAllowed + " <set-cookie+=ory_kratos_session=new; Path=/ <set-cookie+=csrf_token_a=b"},
		"cookie and 401":  {answers(401, noCannedSession, "Set-Cookie", "csrf_token_a=b"), toldNoSession + " <set-cookie+=csrf_token_a=b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := startAuthz(t, c.kratos, func(config *server.Config) {
				if name == "silent" {
					config.Authz.Timeout, config.UpstreamTimeout = 100*time.Millisecond, 300*time.Millisecond
				}
			})
			for _, extensions := range []map[string]string{nil, {"session": "optional"}, {"max_staleness": "0s"}} {
				want := c.want
				if extensions["session"] == "optional" && strings.HasPrefix(want, toldNoSession) {
					want = toldAnonymous + strings.TrimPrefix(want, toldNoSession)
				}
				res := authorize(t, s, request{headers: map[string]string{"cookie": "ory_kratos_session=c"}, extensions: extensions})
				if got := told(res); got != want {
					t.Errorf("with %v, Envoy is told\n%s\nwant\n%s", extensions, got, want)
				}
				if strings.Contains(res.String(), "secret") {
					t.Errorf("who is denied is told what is not for them: %v", res)
				}
			}
		})
	}
}

// TestAuthzDown: neither a Kratos that is gone, nor one that is not known yet, is a reason to let anybody pass who has to have
// a session, or to take somebody's session for none.
func TestAuthzDown(t *testing.T) {
	t.Parallel()
	s, upstream := startAuthz(t, knows("good"), func(c *server.Config) { c.SessionCacheTTL = time.Hour })
	known := request{headers: map[string]string{"x-session-token": "good"}}
	if got := told(authorize(t, s, known)); got != toldAllowed {
		t.Fatalf("Envoy is told %s", got)
	}
	upstream.CloseClientConnections()
	upstream.Close()
	for name, c := range map[string]struct {
		request
		want string
	}{
		"kept":                  {known, toldAllowed},
		"kept, but to be fresh": {request{headers: known.headers, extensions: map[string]string{"max_staleness": "0s"}}, toldUnknown},
		"not known":             {request{headers: map[string]string{"x-session-token": "other"}}, toldUnknown},
		"not known, optional":   {request{headers: map[string]string{"x-session-token": "other"}, extensions: map[string]string{"session": "optional"}}, toldUnknown},
		"nothing":               {request{}, toldNoSession},
		"nothing, optional":     {request{extensions: map[string]string{"session": "optional"}}, toldAnonymous},
	} {
		if got := told(authorize(t, s, c.request)); got != c.want {
			t.Errorf("%s: Envoy is told\n%s\nwant\n%s", name, got, c.want)
		}
	}

	nobody := startServer(t, nil, func(c *server.Config) {
		c.Detect = func(context.Context) (adapters.Adapter, string, error) { return nil, "", context.DeadlineExceeded }
	})
	if got := told(authorize(t, nobody, known)); got != toldUnknown {
		t.Errorf("as long as Kratos is not found, Envoy is told %s", got)
	}
}

// TestAuthzHeaders: what else a service is told, of sessions that have it and of those that don't; and that no credential
// goes on, if none is to.
func TestAuthzHeaders(t *testing.T) {
	t.Parallel()
	session := strings.Replace(cannedSession, `"email":"ada@example.org","name"`, `"email":"zoë@example.org","roles":["a","b,c"],"name"`, 1)
	s, upstream := startAuthz(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("X-Session-Token") + r.Header.Get("Authorization") {
		case "Bearer none":
			answers(401, noCannedSession)(w, r)
		default:
			answers(200, session)(w, r)
		}
	}, func(c *server.Config) {
		c.SessionCacheTTL = time.Hour
		c.Authz.RemoveCredential = true
		c.Authz.Headers = map[string]string{
			"X-Session-Id": "id", "x-aal": "authenticator_assurance_level", "x-email": "identity.traits.email", "x-roles": "identity.traits.roles", "x-phone": "identity.traits.phone",
		}
	})
	const (
		tells = "OK x-kratos-authenticated-identity-id=" + cannedIdentity + " x-aal=aal1 x-email=zo%C3%AB@example.org x-roles=a,b%2Cc x-session-id=" + cannedID
		none  = "OK -x-aal -x-email -x-kratos-authenticated-identity-id -x-phone -x-roles -x-session-id"
	)
	for name, c := range map[string]struct {
		request
		want string
	}{
		"token":               {request{headers: map[string]string{"x-session-token": "t", "x-phone": "1", "x-email": "other"}}, tells + " -x-phone -x-session-token"},
		"bearer token":        {request{headers: map[string]string{"authorization": "Bearer t", "x-session-token": "t"}}, tells + " -authorization -x-phone -x-session-token"},
		"another's":           {request{headers: map[string]string{"authorization": "Basic eDp5", "x-session-token": "t"}}, tells + " -x-phone -x-session-token"},
		"cookie":              {request{headers: map[string]string{"cookie": "a=1; ory_kratos_session=s; b=2"}}, tells + " cookie=a=1; b=2 -x-phone"},
		"cookie alone":        {request{headers: map[string]string{"cookie": "ory_kratos_session=s"}}, tells + " -cookie -x-phone"},
		"cookie, and a token": {request{headers: map[string]string{"cookie": "ory_kratos_session=s; a=1", "x-session-token": "t"}}, tells + " cookie=a=1 -x-phone -x-session-token"},
		"optional": {
			request{headers: map[string]string{"authorization": "Bearer none", "cookie": "a=1", "x_email": "other"}, extensions: map[string]string{"session": "optional"}},
			strings.Replace(none, " -x-session-id", " -x-session-id -x_email", 1),
		},
	} {
		for range 2 {
			// Kept or not makes no difference.
			if got := told(authorize(t, s, c.request)); got != c.want {
				t.Errorf("%s: Envoy is told\n%s\nwant\n%s", name, got, c.want)
			}
		}
	}
	if asked := len(upstream.requests()); asked > 5 {
		t.Errorf("Kratos was asked %d times", asked)
	}
}

// TestAuthzFailsClosed: what never comes to a verdict is denied too, and not an error, after which Envoy may let a request
// pass.
func TestAuthzFailsClosed(t *testing.T) {
	t.Parallel()
	log := new(capturedLog)
	s := startServer(t, panicking{}, log.capture)
	if got := told(authorize(t, s, request{headers: map[string]string{"x-session-token": "t"}, extensions: map[string]string{"max_staleness": "0s"}})); got != toldMistaken {
		t.Errorf("after a panic, Envoy is told %s", got)
	}
	if got := told(authorize(t, s, request{headers: map[string]string{"x-session-token": "t"}})); got != toldMistaken {
		t.Errorf("after a panic elsewhere, Envoy is told %s", got)
	}
	log.await(t, `"msg":"panic"`)

	valid, err := proto.Marshal(request{headers: map[string]string{"x-session-token": "t", "x-other": "AB"}}.check())
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"no UTF-8":   []byte(strings.Replace(string(valid), "AB", "\xff\xfe", 1)),
		"cut off":    valid[:len(valid)-1],
		"too large":  append(valid, append([]byte{0x82, 0x7d, 0x80, 0x80, 0x80, 0x01}, make([]byte, 2<<20)...)...),
		"no request": nil,
	} {
		res := new(authv3.CheckResponse)
		err := s.conn.Invoke(t.Context(), authv3.Authorization_Check_FullMethodName, data, res, grpc.ForceCodec(bytesOut{}))
		if err != nil {
			t.Errorf("%s: Envoy gets an error: %v", name, err)
		}
		if got := told(res); !strings.HasPrefix(got, "InvalidArgument 400") && !strings.HasPrefix(got, "ResourceExhausted 413") && (name != "no request" || !strings.HasPrefix(got, toldNoSession)) {
			t.Errorf("%s: Envoy is told %s", name, got)
		}
	}
}

// bytesOut sends bytes as they are, and reads messages.
type bytesOut struct{ rawCodec }

func (bytesOut) Unmarshal(data []byte, v any) error { return proto.Unmarshal(data, v.(proto.Message)) }

// panicking is an adapter that has a fault.
type panicking struct{ adapters.Unsupported }

func (panicking) API() string                 { return adapters.V1 }
func (panicking) SessionCookie() string       { return "ory_kratos_session" }
func (panicking) Ready(context.Context) error { return nil }

func (panicking) Whoami(context.Context, *adapters.Exchange, *kratosgrpcv1.WhoamiRequest) (*kratosgrpcv1.WhoamiResponse, error) {
	panic("canary-of-a-panic")
}

// TestAuthzSlow: a verdict comes in time, whatever Kratos does; its answer, when it comes, is good for who asks next.
func TestAuthzSlow(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s, upstream := startAuthz(t, func(w http.ResponseWriter, r *http.Request) {
		<-release
		answers(200, cannedSession)(w, r)
	}, func(c *server.Config) { c.Authz.Timeout, c.SessionCacheTTL = 100*time.Millisecond, time.Hour })
	asks := request{headers: map[string]string{"x-session-token": "t"}}
	for range 3 {
		begin := time.Now()
		if got := told(authorize(t, s, asks)); got != toldUnknown {
			t.Errorf("Envoy is told %s", got)
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("the verdict takes %s", took)
		}
	}
	close(release)
	for deadline := time.Now().Add(20 * time.Second); told(authorize(t, s, asks)) != toldAllowed; {
		if time.Now().After(deadline) {
			t.Fatal("the answer is not kept")
		}
	}
	if asked := len(upstream.requests()); asked != 1 {
		t.Errorf("Kratos was asked %d times", asked)
	}
}

// TestAuthzLog: the log names a verdict by the request that it is about, and nobody's credential.
func TestAuthzLog(t *testing.T) {
	t.Parallel()
	log := new(capturedLog)
	s, upstream := startAuthz(t, knows("good-canary"), log.capture)
	for id, c := range map[string]struct{ token, verdict, level string }{
		"allowed-1":   {"good-canary", "ALLOWED", "INFO"},
		"denied-1":    {"bad-canary", "NO_ACTIVE_SESSION", "INFO"},
		"ambiguous-1": {"a-canary,b-canary", "INVALID_REQUEST", "INFO"},
	} {
		authorize(t, s, request{path: "/?query-canary", headers: map[string]string{"x-session-token": c.token, "x-request-id": id}})
		line := log.await(t, `"request_id":"`+id+`"`)
		for _, want := range []string{`"method":"/envoy.service.auth.v3.Authorization/Check"`, `"verdict":"` + c.verdict + `"`, `"level":"` + c.level + `"`, `"code":"OK"`} {
			if !strings.Contains(line, want) {
				t.Errorf("of %s the log does not say %s: %s", id, want, line)
			}
		}
	}
	authorize(t, s, request{headers: map[string]string{"x-request-id": "mistaken-1"}, extensions: map[string]string{"sesion": "optional"}})
	if line := log.await(t, "context_extensions"); !strings.Contains(line, "sesion") || !strings.Contains(line, `"level":"ERROR"`) || !strings.Contains(line, "mistaken-1") {
		t.Errorf("of a route's mistake the log says %s", line)
	}
	for _, r := range upstream.requests() {
		if id := r.Header.Get("X-Request-Id"); id != "allowed-1" && id != "denied-1" {
			t.Errorf("Kratos is asked with the request id %q", id)
		}
		if got := r.Header.Get("Accept"); got != "application/json" {
			t.Errorf("Kratos is asked for %q", got)
		}
	}
	s.stop()
	if strings.Contains(log.String(), "canary") {
		t.Errorf("the log has a secret:\n%s", log)
	}
}

// TestAuthzReturnTo: where a browser comes back to can be said, where Envoy does not know it.
func TestAuthzReturnTo(t *testing.T) {
	t.Parallel()
	s, _ := startAuthz(t, knows("good"), func(c *server.Config) {
		c.Authz.LoginURL, c.Authz.ReturnToURL = "https://id.example.org/self-service/login/browser", "https://shop.example.org/eu/"
	})
	got := told(authorize(t, s, request{path: "/a?b=c&d", headers: map[string]string{"accept": "text/html"}}))
	if want := "location=https://id.example.org/self-service/login/browser?return_to=" + url.QueryEscape("https://shop.example.org/eu/a?b=c&d"); !strings.HasSuffix(got, want) {
		t.Errorf("Envoy is told %s, want %s", got, want)
	}
}

// TestAuthzConfig: what can't be meant is refused at start.
func TestAuthzConfig(t *testing.T) {
	t.Parallel()
	for name, mistake := range map[string]func(*server.AuthzConfig){
		"no time":              func(c *server.AuthzConfig) { c.Timeout = 0 },
		"session":              func(c *server.AuthzConfig) { c.Session = "maybe" },
		"level":                func(c *server.AuthzConfig) { c.RequiredAAL = "aal3" },
		"login":                func(c *server.AuthzConfig) { c.LoginURL = "/login" },
		"return to":            func(c *server.AuthzConfig) { c.ReturnToURL = "https://a/?b" },
		"trait":                func(c *server.AuthzConfig) { c.RequiredTraits = map[string]string{"": "x"} },
		"trait without value":  func(c *server.AuthzConfig) { c.RequiredTraits = map[string]string{"role": ""} },
		"path":                 func(c *server.AuthzConfig) { c.Headers = map[string]string{"x-a": "identity.trait.email"} },
		"secret":               func(c *server.AuthzConfig) { c.Headers = map[string]string{"x-a": "tokenized"} },
		"name":                 func(c *server.AuthzConfig) { c.Headers = map[string]string{"x a": "id"} },
		"pseudo header":        func(c *server.AuthzConfig) { c.Headers = map[string]string{":path": "id"} },
		"underscore":           func(c *server.AuthzConfig) { c.Headers = map[string]string{"x_a": "id"} },
		"host":                 func(c *server.AuthzConfig) { c.Headers = map[string]string{"Host": "id"} },
		"credential":           func(c *server.AuthzConfig) { c.Headers = map[string]string{"X-Session-Token": "id"} },
		"the identity's":       func(c *server.AuthzConfig) { c.Headers = map[string]string{"X-Kratos-Authenticated-Identity-Id": "id"} },
		"twice, in other case": func(c *server.AuthzConfig) { c.Headers = map[string]string{"x-a": "id", "X-A": "identity.id"} },
	} {
		config := server.DefaultConfig()
		mistake(&config.Authz)
		if err := config.Validate(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
