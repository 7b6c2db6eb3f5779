package server_test

import (
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// bareAuthz answers Check at once: what gRPC itself costs.
type bareAuthz struct {
	authv3.UnimplementedAuthorizationServer

	response *authv3.CheckResponse
}

func (s *bareAuthz) Check(context.Context, *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	return s.response, nil
}

// browsersHeaders are a request's, as Envoy tells them.
var browsersHeaders = map[string]string{
	":authority": "app.example.org", ":method": "GET", ":path": "/orders?page=2", ":scheme": "https",
	"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "accept-encoding": "gzip, deflate, br", "accept-language": "en-GB,en;q=0.5",
	"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document",
	"x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https", "x-request-id": "6d1f6d8e-7f0f-9f0e-8d0a-1b7f0f6d1f6d", "cookie": "a=b; theme=dark",
}

// BenchmarkCheck compares in one run what a verdict on a known session costs with what gRPC itself costs, for the same request
// and the same answer.
func BenchmarkCheck(b *testing.B) {
	kratos := httptest.NewServer(answers(200, cannedSession))
	b.Cleanup(kratos.Close)
	adapter, err := kratosv1.New(kratos.URL)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		headers map[string]string
	}{
		{"identity", nil},
		{"session and traits", map[string]string{"x-session-id": "id", "x-aal": "authenticator_assurance_level", "x-email": "identity.traits.email", "x-first-name": "identity.traits.name.first"}},
	} {
		s := startServer(b, adapter, func(config *server.Config) {
			config.SessionCacheTTL, config.Authz.Timeout, config.Authz.Headers = time.Hour, 10*time.Second, c.headers
		})
		sample, err := authv3.NewAuthorizationClient(s.conn).Check(b.Context(), checkOf(token()))
		if err != nil || sample.GetOkResponse() == nil {
			b.Fatalf("%v, %v", sample, err)
		}
		listener, err := new(net.ListenConfig).Listen(b.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		bare := grpc.NewServer()
		authv3.RegisterAuthorizationServer(bare, &bareAuthz{response: sample})
		go func() { _ = bare.Serve(listener) }()
		b.Cleanup(bare.Stop)
		conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = conn.Close() })
		b.Run(c.name+"/bare", func(b *testing.B) { check(b, conn) })
		b.Run(c.name+"/cached", func(b *testing.B) { check(b, s.conn) })
	}
}

// callers is how many ask at the same time, for each processor.
const callers = 16

var tokensMade atomic.Int64

// token is one of a caller's own: those who ask for the same one at the same time would share a question.
func token() string { return fmt.Sprintf("ory_st_0123456789abcdefghijklmnop%06d", tokensMade.Add(1)) }

// checkOf is a check of a request with a token.
func checkOf(token string) *authv3.CheckRequest {
	req := proto.CloneOf(request{headers: browsersHeaders}.check())
	req.GetAttributes().GetRequest().GetHttp().Headers["x-session-token"] = token
	return req
}

func check(b *testing.B, conn *grpc.ClientConn) {
	b.Helper()
	client := authv3.NewAuthorizationClient(conn)
	b.ReportAllocs()
	b.SetParallelism(callers)
	b.RunParallel(func(pb *testing.PB) {
		req := checkOf(token())
		for pb.Next() {
			res, err := client.Check(b.Context(), req)
			if err != nil || res.GetOkResponse() == nil {
				b.Errorf("%v, %v", res, err)
				return
			}
		}
	})
}
