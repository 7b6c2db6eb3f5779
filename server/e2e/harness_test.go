package e2e

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"strconv"
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

// stack is a real Kratos with a kratosgrpc in front of it.
type stack struct {
	version kratostest.Version
	kratos  *kratostest.Kratos
	// rest is the base URL of kratosgrpc's REST view, without a slash at the end. Kratos's own links lead there.
	rest string
	// grpc is a connection to kratosgrpc.
	grpc *grpc.ClientConn
}

// startStack starts a stack for one test. Unless the options say otherwise, Kratos tells browsers that its public API is
// the REST view, as it has to where forms and mailed links are to lead through kratosgrpc.
func startStack(t *testing.T, options kratostest.Options) *stack {
	t.Helper()
	// Kratos is told the address before anything can listen there, for the server in turn needs Kratos's.
	address := freeAddress(t)
	if options.PublicBaseURL == "" {
		options.PublicBaseURL = "http://" + address + "/"
	}
	kratos := kratostest.StartT(t, options)
	adapter := newAdapter(t, options.Version, kratos.PublicURL)

	config := server.DefaultConfig()
	config.DrainDelay = 0
	config.GRPCAddr, config.HTTPAddr = "127.0.0.1:0", address
	config.Logger = slog.New(slog.DiscardHandler)
	s, err := server.New(config, adapter)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})

	conn, err := grpc.NewClient(s.GRPCAddr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &stack{version: cmp.Or(options.Version, kratostest.V05), kratos: kratos, rest: "http://" + s.HTTPAddr().String(), grpc: conn}
}

// inFrontOf runs a test in front of each of some generations of Kratos.
func inFrontOf(t *testing.T, test func(t *testing.T, version kratostest.Version), versions ...kratostest.Version) {
	t.Helper()
	for _, version := range versions {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			test(t, version)
		})
	}
}

// newAdapter is the adapter for a generation of Kratos.
func newAdapter(t *testing.T, version kratostest.Version, base string) adapters.Adapter {
	t.Helper()
	var adapter adapters.Adapter
	var err error
	switch version {
	case kratostest.V05, "":
		adapter, err = kratosv05.New(base)
	case kratostest.V13:
		adapter, err = kratosv1.New(base)
	default:
		t.Fatalf("there is no adapter for Kratos %s", version)
	}
	if err != nil {
		t.Fatal(err)
	}
	return adapter
}

// freeAddress picks a port of 127.0.0.1 that nobody listens on: below those that systems hand out by themselves, and
// those that kratostest picks from, so that it is still free a second later.
func freeAddress(t *testing.T) string {
	t.Helper()
	const first, last = 10000, 19999
	for range 100 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(first+rand.IntN(last-first)))
		if listener, err := net.Listen("tcp", address); err == nil {
			_ = listener.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// eventually waits until what another process does has happened.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), 30*time.Second, errors.New("not within 30 s"))
	defer cancel()
	for !happened() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
}
