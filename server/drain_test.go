package server_test

import (
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// TestMain checks that no test, and so no server, leaves a goroutine behind.
func TestMain(m *testing.M) {
	// It looks after connections that are not in use, and ends when it next finds none.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*HostClient).connsCleaner"))
}

// underWay starts a call over each transport, and waits until both have reached the upstream. The channel has what
// comes of them.
func underWay(t *testing.T, s *testServer, upstream *stub) <-chan error {
	t.Helper()
	ended := make(chan error, 2)
	go func() {
		_, err := kratosgrpcv1.NewSessionServiceClient(s.conn).Whoami(t.Context(), new(kratosgrpcv1.WhoamiRequest))
		ended <- err
	}()
	go func() {
		res, err := s.http.Get(s.rest + "/sessions/whoami")
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode != http.StatusOK {
				err = status.Error(codes.Unavailable, res.Status)
			}
		}
		ended <- err
	}()
	for deadline := time.Now().Add(5 * time.Second); len(upstream.requests()) < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the calls do not reach the upstream")
		}
	}
	return ended
}

func TestDrain(t *testing.T) {
	t.Parallel()
	answer := make(chan struct{})
	release := sync.OnceFunc(func() { close(answer) })
	upstream := startStub(t, func(w http.ResponseWriter, r *http.Request) {
		<-answer
		answers(http.StatusOK, stubSession)(w, r)
	})
	// Were the test to fail before, the stub would wait for ever.
	defer release()
	logged := new(capturedLog)
	s := startServer(t, newAdapter(t, upstream.URL), logged.capture)
	awaitHealth(t, s, true)
	watch, err := healthpb.NewHealthClient(s.conn).Watch(t.Context(), new(healthpb.HealthCheckRequest))
	if err != nil {
		t.Fatal(err)
	}
	if first, err := watch.Recv(); err != nil || first.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Fatalf("the health is %v, %v", first, err)
	}
	ended := underWay(t, s, upstream)

	stopped := make(chan struct{})
	go func() { defer close(stopped); s.stop() }()
	if next, err := watch.Recv(); err == nil && next.GetStatus() != healthpb.HealthCheckResponse_NOT_SERVING {
		t.Errorf("a server that drains says that it is %s", next.GetStatus())
	}
	logged.await(t, "draining")
	refuses(t, s)
	select {
	case err := <-ended:
		t.Fatalf("a call ended although Kratos has not answered: %v", err)
	case <-stopped:
		t.Fatal("the server has stopped although calls are under way")
	default:
	}

	release()
	for range 2 {
		if err := <-ended; err != nil {
			t.Errorf("a call that was under way failed: %v", err)
		}
	}
	<-stopped
	logged.await(t, `"msg":"stopped"`)
	if lines := logged.lines("cut off"); len(lines) > 0 {
		t.Errorf("calls were cut off: %v", lines)
	}
}

// refuses waits until a server takes no new connections.
func refuses(t *testing.T, s *testServer) {
	t.Helper()
	conn, err := grpc.NewClient(s.conn.Target(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		// Reading the schema of this id does not take a Kratos.
		_, overGRPC := kratosgrpcv1.NewSchemaServiceClient(conn).GetSchema(t.Context(), &kratosgrpcv1.GetSchemaRequest{Id: ".."})
		res, overREST := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(s.rest + "/healthz")
		if overREST == nil {
			_ = res.Body.Close()
		}
		if status.Code(overGRPC) == codes.Unavailable && overREST != nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("new calls are still taken: over gRPC %v, over REST %v", overGRPC, overREST)
		}
	}
}

// TestDrainTimeout checks that a server does not wait for ever for calls that do not end.
func TestDrainTimeout(t *testing.T) {
	t.Parallel()
	upstream := startStub(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	logged := new(capturedLog)
	s := startServer(t, newAdapter(t, upstream.URL), logged.capture, func(c *server.Config) { c.DrainTimeout = 100 * time.Millisecond })
	ended := underWay(t, s, upstream)

	start := time.Now()
	s.stop()
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("the server took %s to stop", took)
	}
	for range 2 {
		if err := <-ended; err == nil {
			t.Error("a call that was cut off did not fail")
		}
	}
	logged.await(t, "cut off")
}

