package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// transport is by which protocol a subject is asked.
type transport int

const (
	overGRPC transport = iota
	overHTTP
)

// subject is a server that is asked whose session it is, by one protocol.
type subject struct {
	name      string
	transport transport
	// address is where it is asked.
	address     string
	credentials credentials
	server      *process
}

func (s *subject) cpuTime() (time.Duration, error) { return cpuTimeOf(s.server.pid) }

// The names of the subjects, as in the table and for -only and -profile.
const (
	subjectKratos       = "Kratos 1.3.1"
	subjectProxy        = "ReverseProxy"
	subjectProxyBallast = "ReverseProxy, with ballast"
	subjectBare         = "bare grpc-go"
	subjectBareBallast  = "bare grpc-go, with ballast"
	subjectGRPCCached   = "kratosgrpc gRPC cached"
	subjectGRPCUncached = "kratosgrpc gRPC uncached"
	subjectRESTCached   = "kratosgrpc REST cached"
	subjectRESTUncached = "kratosgrpc REST uncached"
)

// world is all the servers of a run.
type world struct {
	subjects []*subject
	stub     *process
	running  []*process
}

func (w *world) stop() {
	for _, p := range slices.Backward(w.running) {
		p.stop()
	}
}

// newWorld starts the servers of those subjects whose name is wanted, in an environment with env in it. Each is a process of
// its own, so that what each of them takes is known exactly.
func newWorld(ctx context.Context, o *options, binary string, wanted func(name string) bool, env ...string) (_ *world, err error) {
	w := new(world)
	defer func() {
		if err != nil {
			w.stop()
		}
	}()
	keep := func(p *process, err error) (*process, error) {
		if err == nil {
			w.running = append(w.running, p)
		}
		return p, err
	}
	measured, rest := o.processors()
	if w.stub, err = keep(startSelf(ctx, rest, nil, "stub")); err != nil {
		return nil, err
	}
	// A server is started once, for all subjects that are its.
	started := map[string]*process{}
	servers := map[string]func() (*process, error){
		"bare":         func() (*process, error) { return startSelf(ctx, measured, env, "bare") },
		"bare ballast": func() (*process, error) { return startSelf(ctx, measured, append(env, ballastEnv+"=1"), "bare") },
		"proxy":        func() (*process, error) { return startSelf(ctx, measured, env, "proxy", w.stub.http) },
		"proxy ballast": func() (*process, error) {
			return startSelf(ctx, measured, append(env, ballastEnv+"=1"), "proxy", w.stub.http)
		},
		"cached": func() (*process, error) {
			return startKratosgrpc(ctx, measured, binary, w.stub.http, env, "--session-cache-ttl=1h")
		},
		"uncached": func() (*process, error) { return startKratosgrpc(ctx, measured, binary, w.stub.http, env) },
		"kratos":   func() (*process, error) { return startSelf(ctx, measured, env, "kratos") },
	}
	// Those that are compared with each other stand side by side: what is measured one after the other, is measured in
	// much the same circumstances.
	for _, s := range []struct {
		name      string
		transport transport
		server    string
	}{
		{subjectBareBallast, overGRPC, "bare ballast"},
		{subjectBare, overGRPC, "bare"},
		{subjectGRPCCached, overGRPC, "cached"},
		{subjectRESTCached, overHTTP, "cached"},
		{subjectProxy, overHTTP, "proxy"},
		{subjectGRPCUncached, overGRPC, "uncached"},
		{subjectRESTUncached, overHTTP, "uncached"},
		{subjectProxyBallast, overHTTP, "proxy ballast"},
		{subjectKratos, overHTTP, "kratos"},
	} {
		if !wanted(s.name) {
			continue
		}
		p := started[s.server]
		if p == nil {
			if p, err = keep(servers[s.server]()); err != nil {
				return nil, err
			}
			started[s.server] = p
		}
		subject := &subject{name: s.name, transport: s.transport, address: p.grpc, credentials: madeUp, server: p}
		if s.transport == overHTTP {
			subject.address = p.http
		}
		if p.token != "" {
			subject.credentials = always(p.token)
		}
		w.subjects = append(w.subjects, subject)
	}
	if len(w.subjects) == 0 {
		return nil, errors.New("there is no such subject")
	}
	return w, nil
}

// verify checks that all answer a session, and the same one where that comes from the stub: what is compared has to do the
// same.
func (w *world) verify(ctx context.Context) error {
	var want *kratosgrpcv1.WhoamiResponse
	for _, s := range w.subjects {
		token := s.credentials(0)[0]
		if s.transport == overHTTP {
			if err := verifyHTTP(s, token); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			continue
		}
		got, err := verifyGRPC(ctx, s, token)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if want == nil {
			want = got
		}
		if !proto.Equal(got, want) {
			return fmt.Errorf("%s answers\n%v\nand not\n%v", s.name, got, want)
		}
	}
	return nil
}

func verifyGRPC(ctx context.Context, s *subject, token string) (*kratosgrpcv1.WhoamiResponse, error) {
	conn, err := dialGRPC(s.address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	var encoded []byte
	if err := conn.Invoke(withToken(ctx, token), kratosgrpcv1.SessionService_Whoami_FullMethodName, nil, &encoded); err != nil {
		return nil, err
	}
	got := new(kratosgrpcv1.WhoamiResponse)
	if err := proto.Unmarshal(encoded, got); err != nil {
		return nil, err
	}
	if !got.GetSession().GetActive() || got.GetSession().GetIdentity().GetId() == "" {
		return nil, fmt.Errorf("no session: %v", got)
	}
	return got, nil
}

func verifyHTTP(s *subject, token string) error {
	client := newHTTPClient(s.address, 1)
	defer client.CloseIdleConnections()
	c := &httpCaller{client: client}
	c.requests = append(c.requests, askWhoami(s.address, token))
	if err := c.call(); err != nil {
		return err
	}
	var got struct {
		Active   bool `json:"active"`
		Identity struct {
			ID string `json:"id"`
		} `json:"identity"`
	}
	if err := json.Unmarshal(c.answer.Body(), &got); err != nil {
		return err
	}
	if !got.Active || got.Identity.ID == "" {
		return fmt.Errorf("no session: %s", c.answer.Body())
	}
	return nil
}
