package server_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // Clients look at it if it is there.
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// replica is one of those that a client can go to.
type replica struct {
	*testServer

	// ready is what was last heard of it over HTTP. overGRPC and overREST count its answers.
	ready              atomic.Bool
	overGRPC, overREST atomic.Int64
}

// fleet is a service of several replicas, and what its clients know of them.
type fleet struct {
	t      *testing.T
	names  *manual.Resolver
	client kratosgrpcv1.SessionServiceClient

	mu       sync.Mutex
	replicas []*replica
}

// startFleet makes a fleet without replicas. Its gRPC client asks one after the other, of those that say that they serve.
func startFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{t: t, names: manual.NewBuilderWithScheme("fleet")}
	conn, err := grpc.NewClient(
		"fleet:///", grpc.WithResolvers(f.names), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy(),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": ""}}`),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	f.client = kratosgrpcv1.NewSessionServiceClient(conn)
	return f
}

// set changes which replicas there are.
func (f *fleet) set(replicas ...*replica) {
	f.mu.Lock()
	f.replicas = slices.Clone(replicas)
	f.mu.Unlock()
	var state resolver.State
	for _, r := range replicas {
		state.Addresses = append(state.Addresses, resolver.Address{Addr: r.conn.Target()})
	}
	f.names.UpdateState(state)
}

func (f *fleet) all() []*replica {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.replicas)
}

// probe asks replicas again and again whether they are ready, as load balancers do, until ctx ends.
func (f *fleet) probe(ctx context.Context) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for ticker := time.NewTicker(20 * time.Millisecond); ctx.Err() == nil; <-ticker.C {
		for _, r := range f.all() {
			res, err := client.Get(r.rest + "/readyz")
			if err == nil {
				_ = res.Body.Close()
			}
			r.ready.Store(err == nil && res.StatusCode == http.StatusOK)
		}
	}
}

// callGRPC makes a call.
func (f *fleet) callGRPC(ctx context.Context) error {
	var from peer.Peer
	if _, err := f.client.Whoami(ctx, new(kratosgrpcv1.WhoamiRequest), grpc.Peer(&from)); err != nil {
		return err
	}
	for _, r := range f.all() {
		if r.conn.Target() == from.Addr.String() {
			r.overGRPC.Add(1)
		}
	}
	return nil
}

// callREST makes a request of one of those that are ready. It is a POST, for those are never sent twice.
func (f *fleet) callREST(client *http.Client, turn int, token, cacheControl string) error {
	ready := slices.DeleteFunc(f.all(), func(r *replica) bool { return !r.ready.Load() })
	if len(ready) == 0 {
		return errors.New("no replica is ready")
	}
	r := ready[turn%len(ready)]
	req, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, r.rest+"/sessions/whoami", http.NoBody)
	if err != nil {
		return err
	}
	req.Header.Set("X-Session-Token", token)
	req.Header.Set("Cache-Control", cacheControl)
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", res.Status)
	}
	r.overREST.Add(1)
	return nil
}

// TestRollingRestart restarts two replicas again and again, under load over gRPC and REST, with no proxy in between that
// would try again: no call fails.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	s := startCached(t)
	token := s.register()
	adapter := adapterFor(t, kratostest.V13, s.kratos.PublicURL)
	start := func() *replica {
		return &replica{testServer: startServer(t, adapter, func(c *server.Config) {
			c.DrainDelay, c.SessionCacheTTL = time.Second, time.Hour
			// It is also how long Kratos may take to say so, under load.
			c.ReadyInterval = 5 * time.Second
		})}
	}
	f := startFleet(t)
	replicas := []*replica{start(), start()}
	f.set(replicas...)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { f.probe(ctx) })
	until := func(what string, done func() bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("a replica does not " + what)
			}
		}
	}
	for _, r := range replicas {
		awaitHealth(t, r.testServer, true)
		until("get ready", r.ready.Load)
	}
	answers := func(r *replica) {
		t.Helper()
		overGRPC, overREST := r.overGRPC.Load(), r.overREST.Load()
		until("answer over both", func() bool { return r.overGRPC.Load() > overGRPC && r.overREST.Load() > overREST })
	}

	var calls, failed atomic.Int64
	note := func(how string, err error) {
		if calls.Add(1); err != nil && failed.Add(1) <= 10 {
			t.Errorf("over %s: %v", how, err)
		}
	}
	// Some calls are answered at once, and some are under way for a while.
	for _, cacheControl := range []string{"max-age=3600", "no-cache"} {
		running.Go(func() {
			md := metadata.AppendToOutgoingContext(t.Context(), "x-session-token", token, "cache-control", cacheControl)
			for ctx.Err() == nil {
				note("gRPC", f.callGRPC(md))
			}
		})
		running.Go(func() {
			transport := new(http.Transport)
			defer transport.CloseIdleConnections()
			for turn := 0; ctx.Err() == nil; turn++ {
				note("REST", f.callREST(&http.Client{Transport: transport}, turn, token, cacheControl))
			}
		})
	}
	const rounds = 3
	for range rounds {
		for i := range replicas {
			answers(replicas[i])
			replicas[i].stop()
			// Its address is known for a while yet.
			answers(replicas[1-i])
			replicas[i] = start()
			f.set(replicas...)
			answers(replicas[i])
		}
	}
	cancel()
	running.Wait()
	t.Logf("%d of %d calls failed, in %d restarts", failed.Load(), calls.Load(), rounds*len(replicas))
}