// TestStart checks what keeps a server from starting.
func TestStart(t *testing.T) {
	t.Parallel()
	upstream := startStub(t, answers(http.StatusOK, stubSession))
	s := startServer(t, newAdapter(t, upstream.URL))
	for name, c := range map[string]struct {
		change func(*server.Config)
		says   string
	}{
		"gRPC address that is taken": {func(c *server.Config) { c.GRPCAddr = s.conn.Target() }, "in use"},
		"REST address that is taken": {func(c *server.Config) { c.HTTPAddr = strings.TrimPrefix(s.rest, "http://") }, "in use"},
		"no gRPC address":            {func(c *server.Config) { c.GRPCAddr = "" }, "gRPC is missing"},
		"no REST address":            {func(c *server.Config) { c.HTTPAddr = "" }, "REST is missing"},
		"no upstream timeout":        {func(c *server.Config) { c.UpstreamTimeout = 0 }, "upstream timeout"},
		"no readiness interval":      {func(c *server.Config) { c.ReadyInterval = 0 }, "readiness"},
		"no drain timeout":           {func(c *server.Config) { c.DrainTimeout = 0 }, "drain timeout"},
		"negative drain delay":       {func(c *server.Config) { c.DrainDelay = -1 }, "drain delay"},
		"a malformed proxy":          {func(c *server.Config) { c.TrustedProxies = make([]netip.Prefix, 1) }, "trusted proxies"},
		"no streams":                 {func(c *server.Config) { c.Limits.ConcurrentStreams = 0 }, "concurrent streams"},
		"no headers":                 {func(c *server.Config) { c.Limits.HeaderBytes = 0 }, "headers"},
		"negative connection age":    {func(c *server.Config) { c.Limits.ConnectionAge = -1 }, "age of connections"},
		"no grace":                   {func(c *server.Config) { c.Limits.ConnectionAgeGrace = 0 }, "grace"},
		"no interval of pings":       {func(c *server.Config) { c.Limits.PingInterval = 0 }, "pings"},
		"no time for a handshake":    {func(c *server.Config) { c.Limits.Handshake = 0 }, "handshake"},
		"any CORS origin":            {func(c *server.Config) { c.CORSOrigins = []string{"*"} }, "CORS"},
		"no logger":                  {func(c *server.Config) { c.Logger = nil }, "logger"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := server.DefaultConfig()
			config.GRPCAddr, config.HTTPAddr = "127.0.0.1:0", "127.0.0.1:0"
			c.change(&config)
			if _, err := server.New(config, newAdapter(t, upstream.URL)); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error that says %q", err, c.says)
			}
		})
	}
}

// TestDrainDelay: at first a server that stops only says so, and serves; who uses REST is sent away from the connection. It
// goes on when there is no more time, or when somebody is in a hurry.
func TestDrainDelay(t *testing.T) {
	t.Parallel()
	logged := new(capturedLog)
	s := startServer(t, newAdapter(t, startStub(t, answers(http.StatusOK, stubSession)).URL), logged.capture, func(c *server.Config) { c.DrainDelay = time.Hour })
	awaitHealth(t, s, true)
	watch, err := healthpb.NewHealthClient(s.conn).Watch(t.Context(), new(healthpb.HealthCheckRequest))
	if err != nil {
		t.Fatal(err)
	}
	if first, err := watch.Recv(); err != nil || first.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Fatalf("the health is %v, %v", first, err)
	}

	stopped := make(chan struct{})
	go func() { defer close(stopped); s.stop() }()
	if next, err := watch.Recv(); err != nil || next.GetStatus() != healthpb.HealthCheckResponse_NOT_SERVING {
		t.Errorf("who watches the health is told %v, %v", next, err)
	}
	awaitHealth(t, s, false)
	for range 20 {
		if _, err := kratosgrpcv1.NewSessionServiceClient(s.conn).Whoami(t.Context(), new(kratosgrpcv1.WhoamiRequest)); err != nil {
			t.Fatal(err)
		}
		res, err := s.http.Get(s.rest + "/sessions/whoami")
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if !res.Close || res.StatusCode != http.StatusOK {
			t.Fatalf("the answer is %s, and the connection stays: %t", res.Status, !res.Close)
		}
	}
	select {
	case <-stopped:
		t.Fatal("the server has not waited")
	default:
	}

	s.hurry()
	s.hurry()
	<-stopped
	logged.await(t, `"msg":"stopped"`)
}

// TestDrainDelayEnds: nobody has to be in a hurry.
func TestDrainDelayEnds(t *testing.T) {
	t.Parallel()
	const delay = 200 * time.Millisecond
	s := startServer(t, newAdapter(t, startStub(t, answers(http.StatusOK, stubSession)).URL), func(c *server.Config) { c.DrainDelay = delay })
	begun := time.Now()
	s.stop()
	if took := time.Since(begun); took < delay {
		t.Errorf("the server stopped after %s", took)
	}
}
