package main

import (
	"context"
	"fmt"
	"slices"
)

// The servers. Some are asked more than one thing, and so are several subjects.
const (
	serverStub              = "stub"
	serverApp               = "app"
	serverBare              = "bare"
	serverBareBallast       = "bare with ballast"
	serverProxy             = "proxy"
	serverProxyBallast      = "proxy with ballast"
	serverProxyPool         = "proxy with a BufferPool"
	serverProxyPoolBallast  = "proxy with a BufferPool and ballast"
	serverCached            = "kratosgrpc with a cache"
	serverUncached          = "kratosgrpc"
	serverEnvoyWithoutAuthz = "envoy without ext_authz"
	serverEnvoyWithAuthz    = "envoy"
	serverKratos            = "kratos"
)

// servers are all processes of a run. Each is started when it is wanted first.
type servers struct {
	// root is the repository's folder, binary kratosgrpc.
	root, binary string
	// env is added to the environment of those that are measured.
	env []string
	// measured are the processors of those that are measured, rest those of the others.
	measured, rest []int

	// running are in the order in which they have started.
	running []*process
	byName  map[string]*process
}

func (s *servers) get(ctx context.Context, name string) (*process, error) {
	if p := s.byName[name]; p != nil {
		return p, nil
	}
	p, err := s.start(ctx, name)
	if err != nil {
		return nil, err
	}
	s.running = append(s.running, p)
	s.byName[name] = p
	return p, nil
}

func (s *servers) start(ctx context.Context, name string) (*process, error) {
	withBallast := append(slices.Clone(s.env), ballastEnv+"=1")
	switch name {
	case serverStub:
		return startSelf(ctx, s.rest, nil, "stub")
	case serverApp:
		return startSelf(ctx, s.rest, nil, "app")
	case serverBare:
		return startSelf(ctx, s.measured, s.env, "bare")
	case serverBareBallast:
		return startSelf(ctx, s.measured, withBallast, "bare")
	case serverKratos:
		return startSelf(ctx, s.measured, s.env, "kratos")
	case serverEnvoyWithAuthz, serverEnvoyWithoutAuthz:
		return s.startEnvoy(ctx, name == serverEnvoyWithAuthz)
	}
	stub, err := s.get(ctx, serverStub)
	if err != nil {
		return nil, err
	}
	switch name {
	case serverProxy:
		return startSelf(ctx, s.measured, s.env, "proxy", stub.http)
	case serverProxyBallast:
		return startSelf(ctx, s.measured, withBallast, "proxy", stub.http)
	case serverProxyPool:
		return startSelf(ctx, s.measured, s.env, "pooling proxy", stub.http)
	case serverProxyPoolBallast:
		return startSelf(ctx, s.measured, withBallast, "pooling proxy", stub.http)
	case serverCached:
		// A verdict that comes late on a machine that is busy is one all the same, here.
		return startKratosgrpc(ctx, s.measured, s.binary, stub.http, s.env, "--session-cache-ttl=1h", "--authz-timeout=10s")
	case serverUncached:
		return startKratosgrpc(ctx, s.measured, s.binary, stub.http, s.env)
	}
	return nil, fmt.Errorf("there is no server %q", name)
}

func (s *servers) stop() {
	for _, p := range slices.Backward(s.running) {
		p.stop()
	}
}

func (s *servers) pids() (pids []int) {
	for _, p := range s.running {
		pids = append(pids, p.pid)
	}
	return pids
}
