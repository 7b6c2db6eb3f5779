package server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest/testpki"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// refused tells whether an error says that the caller may not.
func refused(t *testing.T, err error) bool {
	t.Helper()
	st := status.Convert(err)
	if st.Code() != codes.PermissionDenied {
		return false
	}
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetReason() == "CALLER_NOT_ALLOWED" && info.GetDomain() == "kratosgrpc" {
			return true
		}
	}
	t.Errorf("the refusal has not the reason that it should have: %v", st.Details())
	return true
}

// refusedREST is refused for an answer over REST.
func refusedREST(t *testing.T, client *http.Client, url string, header http.Header) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusForbidden {
		return false
	}
	var said struct {
		Error struct{ Details struct{ Reason string } }
	}
	if err := json.Unmarshal(body, &said); err != nil || said.Error.Details.Reason != "CALLER_NOT_ALLOWED" {
		t.Errorf("the refusal is %s", body)
	}
	return true
}

// probe calls something, and says whether it was refused.
type probe func(t *testing.T, conn *grpc.ClientConn, client *http.Client, s *testServer) bool

// stream calls a method as a stream, with one message, until there is an answer.
func stream(t *testing.T, conn *grpc.ClientConn, method string, message, answer any) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method)
	if err != nil {
		return err
	}
	if err := stream.SendMsg(message); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	return stream.RecvMsg(answer)
}

func restProbe(path string) probe {
	return func(t *testing.T, _ *grpc.ClientConn, client *http.Client, s *testServer) bool {
		t.Helper()
		return refusedREST(t, client, secure(s, path), http.Header{"X-Session-Token": {"t"}})
	}
}

func grpcProbe(call func(t *testing.T, conn *grpc.ClientConn) error) probe {
	return func(t *testing.T, conn *grpc.ClientConn, _ *http.Client, _ *testServer) bool {
		t.Helper()
		return refused(t, call(t, conn))
	}
}

// probes are all the ways in that there are.
func probes() map[string]probe {
	return map[string]probe{
		"whoami": grpcProbe(func(t *testing.T, conn *grpc.ClientConn) error {
			t.Helper()
			_, err := kratosgrpcv1.NewSessionServiceClient(conn).Whoami(t.Context(), new(kratosgrpcv1.WhoamiRequest))
			return err
		}),
		"login": grpcProbe(func(t *testing.T, conn *grpc.ClientConn) error {
			t.Helper()
			_, err := kratosgrpcv1.NewLoginServiceClient(conn).InitializeLoginViaApiFlow(t.Context(), new(kratosgrpcv1.InitializeLoginViaApiFlowRequest))
			return err
		}),
		"watch": grpcProbe(func(t *testing.T, conn *grpc.ClientConn) error {
			t.Helper()
			return stream(t, conn, kratosgrpcv1.SessionService_WatchSession_FullMethodName, new(kratosgrpcv1.WatchSessionRequest), new(kratosgrpcv1.WatchSessionResponse))
		}),
		"Envoy's question": func(t *testing.T, conn *grpc.ClientConn, _ *http.Client, _ *testServer) bool {
			t.Helper()
			ask := request{headers: map[string]string{"x-session-token": "t"}, extensions: map[string]string{"session": "optional"}}
			res, err := authv3.NewAuthorizationClient(conn).Check(t.Context(), ask.check())
			if err != nil {
				t.Errorf("Check answers an error, which Envoy may take for a yes: %v", err)
			}
			return strings.HasPrefix(told(res), "PermissionDenied 403 CALLER_NOT_ALLOWED ")
		},
		"health": grpcProbe(func(t *testing.T, conn *grpc.ClientConn) error {
			t.Helper()
			_, err := healthpb.NewHealthClient(conn).Check(t.Context(), new(healthpb.HealthCheckRequest))
			return err
		}),
		"health watch": grpcProbe(func(t *testing.T, conn *grpc.ClientConn) error {
			t.Helper()
			return stream(t, conn, healthpb.Health_Watch_FullMethodName, new(healthpb.HealthCheckRequest), new(healthpb.HealthCheckResponse))
		}),
		"reflection": grpcProbe(func(t *testing.T, conn *grpc.ClientConn) error {
			t.Helper()
			ask := &reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}
			return stream(t, conn, reflectionpb.ServerReflection_ServerReflectionInfo_FullMethodName, ask, new(reflectionpb.ServerReflectionResponse))
		}),
		"unknown method": grpcProbe(func(t *testing.T, conn *grpc.ClientConn) error {
			t.Helper()
			return conn.Invoke(t.Context(), "/kratosgrpc.v1.LoginService/Nothing", new(emptypb.Empty), new(emptypb.Empty))
		}),
		"unknown service": grpcProbe(func(t *testing.T, conn *grpc.ClientConn) error {
			t.Helper()
			return conn.Invoke(t.Context(), "/elsewhere.v1.Service/Method", new(emptypb.Empty), new(emptypb.Empty))
		}),
		"REST whoami":           restProbe("/sessions/whoami"),
		"REST whoami, asked":    restProbe("/sessions/whoami?max_staleness=0s"),
		"REST login":            restProbe("/self-service/login/api"),
		"REST health":           restProbe("/healthz"),
		"REST readiness":        restProbe("/readyz"),
		"REST OpenAPI":          restProbe("/openapi.json"),
		"REST unknown":          restProbe("/elsewhere"),
		"REST sessions, listed": restProbe("/sessions"),
	}
}

