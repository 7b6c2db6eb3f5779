package server_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// dial is another connection to a server, and how often it has been opened.
func dial(t *testing.T, s *testServer) (client kratosgrpcv1.SessionServiceClient, dialed *atomic.Int32) {
	t.Helper()
	dialed = new(atomic.Int32)
	conn, err := grpc.NewClient(
		"passthrough:"+s.conn.Target(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy(),
		grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
			dialed.Add(1)
			return new(net.Dialer).DialContext(ctx, "tcp", addr)
		}),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return kratosgrpcv1.NewSessionServiceClient(conn), dialed
}

// TestConnectionAge: connections end one after the other, and no call fails because of it.
func TestConnectionAge(t *testing.T) {
	t.Parallel()
	s := startServer(t, newAdapter(t, startStub(t, answers(http.StatusOK, stubSession)).URL), func(c *server.Config) {
		c.Limits.ConnectionAge = 50 * time.Millisecond
	})
	client, dialed := dial(t, s)
	calls := 0
	for deadline := time.Now().Add(20 * time.Second); dialed.Load() < 4; calls++ {
		if _, err := client.Whoami(t.Context(), new(kratosgrpcv1.WhoamiRequest)); err != nil {
			t.Fatalf("call %d, by connection %d: %v", calls, dialed.Load(), err)
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %d calls the client has dialed %d times", calls, dialed.Load())
		}
	}
}

// TestConnectionAgeOfStreams: who watches a session on a connection that is old is told to watch again, before the connection
// is cut off; until then calls go by another one.
func TestConnectionAgeOfStreams(t *testing.T) {
	t.Parallel()
	s := startServer(t, newAdapter(t, startStub(t, answers(http.StatusOK, stubSession)).URL), func(c *server.Config) {
		c.Limits.ConnectionAge, c.Limits.ConnectionAgeGrace = 50*time.Millisecond, 4*time.Second
	})
	client, dialed := dial(t, s)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-session-token", "t")
	watch, err := client.WatchSession(ctx, new(kratosgrpcv1.WatchSessionRequest))
	if err != nil {
		t.Fatal(err)
	}
	if first, err := watch.Recv(); err != nil || first.GetSession() == nil {
		t.Fatalf("the session is %v, %v", first, err)
	}
	for deadline := time.Now().Add(3 * time.Second); dialed.Load() < 2; {
		if _, err := client.Whoami(ctx, new(kratosgrpcv1.WhoamiRequest)); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatal("calls go by the old connection")
		}
	}
	for err == nil {
		_, err = watch.Recv()
	}
	st := status.Convert(err)
	if st.Code() != codes.Unavailable || !strings.Contains(st.Message(), "watch again") {
		t.Errorf("who watches is told %v", err)
	}
	if len(st.Details()) != 1 {
		t.Errorf("the details are %v", st.Details())
	} else if info, ok := st.Details()[0].(*errdetails.ErrorInfo); !ok || info.GetReason() != "UPSTREAM_UNAVAILABLE" {
		t.Errorf("the reason is %v", st.Details()[0])
	}
	if _, err := client.WatchSession(ctx, new(kratosgrpcv1.WatchSessionRequest)); err != nil {
		t.Errorf("watching again: %v", err)
	}
}

// TestConnectionAgeOfCalls: a call that is under way when its connection gets old ends by it.
func TestConnectionAgeOfCalls(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	upstream := startStub(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Request-Id") == "slow" {
			<-release
		}
		answers(http.StatusOK, stubSession)(w, r)
	})
	s := startServer(t, newAdapter(t, upstream.URL), func(c *server.Config) { c.Limits.ConnectionAge = 50 * time.Millisecond })
	client, dialed := dial(t, s)
	ended := make(chan error, 1)
	go func() {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "x-request-id", "slow", "x-session-token", "slow")
		_, err := client.Whoami(ctx, new(kratosgrpcv1.WhoamiRequest))
		ended <- err
	}()
	for deadline := time.Now().Add(20 * time.Second); dialed.Load() < 3 && time.Now().Before(deadline); {
		if _, err := client.Whoami(t.Context(), new(kratosgrpcv1.WhoamiRequest)); err != nil {
			t.Error(err)
			break
		}
	}
	close(release)
	if err := <-ended; err != nil {
		t.Errorf("the call that was under way: %v", err)
	}
	if dialed.Load() < 3 {
		t.Errorf("the client has dialed %d times", dialed.Load())
	}
}
