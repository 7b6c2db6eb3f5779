package server_test

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv05"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// testServer is a running server, and a way in for each transport.
type testServer struct {
	conn *grpc.ClientConn
	rest string
	http *http.Client

	// stop tells the server to stop and waits until it has; it may be called more than once.
	stop func()
	// hurry has it stop without a delay.
	hurry func()
}

// startServer serves an adapter until the test ends.
func startServer(t testing.TB, adapter adapters.Adapter, configure ...func(*server.Config)) *testServer {
	t.Helper()
	config := server.DefaultConfig()
	config.GRPCAddr, config.HTTPAddr = "127.0.0.1:0", "127.0.0.1:0"
	config.ReadyInterval, config.DrainDelay = 20*time.Millisecond, 0
	config.Logger = slog.New(slog.DiscardHandler)
	for _, f := range configure {
		f(&config)
	}
	s, err := server.New(config, adapter)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient(s.GRPCAddr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	if err != nil {
		t.Fatal(err)
	}

	transport := new(http.Transport)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.Run(ctx); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	}()
	started := &testServer{
		conn: conn,
		rest: "http://" + s.HTTPAddr().String(),
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		stop:  func() { cancel(); <-ended },
		hurry: s.Hurry,
	}
	t.Cleanup(func() {
		_ = conn.Close()
		transport.CloseIdleConnections()
		started.stop()
	})
	return started
}

// adapterFor is the adapter for a Kratos of a generation.
func adapterFor(t *testing.T, version kratostest.Version, base string) adapters.Adapter {
	t.Helper()
	if version == kratostest.V05 {
		return newAdapter(t, base)
	}
	adapter, err := kratosv1.New(base)
	if err != nil {
		t.Fatal(err)
	}
	return adapter
}

// newAdapter is the adapter for the Kratos 0.5, or what stands in for one, at base.
func newAdapter(t *testing.T, base string) adapters.Adapter {
	t.Helper()
	adapter, err := kratosv05.New(base)
	if err != nil {
		t.Fatal(err)
	}
	return adapter
}