// open are the probes that nobody is refused: there is no RPC behind them.
var open = []string{"REST health", "REST readiness", "REST OpenAPI", "REST unknown"}

// verifyAllowed checks that of all ways in those are open to a caller, and no others.
func verifyAllowed(t *testing.T, m *mesh, s *testServer, name string, config *tls.Config, want ...string) {
	t.Helper()
	conn, client := m.dial(s, config), m.browse(config)
	for what, probe := range probes() {
		allowed := slices.Contains(want, what) || slices.Contains(want, "*") || slices.Contains(open, what)
		if got := !probe(t, conn, client, s); got != allowed {
			t.Errorf("%s: %s: allowed is %t", name, what, got)
		}
	}
}

// startWithSession serves a Kratos where everybody has a session.
func startWithSession(t *testing.T, configure ...func(*server.Config)) *testServer {
	t.Helper()
	return startServer(t, newAdapter(t, startStub(t, answers(http.StatusOK, stubSession)).URL), configure...)
}

// strangers are callers that no rule names.
func strangers(m *mesh) map[string]*tls.Config {
	own, err := url.Parse("spiffe://example.org/ns/shop/sa/checkout")
	if err != nil {
		m.t.Fatal(err)
	}
	return map[string]*tls.Config{
		"another trust domain": m.config("spiffe://example.com/ns/shop/sa/checkout"),
		"no URI":               m.config(),
		"a name only":          m.without(func(c *x509.Certificate) { c.DNSNames = []string{own.String()}; c.Subject.CommonName = own.String() }),
		"two URIs":             m.config(own.String(), "https://example.org/"),
		"another scheme":       m.config("https://example.org/ns/shop/sa/checkout"),
		"capitals":             m.config("spiffe://EXAMPLE.ORG/ns/shop/sa/checkout"),
		"a query":              m.config(own.String() + "?a"),
		"an escape":            m.config("spiffe://example.org/ns/shop/sa%2Fcheckout"),
		"dots":                 m.config("spiffe://example.org/ns/web/../shop/sa/checkout"),
		"a port":               m.config("spiffe://example.org:443/ns/shop/sa/checkout"),
		"the domain itself":    m.config("spiffe://example.org"),
		"an authority":         m.without(func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid, c.URIs = true, true, []*url.URL{own} }),
	}
}

