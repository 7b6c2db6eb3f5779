package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// TestKratosDies takes Kratos away and brings it back. In between nobody may be told that there is no session, and
// afterwards everybody still has theirs.
func TestKratosDies(t *testing.T) {
	t.Parallel()
	kratos := kratostest.StartT(t, kratostest.Options{})
	s := startServer(t, newAdapter(t, kratos.PublicURL))
	f := &fixture{t: t, world: &runningWorld{kratos: kratos, server: s}, own: &grpcClient{conn: s.conn}}
	calls := []call{
		{rpc: kratosgrpcv1.SessionService_Whoami_FullMethodName, message: &kratosgrpcv1.WhoamiRequest{}, caller: f.session()},
		{rpc: kratosgrpcv1.SessionService_Whoami_FullMethodName, message: &kratosgrpcv1.WhoamiRequest{}, caller: caller{sessionToken: "unknown"}},
		{rpc: kratosgrpcv1.LoginService_InitializeLoginViaApiFlow_FullMethodName, message: &kratosgrpcv1.InitializeLoginViaApiFlowRequest{}},
		{rpc: kratosgrpcv1.LoginService_InitializeLoginViaBrowserFlow_FullMethodName, message: &kratosgrpcv1.InitializeLoginViaBrowserFlowRequest{}, caller: caller{html: true}},
		{rpc: kratosgrpcv1.LoginService_CompleteLoginFlowWithPasswordMethod_FullMethodName, message: login(f.start("Login", caller{}), f.account.email, password, "")},
	}
	awaitHealth(t, s, true)

	kratos.Kill()
	down := want{code: codes.Unavailable, reason: "UPSTREAM_UNAVAILABLE", status: 503, ours: true}
	for _, c := range calls {
		for _, through := range []client{&grpcClient{conn: s.conn}, &restClient{base: s.rest, http: s.http}} {
			through.verify(t, through.do(t, c), down)
		}
	}
	awaitHealth(t, s, false)

	if err := kratos.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, through := range []client{&grpcClient{conn: s.conn}, &restClient{base: s.rest, http: s.http}} {
		r := through.do(t, calls[0])
		through.verify(t, r, want{})
		isAccount(t, f, r)
	}
	awaitHealth(t, s, true)
}

// awaitHealth waits until all that tells of the server's health tells the same, and checks that it lives meanwhile.
func awaitHealth(t *testing.T, s *testServer, ready bool) {
	t.Helper()
	names := []string{""}
	for _, kind := range []string{"Login", "Registration", "Settings", "Recovery", "Verification", "Logout", "Session", "Schema", "Error"} {
		names = append(names, "kratosgrpc.v1."+kind+"Service")
	}
	serving, httpStatus := healthpb.HealthCheckResponse_NOT_SERVING, http.StatusServiceUnavailable
	if ready {
		serving, httpStatus = healthpb.HealthCheckResponse_SERVING, http.StatusOK
	}
	deadline := time.Now().Add(10 * time.Second)
	for _, name := range names {
		for health(t, s, name) != serving {
			if time.Now().After(deadline) {
				t.Fatalf("the health of %q does not become %s", name, serving)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	if got, body := getPath(t, s, "/readyz"); got != httpStatus || !strings.Contains(body, `"status"`) {
		t.Errorf("/readyz answers %d: %s, want %d", got, body, httpStatus)
	}
	if got, body := getPath(t, s, "/healthz"); got != http.StatusOK || body != `{"status":"ok"}` {
		t.Errorf("/healthz answers %d: %s", got, body)
	}
	if got := health(t, s, "liveness"); got != healthpb.HealthCheckResponse_SERVING {
		t.Errorf("the process is %s", got)
	}
}

func health(t *testing.T, s *testServer, name string) healthpb.HealthCheckResponse_ServingStatus {
	t.Helper()
	res, err := healthpb.NewHealthClient(s.conn).Check(t.Context(), &healthpb.HealthCheckRequest{Service: name})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetStatus()
}

func getPath(t *testing.T, s *testServer, path string) (status int, body string) {
	t.Helper()
	res, err := s.http.Get(s.rest + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(data)
}
