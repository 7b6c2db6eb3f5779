package server_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv1"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// TestStampede: very many ask over gRPC for one session that is not known yet, all at the same time, and Kratos is asked once.
func TestStampede(t *testing.T) {
	t.Parallel()
	const connections, callsEach = 100, 100
	release := make(chan struct{})
	kratos := startStub(t, func(w http.ResponseWriter, r *http.Request) {
		<-release
		answers(http.StatusOK, cannedSession)(w, r)
	})
	adapter, err := kratosv1.New(kratos.URL)
	if err != nil {
		t.Fatal(err)
	}
	s := startServer(t, adapter, func(c *server.Config) {
		c.SessionCacheTTL = time.Hour
		// On a slow machine it takes its time until all have asked.
		c.UpstreamTimeout = 4 * time.Minute
	})
	sent := &sentCalls{all: make(chan struct{}), want: connections * callsEach}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-session-token", "ory_st_cold")
	var calling sync.WaitGroup
	for range connections {
		conn, err := grpc.NewClient(s.conn.Target(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy(), grpc.WithStatsHandler(sent))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		client := kratosgrpcv1.NewSessionServiceClient(conn)
		for range callsEach {
			calling.Go(func() {
				res, err := client.Whoami(ctx, &kratosgrpcv1.WhoamiRequest{})
				if err != nil {
					t.Error(err)
				} else if id := res.GetSession().GetId(); id != "c3c4c688-5a9f-4b6f-a731-b86640d1cf3c" {
					t.Errorf("the session is %q", id)
				}
			})
		}
	}
	select {
	case <-sent.all:
	case <-time.After(time.Minute):
		t.Error("the calls are not sent")
	}
	close(release)
	calling.Wait()
	if asked := len(kratos.requests()); asked != 1 {
		t.Errorf("Kratos was asked %d times by %d calls", asked, sent.want)
	}
}

// sentCalls tells when so many calls are on their way.
type sentCalls struct {
	sent atomic.Int64
	want int64
	all  chan struct{}
}

var _ stats.Handler = (*sentCalls)(nil)

// TagRPC implements stats.Handler.
func (*sentCalls) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC implements stats.Handler.
func (s *sentCalls) HandleRPC(_ context.Context, event stats.RPCStats) {
	if _, ok := event.(*stats.OutPayload); ok && s.sent.Add(1) == s.want {
		close(s.all)
	}
}

// TagConn implements stats.Handler.
func (*sentCalls) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements stats.Handler.
func (*sentCalls) HandleConn(context.Context, stats.ConnStats) {}