func TestAllowedSPIFFEIDs(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	s := startWithSession(t, m.serve, optional, func(c *server.Config) {
		c.AllowSPIFFEIDs = []string{"spiffe://example.org/ns/shop/sa/checkout", "spiffe://example.org/ns/web/*", "spiffe://whole.example.org/*"}
	})
	for _, id := range []string{
		"spiffe://example.org/ns/shop/sa/checkout", "spiffe://example.org/ns/web/a", "spiffe://example.org/ns/web/a/b",
		"spiffe://whole.example.org/a",
	} {
		verifyAllowed(t, m, s, id, m.config(id), "*")
	}
	for _, id := range []string{
		"spiffe://example.org/ns/shop/sa/checkout2", "spiffe://example.org/ns/shop/sa", "spiffe://example.org/ns/shop/sa/checkout/a",
		"spiffe://example.org/ns/web", "spiffe://example.org/ns/website/a", "spiffe://not.whole.example.org/a",
	} {
		verifyAllowed(t, m, s, id, m.config(id))
	}
	for name, config := range strangers(m) {
		verifyAllowed(t, m, s, name, config)
	}
	verifyAllowed(t, m, s, "nobody", m.configOf(nil))
}

// examplePolicy is the policy that the README shows.
var examplePolicy = "policy.yaml"

func withExamplePolicy(c *server.Config) { c.PolicyFile = examplePolicy }

func TestPolicy(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	s := startWithSession(t, m.serve, optional, withExamplePolicy)
	health := []string{"health", "health watch"}
	whoami := []string{"whoami", "REST whoami", "REST whoami, asked"}
	for id, want := range map[string][]string{
		"spiffe://example.org/ns/shop/sa/checkout": slices.Concat(health, whoami, []string{"watch"}),
		"spiffe://example.org/ns/web/sa/front":     slices.Concat(health, whoami, []string{"login", "REST login", "unknown method"}),
		"spiffe://example.org/ns/gateway/sa/envoy": slices.Concat(health, []string{"Envoy's question"}),
		"spiffe://example.org/ns/ops/sa/debug":     {"*"},
		"spiffe://example.org/ns/ops/sa/other":     health,
		"spiffe://example.org/ns/website":          health,
	} {
		verifyAllowed(t, m, s, id, m.config(id), want...)
	}
	for name, config := range strangers(m) {
		if name == "no URI" {
			// It is no certificate at all.
			continue
		}
		verifyAllowed(t, m, s, name, config)
	}
	verifyAllowed(t, m, s, "nobody", m.configOf(nil), health...)
}

// TestPolicyAndAllowedSPIFFEIDs: a call has to pass both.
func TestPolicyAndAllowedSPIFFEIDs(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	s := startWithSession(t, m.serve, optional, withExamplePolicy, func(c *server.Config) {
		c.AllowSPIFFEIDs = []string{"spiffe://example.org/ns/ops/*"}
	})
	verifyAllowed(t, m, s, "in both", m.config("spiffe://example.org/ns/ops/sa/debug"), "*")
	verifyAllowed(t, m, s, "in the list only", m.config("spiffe://example.org/ns/ops/sa/other"), "health", "health watch")
	verifyAllowed(t, m, s, "in the policy only", m.config("spiffe://example.org/ns/shop/sa/checkout"))
	verifyAllowed(t, m, s, "nobody", m.configOf(nil))
}

// TestPolicyOnPlainPort: who comes without TLS is anonymous.
func TestPolicyOnPlainPort(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	s := startWithSession(t, m.serve, withExamplePolicy, func(c *server.Config) { c.TLS.Ports = server.GRPCPort })
	for path, want := range map[string]bool{"/sessions/whoami": true, "/self-service/login/api": true, "/healthz": false, "/readyz": false} {
		if got := refusedREST(t, s.http, s.rest+path, http.Header{}); got != want {
			t.Errorf("%s: refused is %t", path, got)
		}
	}
}

