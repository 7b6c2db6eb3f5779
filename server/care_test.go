package server_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv05"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

func withToken(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "x-session-token", token)
}

// TestKratosIsLeftInPeace: while Kratos is down calls fail at once and say when to come back, known sessions are answered,
// readiness is found out all the same, and all is well soon after Kratos is.
func TestKratosIsLeftInPeace(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	kratos := startStub(t, func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			hangsUp(w, r)
		}
		answers(http.StatusOK, stubSession)(w, r)
	})
	s := startServer(t, newAdapter(t, kratos.URL), func(c *server.Config) { c.SessionCacheTTL = time.Hour })
	sessions := kratosgrpcv1.NewSessionServiceClient(s.conn)
	if _, err := sessions.Whoami(withToken(t.Context(), "known"), new(kratosgrpcv1.WhoamiRequest)); err != nil {
		t.Fatal(err)
	}
	awaitHealth(t, s, true)
	down.Store(true)

	unavailable := want{code: codes.Unavailable, reason: "UPSTREAM_UNAVAILABLE", status: 503, ours: true}
	overGRPC, overREST := &grpcClient{conn: s.conn}, &restClient{base: s.rest, http: s.http}
	// Until it is open; each call may well be asked twice.
	open := func() bool { return retryDelay(overGRPC.do(t, whoami()).failure) > 0 }
	for calls := 0; !open(); calls++ {
		if calls == 100 {
			t.Fatal("Kratos is asked for ever")
		}
	}
	asked := len(kratos.requests())
	begun := time.Now()
	for range 50 {
		r := overGRPC.do(t, whoami())
		overGRPC.verify(t, r, unavailable)
		r = overREST.do(t, whoami())
		overREST.verify(t, r, unavailable)
		if time.Since(begun) < 500*time.Millisecond && r.response.Header.Get("Retry-After") != "1" {
			t.Errorf("Retry-After is %q", r.response.Header.Get("Retry-After"))
		}
		if _, err := sessions.Whoami(withToken(t.Context(), "known"), new(kratosgrpcv1.WhoamiRequest)); err != nil {
			t.Errorf("a session that is known: %v", err)
		}
		verdict, err := authv3.NewAuthorizationClient(s.conn).Check(t.Context(), request{headers: map[string]string{"x-session-token": "t"}}.check())
		if err != nil || verdict.GetDeniedResponse().GetStatus().GetCode() != http.StatusServiceUnavailable {
			t.Errorf("Envoy is told %v, %v", verdict, err)
		}
		if time.Since(begun) < 500*time.Millisecond && !strings.Contains(verdict.String(), "retry-after") {
			t.Errorf("Envoy is not told when to come back: %v", verdict)
		}
	}
	// A trial each second, which may be asked twice.
	if more, most := len(kratos.requests())-asked, 2*(1+int(time.Since(begun)/time.Second)); more > most {
		t.Errorf("Kratos is asked %d times in %s", more, time.Since(begun))
	}
	// That the stub's /health/ready says yes is known, whatever the breaker says.
	if health(t, s, "") != healthpb.HealthCheckResponse_SERVING {
		t.Error("the readiness is not Kratos's own")
	}

	down.Store(false)
	for deadline := time.Now().Add(10 * time.Second); overGRPC.do(t, whoami()).failure != nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come back")
		}
	}
}

// TestOverloadedKratos: a Kratos that hangs gets no more than its share, and who comes too late is told so long before the deadline.
func TestOverloadedKratos(t *testing.T) {
	t.Parallel()
	const places = 4
	var mu sync.Mutex
	var busy, most int
	release := make(chan struct{})
	kratos := startStub(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		busy++
		most = max(most, busy)
		mu.Unlock()
		<-release
		mu.Lock()
		busy--
		mu.Unlock()
		answers(http.StatusOK, stubSession)(w, r)
	})
	adapter, err := kratosv05.New(kratos.URL, adapters.WithCare(adapters.Care{MaxConcurrency: places}))
	if err != nil {
		t.Fatal(err)
	}
	s := startServer(t, adapter)
	sessions := kratosgrpcv1.NewSessionServiceClient(s.conn)
	var refused, answered atomic.Int64
	var calls sync.WaitGroup
	const callers = 100
	for i := range callers {
		calls.Go(func() {
			_, err := sessions.Whoami(withToken(t.Context(), strings.Repeat("t", i+1)), new(kratosgrpcv1.WhoamiRequest))
			switch st := status.Convert(err); {
			case err == nil:
				answered.Add(1)
			case st.Code() == codes.Unavailable && retryDelay(st) > 0:
				if refused.Add(1) == callers-places {
					close(release)
				}
			default:
				t.Errorf("got %v", err)
			}
		})
	}
	calls.Wait()
	if refused.Load() != callers-places || answered.Load() != places || most != places {
		t.Errorf("%d are refused and %d answered, and Kratos has had %d at a time", refused.Load(), answered.Load(), most)
	}
}

// TestHedgedWhoami: a lookup that hangs is asked again, and the second answer counts.
func TestHedgedWhoami(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	hang := make(chan struct{})
	kratos := startStub(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			<-hang
		}
		answers(http.StatusOK, stubSession)(w, r)
	})
	t.Cleanup(func() { close(hang) })
	adapter, err := kratosv05.New(kratos.URL, adapters.WithCare(adapters.Care{HedgeAfter: 20 * time.Millisecond}))
	if err != nil {
		t.Fatal(err)
	}
	s := startServer(t, adapter, func(c *server.Config) { c.UpstreamTimeout = 10 * time.Second })
	begun := time.Now()
	if _, err := kratosgrpcv1.NewSessionServiceClient(s.conn).Whoami(withToken(t.Context(), "t"), new(kratosgrpcv1.WhoamiRequest)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took > 9*time.Second || asked.Load() != 2 {
		t.Errorf("it took %s and %d requests", took, asked.Load())
	}
}

// TestReadinessDoesNotFlap: a check that fails now and then does not take the server out of service; several in a row do.
func TestReadinessDoesNotFlap(t *testing.T) {
	t.Parallel()
	var mode, checks atomic.Int64 // mode: how many checks of four fail.
	kratos := startStub(t, answers(http.StatusOK, stubSession))
	fails := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health/ready" && checks.Add(1)%4 < mode.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		kratos.Config.Handler.ServeHTTP(w, r)
	})
	front := startHandler(t, fails)
	logged := new(capturedLog)
	s := startServer(t, newAdapter(t, front), logged.capture, func(c *server.Config) { c.ReadyInterval = 100 * time.Millisecond })
	awaitHealth(t, s, true)
	mode.Store(2)
	for from := checks.Load(); checks.Load() < from+24; time.Sleep(time.Millisecond) {
		if health(t, s, "") != healthpb.HealthCheckResponse_SERVING {
			t.Fatal("it is out of service")
		}
	}
	if said := logged.lines("Kratos is not ready"); len(said) > 0 {
		t.Errorf("the log says %v", said)
	}
	mode.Store(4)
	awaitHealth(t, s, false)
	mode.Store(0)
	awaitHealth(t, s, true)
}

// startHandler serves a handler until the test ends.
func startHandler(t *testing.T, handler http.Handler) (base string) {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}
