package server_test

import (
	"net/http"
	"net/netip"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// TestRateLimits: over both ways, with what a client needs to come back; REST behind a proxy counts its clients, not it.
func TestRateLimits(t *testing.T) {
	t.Parallel()
	kratos := startStub(t, answers(http.StatusBadRequest, `{"error":{"code":400,"status":"Bad Request","message":"no"}}`))
	limited := want{code: codes.ResourceExhausted, reason: "RATE_LIMITED", status: 429, ours: true}
	submission := call{
		rpc: kratosgrpcv1.LoginService_CompleteLoginFlowWithPasswordMethod_FullMethodName, message: login("f", "ada@example.org", "guess", ""),
	}
	for name, c := range map[string]struct {
		limits server.RateLimits
		by     string
	}{
		"address":    {server.RateLimits{Address: server.Rate{Events: 2, Per: time.Hour}}, "address"},
		"identifier": {server.RateLimits{Identifier: server.Rate{Events: 2, Per: time.Hour}}, "identifier"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, newAdapter(t, kratos.URL), func(config *server.Config) { config.RateLimits = c.limits })
			overGRPC, overREST := &grpcClient{conn: s.conn}, &restClient{base: s.rest, http: s.http}
			// The two ways share a limit.
			for _, through := range []client{overGRPC, overREST} {
				through.verify(t, through.do(t, submission), want{code: codes.InvalidArgument, reason: "REJECTED_BY_UPSTREAM", status: 400})
			}
			r := overGRPC.do(t, submission)
			overGRPC.verify(t, r, limited)
			if delay := retryDelay(r.failure); delay < 29*time.Minute || delay > 30*time.Minute {
				t.Errorf("the delay is %s", delay)
			}
			if by := limitedBy(r.failure); by != c.by {
				t.Errorf("it is said to be limited by %q", by)
			}
			r = overREST.do(t, submission)
			overREST.verify(t, r, limited)
			if after := r.response.Header.Get("Retry-After"); len(after) != 4 {
				t.Errorf("Retry-After is %q", after)
			}
			// Sessions are looked up all the same.
			if r := overREST.do(t, whoami()); r.response.StatusCode == http.StatusTooManyRequests {
				t.Error("a lookup is limited")
			}
		})
	}
	t.Run("behind a proxy", func(t *testing.T) {
		t.Parallel()
		s := startServer(t, newAdapter(t, kratos.URL), func(config *server.Config) {
			config.RateLimits.Address = server.Rate{Events: 1, Per: time.Hour}
			config.TrustedProxies = loopback()
		})
		for _, c := range []struct {
			forwarded string
			limited   bool
		}{{"192.0.2.1", false}, {"192.0.2.2", false}, {"192.0.2.1", true}, {"192.0.2.3, 192.0.2.2", true}} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.rest+"/self-service/login/api", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Forwarded-For", c.forwarded)
			res, err := s.http.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if got := res.StatusCode == http.StatusTooManyRequests; got != c.limited {
				t.Errorf("%s: the status is %d", c.forwarded, res.StatusCode)
			}
		}
	})
}

func loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

func limitedBy(st *status.Status) string {
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetMetadata()["limited_by"]
		}
	}
	return ""
}

// TestRateLimitsByCertificate: a caller has one limit, whichever way it comes. Envoy, which would let a request pass of which it
// has no verdict, is told that it must not.
func TestRateLimitsByCertificate(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	kratos := startStub(t, answers(http.StatusOK, stubSession))
	s := startServer(t, newAdapter(t, kratos.URL), m.serve, func(c *server.Config) {
		c.RateLimits.Caller = server.Rate{Events: 2, Per: time.Hour}
	})
	for name, asked := range map[string]func(t *testing.T, conn *grpc.ClientConn, client *http.Client) bool{
		"gRPC": func(t *testing.T, conn *grpc.ClientConn, _ *http.Client) bool {
			t.Helper()
			_, err := kratosgrpcv1.NewSessionServiceClient(conn).Whoami(withToken(t.Context(), "t"), new(kratosgrpcv1.WhoamiRequest))
			return status.Code(err) == codes.ResourceExhausted
		},
		"REST": func(t *testing.T, _ *grpc.ClientConn, client *http.Client) bool {
			t.Helper()
			return statusAt(t, client, secure(s, "/sessions/whoami")) == http.StatusTooManyRequests
		},
		"Envoy": func(t *testing.T, conn *grpc.ClientConn, _ *http.Client) bool {
			t.Helper()
			res, err := authv3.NewAuthorizationClient(conn).Check(t.Context(), new(authv3.CheckRequest))
			if err != nil || res.GetOkResponse() != nil {
				t.Fatalf("Envoy may let it pass: %v, %v", res, err)
			}
			return res.GetDeniedResponse().GetStatus().GetCode() == http.StatusTooManyRequests
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := m.config("spiffe://example.org/" + name)
			conn, client := m.dial(s, config), m.browse(config)
			// The first two come by gRPC, whatever the third does.
			for range 2 {
				if _, err := kratosgrpcv1.NewSessionServiceClient(conn).Whoami(withToken(t.Context(), "t"), new(kratosgrpcv1.WhoamiRequest)); err != nil {
					t.Fatal(err)
				}
			}
			if !asked(t, conn, client) {
				t.Error("the third one passes")
			}
		})
	}
}