// TestForgedCaller: only a certificate says who calls.
func TestForgedCaller(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	s := startWithSession(t, m.serve, optional, withExamplePolicy)
	plain := startWithSession(t, m.serve, withExamplePolicy, func(c *server.Config) { c.TLS.Ports = server.GRPCPort })
	const debugger = "spiffe://example.org/ns/ops/sa/debug"
	keys := []string{"x-kratosgrpc-caller", "grpc-metadata-x-kratosgrpc-caller", "x-forwarded-client-cert", "x-spiffe-id"}
	for _, key := range keys {
		for _, path := range []string{"/sessions/whoami", "/sessions/whoami?max_staleness=0s", "/self-service/login/api"} {
			if !refusedREST(t, plain.http, plain.rest+path, http.Header{http.CanonicalHeaderKey(key): {debugger}}) {
				t.Errorf("without TLS, with %s, somebody is let through to %s", key, path)
			}
		}
	}
	for name, config := range map[string]*tls.Config{"nobody": m.configOf(nil), "somebody": m.config("spiffe://example.org/ns/other/sa/x")} {
		conn, client := m.dial(s, config), m.browse(config)
		for _, key := range keys {
			for _, value := range []string{debugger, "By=" + debugger + ";URI=" + debugger} {
				ctx := metadata.AppendToOutgoingContext(t.Context(), key, value)
				if _, err := kratosgrpcv1.NewSessionServiceClient(conn).Whoami(ctx, new(kratosgrpcv1.WhoamiRequest)); !refused(t, err) {
					t.Errorf("%s with %s %s: %v", name, key, value, err)
				}
				for _, path := range []string{"/sessions/whoami", "/sessions/whoami?max_staleness=0s", "/self-service/login/api"} {
					if !refusedREST(t, client, secure(s, path), http.Header{http.CanonicalHeaderKey(key): {value}}) {
						t.Errorf("%s with %s %s is let through to %s", name, key, value, path)
					}
				}
			}
		}
	}
}

// TestOddPaths sends paths that gRPC's own client would not: one that is spelt in another way than the rules is not to get by
// them, nor to be taken for one that is allowed (CVE-2026-33186).
func TestOddPaths(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	upstream := startStub(t, answers(http.StatusOK, stubSession))
	s := startServer(t, newAdapter(t, upstream.URL), m.serve, withExamplePolicy)
	config := m.config("spiffe://example.org/ns/other/sa/x")
	for path, want := range map[string]codes.Code{
		"/grpc.health.v1.Health/Check":                                            codes.OK,
		"/kratosgrpc.v1.SessionService/Whoami":                                    codes.PermissionDenied,
		"kratosgrpc.v1.SessionService/Whoami":                                     codes.Unimplemented,
		"//kratosgrpc.v1.SessionService/Whoami":                                   codes.PermissionDenied,
		"/kratosgrpc.v1.SessionService//Whoami":                                   codes.PermissionDenied,
		"/kratosgrpc.v1.SessionService/Whoami/":                                   codes.PermissionDenied,
		"/KRATOSGRPC.V1.SessionService/Whoami":                                    codes.PermissionDenied,
		"/kratosgrpc.v1.SessionService/Whoami?a=b":                                codes.PermissionDenied,
		"/kratosgrpc.v1.SessionService/%57hoami":                                  codes.PermissionDenied,
		"/grpc.health.v1.Health/../../kratosgrpc.v1.SessionService/Whoami":        codes.PermissionDenied,
		"/grpc.health.v1.Health/Check/../../kratosgrpc.v1.SessionService/Whoami/": codes.PermissionDenied,
		"/grpc.health.v1.Health/Nothing":                                          codes.Unimplemented,
		"grpc.health.v1.Health/Check":                                             codes.Unimplemented,
		"*":                                                                       codes.Unimplemented,
	} {
		if got := callByFrames(t, s.conn.Target(), config, path); got != want {
			t.Errorf("%s: %s, not %s", path, got, want)
		}
	}
	if asked := upstream.requests(); len(asked) > 0 {
		t.Errorf("Kratos was asked for %s", asked[0].URL)
	}
}

// callByFrames calls whatever is at a path, as it is, with an empty message.
func callByFrames(t *testing.T, address string, config *tls.Config, path string) codes.Code {
	t.Helper()
	conn, err := (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for _, field := range [][2]string{
		{":method", "POST"},
		{":scheme", "https"},
		{":path", path},
		{":authority", "localhost"},
		{"content-type", "application/grpc"},
		{"te", "trailers"},
	} {
		if err := encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]}); err != nil {
			t.Fatal(err)
		}
	}
	_, prefaced := io.WriteString(conn, http2.ClientPreface)
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if err := errors.Join(prefaced, framer.WriteSettings(),
		framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true}),
		framer.WriteData(1, true, make([]byte, 5))); err != nil {
		t.Fatal(err)
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		headers, ok := frame.(*http2.MetaHeadersFrame)
		if !ok {
			continue
		}
		for _, field := range headers.Fields {
			if field.Name == "grpc-status" {
				var code codes.Code
				if err := code.UnmarshalJSON([]byte(field.Value)); err != nil {
					t.Fatal(err)
				}
				return code
			}
		}
	}
}

