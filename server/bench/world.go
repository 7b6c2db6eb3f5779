package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/valyala/fasthttp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// The servers. Some are asked more than one thing, and so are several subjects.
const (
	serverBare         = "bare"
	serverBareBallast  = "bare with ballast"
	serverProxy        = "proxy"
	serverProxyBallast = "proxy with ballast"
	serverProxyPlain   = "proxy without a BufferPool"
	serverCached       = "kratosgrpc with a cache"
	serverUncached     = "kratosgrpc"
	serverKratos       = "kratos"
)

// world is all the servers of a run.
type world struct {
	subjects []*subject
	stub     *process
	running  []*process
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
	measured, rest := o.processors()
	if w.stub, err = startSelf(ctx, rest, nil, "stub"); err != nil {
		return nil, err
	}
	w.running = append(w.running, w.stub)
	withBallast := append(slices.Clone(env), ballastEnv+"=1")
	start := map[string]func() (*process, error){
		serverBare:         func() (*process, error) { return startSelf(ctx, measured, env, "bare") },
		serverBareBallast:  func() (*process, error) { return startSelf(ctx, measured, withBallast, "bare") },
		serverProxy:        func() (*process, error) { return startSelf(ctx, measured, env, "proxy", w.stub.http) },
		serverProxyPlain:   func() (*process, error) { return startSelf(ctx, measured, env, "plain proxy", w.stub.http) },
		serverProxyBallast: func() (*process, error) { return startSelf(ctx, measured, withBallast, "proxy", w.stub.http) },
		serverCached: func() (*process, error) {
			// A verdict that comes late on a machine that is busy is one all the same, here.
			return startKratosgrpc(ctx, measured, binary, w.stub.http, env, "--session-cache-ttl=1h", "--authz-timeout=10s")
		},
		serverUncached: func() (*process, error) { return startKratosgrpc(ctx, measured, binary, w.stub.http, env) },
		serverKratos:   func() (*process, error) { return startSelf(ctx, measured, env, "kratos") },
	}
	started := map[string]*process{}
	for _, s := range catalogue {
		if !wanted(s.name) {
			continue
		}
		p := started[s.server]
		if p == nil {
			if p, err = start[s.server](); err != nil {
				return nil, err
			}
			started[s.server] = p
			w.running = append(w.running, p)
		}
		subject := &subject{name: s.name, asks: s.asks, address: p.grpc, credentials: madeUp, server: p}
		if s.asks == whoamiREST {
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
	return w, w.verify(ctx)
}

func (w *world) stop() {
	for _, p := range slices.Backward(w.running) {
		p.stop()
	}
}

func (w *world) pids() (pids []int) {
	for _, p := range w.running {
		pids = append(pids, p.pid)
	}
	return pids
}

func (w *world) subject(name string) *subject {
	for _, s := range w.subjects {
		if s.name == name {
			return s
		}
	}
	return nil
}

// questions is how often the stub was asked for a session.
func (w *world) questions() (int64, error) {
	client := newHTTPClient(w.stub.http, 1)
	defer client.CloseIdleConnections()
	_, body, err := client.Get(nil, "http://"+w.stub.http+countPath)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(string(body), 10, 64)
}

// verify checks that all answer what they should, and those that are compared over gRPC the same: what is compared has to do
// the same.
func (w *world) verify(ctx context.Context) error {
	same := map[question]proto.Message{}
	for _, s := range w.subjects {
		token := s.credentials(0)[0]
		if s.asks == whoamiREST {
			if err := s.verifyREST(token); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			continue
		}
		got, err := s.verifyGRPC(ctx, token)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if want := same[s.asks]; want != nil && !proto.Equal(got, want) {
			return fmt.Errorf("%s answers\n%v\nand not\n%v", s.name, got, want)
		}
		same[s.asks] = got
	}
	return nil
}

func (s *subject) verifyGRPC(ctx context.Context, token string) (proto.Message, error) {
	encoded, err := s.askOnce(ctx, token)
	if err != nil {
		return nil, err
	}
	s.answerBytes = len(encoded)
	if s.asks == check {
		got := new(authv3.CheckResponse)
		err := proto.Unmarshal(encoded, got)
		if err == nil && (got.GetOkResponse() == nil || codes.Code(got.GetStatus().GetCode()) != codes.OK) { //nolint:gosec // It is a code.
			err = fmt.Errorf("it may not pass: %v", got)
		}
		return got, err
	}
	got := new(kratosgrpcv1.WhoamiResponse)
	err = proto.Unmarshal(encoded, got)
	if err == nil && (!got.GetSession().GetActive() || got.GetSession().GetIdentity().GetId() == "") {
		err = fmt.Errorf("no session: %v", got)
	}
	return got, err
}

func (s *subject) verifyREST(token string) error {
	client := newHTTPClient(s.address, 1)
	defer client.CloseIdleConnections()
	answer := new(fasthttp.Response)
	if err := client.Do(s.httpRequest(token), answer); err != nil {
		return err
	}
	var got struct {
		Active   bool `json:"active"`
		Identity struct {
			ID string `json:"id"`
		} `json:"identity"`
	}
	if err := json.Unmarshal(answer.Body(), &got); err != nil {
		return err
	}
	if answer.StatusCode() != fasthttp.StatusOK || !got.Active || got.Identity.ID == "" {
		return fmt.Errorf("no session: %d %s", answer.StatusCode(), answer.Body())
	}
	s.answerBytes = len(answer.Body())
	return nil
}
