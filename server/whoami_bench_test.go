package server_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratosjson"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv1"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// cannedSession is what Kratos 1.3.1 answers to whoami.
const cannedSession = `{"id":"c3c4c688-5a9f-4b6f-a731-b86640d1cf3c","active":true,"expires_at":"2099-11-24T05:39:46.973212996Z","authenticated_at":"2026-11-23T05:39:46.973212996Z","authenticator_assurance_level":"aal1","authentication_methods":[{"method":"password","aal":"aal1","completed_at":"2026-11-23T05:39:46.973212419Z"}],"issued_at":"2026-11-23T05:39:46.973212996Z","identity":{"id":"eec37e13-f8b7-4acf-ab55-8c3827a9e4fb","schema_id":"default","schema_url":"http://127.0.0.1:4433/schemas/ZGVmYXVsdA","state":"active","state_changed_at":"2026-11-23T05:39:46.971453534Z","traits":{"email":"ada@example.org","name":{"last":"Lovelace","first":"Ada"}},"verifiable_addresses":[{"id":"a3f73afc-23c1-4685-91c2-baadfb986cfe","value":"ada@example.org","verified":false,"via":"email","status":"sent","created_at":"2026-11-23T05:39:46.972444Z","updated_at":"2026-11-23T05:39:46.972444Z"}],"recovery_addresses":[{"id":"ed4ced18-ffc1-47b7-86a4-cf62b77054de","value":"ada@example.org","via":"email","created_at":"2026-11-23T05:39:46.972611Z","updated_at":"2026-11-23T05:39:46.972611Z"}],"metadata_public":null,"created_at":"2026-11-23T05:39:46.972186Z","updated_at":"2026-11-23T05:39:46.972186Z","organization_id":null},"devices":[{"id":"2072b38d-dcfa-4947-b984-23b942484e02","ip_address":"127.0.0.1:54974","user_agent":"client","location":""}]}`

// bareService answers Whoami at once: what gRPC itself costs.
type bareService struct {
	kratosgrpcv1.UnimplementedSessionServiceServer

	response *kratosgrpcv1.WhoamiResponse
}

func (s *bareService) Whoami(context.Context, *kratosgrpcv1.WhoamiRequest) (*kratosgrpcv1.WhoamiResponse, error) {
	return s.response, nil
}

// BenchmarkWhoami compares in one run what whoami costs: gRPC itself, a plain reverse proxy, and kratosgrpc with and without
// its cache, all in front of a Kratos that costs next to nothing. What counts are the ratios: machines differ.
func BenchmarkWhoami(b *testing.B) {
	kratos := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Vary", "Cookie")
		_, _ = io.WriteString(w, cannedSession)
	}))
	b.Cleanup(kratos.Close)

	b.Run("gRPC/bare", func(b *testing.B) {
		session := new(kratosgrpcv1.Session)
		if err := kratosjson.Unmarshal([]byte(cannedSession), session); err != nil {
			b.Fatal(err)
		}
		listener, err := new(net.ListenConfig).Listen(b.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		bare := grpc.NewServer()
		kratosgrpcv1.RegisterSessionServiceServer(bare, &bareService{response: &kratosgrpcv1.WhoamiResponse{Session: session}})
		go func() { _ = bare.Serve(listener) }()
		b.Cleanup(bare.Stop)
		conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = conn.Close() })
		askOverGRPC(b, conn)
	})
	b.Run("REST/reverse proxy", func(b *testing.B) {
		u, err := url.Parse(kratos.URL)
		if err != nil {
			b.Fatal(err)
		}
		proxy := httptest.NewServer(&httputil.ReverseProxy{
			Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(u) },
			Transport: &http.Transport{MaxIdleConnsPerHost: 512},
		})
		b.Cleanup(proxy.Close)
		askOverREST(b, proxy.URL)
	})
	for _, c := range []struct {
		name string
		ttl  time.Duration
	}{{"cached", time.Hour}, {"uncached", 0}} {
		adapter, err := kratosv1.New(kratos.URL)
		if err != nil {
			b.Fatal(err)
		}
		s := startServer(b, adapter, func(config *server.Config) { config.SessionCacheTTL = c.ttl })
		b.Run("gRPC/"+c.name, func(b *testing.B) { askOverGRPC(b, s.conn) })
		b.Run("REST/"+c.name, func(b *testing.B) { askOverREST(b, s.rest) })
	}
}

// callers is how many ask at the same time, for each processor.
const callers = 16

var tokensMade atomic.Int64

// token is one of a caller's own: those who ask for the same one at the same time would share a question.
func token() string { return fmt.Sprintf("ory_st_0123456789abcdefghijklmnop%06d", tokensMade.Add(1)) }

func askOverGRPC(b *testing.B, conn *grpc.ClientConn) {
	b.Helper()
	client := kratosgrpcv1.NewSessionServiceClient(conn)
	b.SetParallelism(callers)
	b.RunParallel(func(pb *testing.PB) {
		ctx := metadata.AppendToOutgoingContext(b.Context(), "x-session-token", token())
		for pb.Next() {
			if _, err := client.Whoami(ctx, &kratosgrpcv1.WhoamiRequest{}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func askOverREST(b *testing.B, base string) {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 512}}
	b.Cleanup(client.CloseIdleConnections)
	b.SetParallelism(callers)
	b.RunParallel(func(pb *testing.PB) {
		own := token()
		for pb.Next() {
			req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, base+"/sessions/whoami", http.NoBody)
			if err != nil {
				b.Error(err)
				return
			}
			req.Header.Set("X-Session-Token", own)
			res, err := client.Do(req)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if res.StatusCode != http.StatusOK {
				b.Errorf("status %d", res.StatusCode)
				return
			}
		}
	})
}