// TestPolicyReload changes the policy under a running server, and breaks it.
func TestPolicyReload(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	log := new(capturedLog)
	path := testpki.Write(t, m.dir, "policy.json", []byte(`{"rules": [{"callers": ["spiffe://example.org/a"], "methods": ["kratosgrpc.v1.SessionService/Whoami"]}]}`))
	s := startWithSession(t, m.serve, log.capture, func(c *server.Config) { c.PolicyFile = path })
	conn := m.dial(s, m.config("spiffe://example.org/a"))
	may := func() bool {
		_, err := kratosgrpcv1.NewSessionServiceClient(conn).Whoami(t.Context(), new(kratosgrpcv1.WhoamiRequest))
		return !refused(t, err)
	}
	if !may() {
		t.Fatal("it may not at first")
	}
	for i, bad := range []string{"{}", "", "rules: 7", `{"rules": [{"callers": ["spiffe://example.org/a"], "methods": ["kratosgrpc.v1.SessionService/Whomai"]}]}`} {
		testpki.Replace(t, path, []byte(bad))
		until(t, "it says that the policy is bad", func() bool { return len(log.lines("last good stays in use: the policy")) == i+1 })
		if !may() {
			t.Errorf("with the policy %q it may not any more", bad)
		}
	}
	// On a connection that is open: it is each call that is decided on.
	testpki.Replace(t, path, []byte("rules: [{callers: [spiffe://example.org/b], methods: ['*']}]"))
	until(t, "it may not any more", func() bool { return !may() })
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	until(t, "it says that the policy is gone", func() bool { return len(log.lines("no such file")) == 1 })
	if may() {
		t.Error("without a policy it may")
	}
}

// TestCallerInLog: a call's line says whose it was, by either way.
func TestCallerInLog(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	log := new(capturedLog)
	s := startWithSession(t, m.serve, optional, withExamplePolicy, log.capture)
	const id = "spiffe://example.org/ns/shop/sa/checkout"
	config := m.config(id)
	conn, client := m.dial(s, config), m.browse(config)
	for i, call := range map[string]func(string){
		"whoami-by-grpc": func(request string) {
			ctx := metadata.AppendToOutgoingContext(t.Context(), "x-request-id", request)
			_, _ = kratosgrpcv1.NewSessionServiceClient(conn).Whoami(ctx, new(kratosgrpcv1.WhoamiRequest))
		},
		"refused-by-grpc": func(request string) {
			ctx := metadata.AppendToOutgoingContext(t.Context(), "x-request-id", request)
			_, _ = kratosgrpcv1.NewLoginServiceClient(conn).InitializeLoginViaApiFlow(ctx, new(kratosgrpcv1.InitializeLoginViaApiFlowRequest))
		},
		"whoami-by-rest": func(request string) {
			refusedREST(t, client, secure(s, "/sessions/whoami"), http.Header{"X-Request-Id": {request}})
		},
		"refused-by-rest": func(request string) {
			refusedREST(t, client, secure(s, "/self-service/login/api"), http.Header{"X-Request-Id": {request}})
		},
	} {
		call(i)
		line := log.await(t, i)
		if !strings.Contains(line, `"caller":"`+id+`"`) || strings.Contains(line, "CALLER_NOT_ALLOWED") != strings.HasPrefix(i, "refused") {
			t.Errorf("the log says %s", line)
		}
	}
	nobody := m.browse(m.configOf(nil))
	refusedREST(t, nobody, secure(s, "/sessions/whoami"), http.Header{"X-Request-Id": {"nobody"}})
	if line := log.await(t, "nobody"); strings.Contains(line, `"caller"`) {
		t.Errorf("the log says %s", line)
	}
}
