package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/valyala/fasthttp"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server/internal/envoytest"
)

// world is all the subjects of a run, and their servers.
type world struct {
	servers

	subjects []*subject
	stub     *process
	// missing is why subjects were left out; nil if none were.
	missing error
}

// newWorld starts the servers of those subjects whose name is wanted, in an environment with env in it. Each is a process of
// its own, so that what each of them takes is known exactly. Without Envoy, the subjects that need it are left out.
func newWorld(ctx context.Context, o *options, root, binary string, wanted func(name string) bool, env ...string) (_ *world, err error) {
	w := &world{servers: servers{root: root, binary: binary, env: env, byName: map[string]*process{}}}
	defer func() {
		if err != nil {
			w.stop()
		}
	}()
	w.measured, w.rest = o.processors()
	if w.stub, err = w.get(ctx, serverStub); err != nil {
		return nil, err
	}
	for _, e := range catalogue {
		if !wanted(e.name) {
			continue
		}
		s, err := w.newSubject(ctx, &e)
		if errors.Is(err, envoytest.ErrMissing) {
			w.missing = err
			continue
		}
		if err != nil {
			return nil, err
		}
		w.subjects = append(w.subjects, s)
	}
	if len(w.subjects) == 0 {
		return nil, cmp.Or(w.missing, errors.New("there is no such subject"))
	}
	if err := w.verify(ctx); err != nil {
		return nil, err
	}
	return w, w.fill(ctx)
}

func (w *world) newSubject(ctx context.Context, e *entry) (*subject, error) {
	server, err := w.get(ctx, e.server)
	if err != nil {
		return nil, err
	}
	s := &subject{
		name: e.name, asks: e.asks, address: server.grpc, credentials: madeUp, server: server,
		cached: e.server == serverCached || e.helper == serverCached,
	}
	if e.asks.overHTTP() {
		s.address = server.http
	}
	if server.token != "" {
		s.credentials = always(server.token)
	}
	if e.helper != "" {
		if s.helper, err = w.get(ctx, e.helper); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// fill has all tokens be in the cache that callers will ask for, before anything is measured.
func (w *world) fill(ctx context.Context) error {
	i := slices.IndexFunc(w.subjects, func(s *subject) bool { return s.cached })
	if i < 0 {
		return nil
	}
	// There is one cache, and all ask it for the same.
	s := w.subjects[i]
	callers, closeAll, err := s.callers(ctx, openCallers)
	if err != nil {
		return err
	}
	defer closeAll()
	var calling errgroup.Group
	for _, c := range callers {
		calling.Go(func() error {
			for range tokensEach {
				if err := c.call(); err != nil {
					return fmt.Errorf("%s: %w", s.name, err)
				}
			}
			return nil
		})
	}
	return calling.Wait()
}

// measure puts a load on a subject. It fails where Kratos was asked for what was to be in the cache.
func (w *world) measure(ctx context.Context, l *load, s *subject, o *options) (*measured, error) {
	before, err := w.questions()
	if err != nil {
		return nil, err
	}
	m, err := l.measure(ctx, s, o)
	if err != nil {
		return nil, err
	}
	after, err := w.questions()
	if err == nil && s.cached && after != before {
		err = fmt.Errorf("%s, %s: Kratos was asked %d times", s.name, l.name, after-before)
	}
	return m, err
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
		if s.asks.overHTTP() {
			verify := s.verifyREST
			if s.asks != whoamiREST {
				verify = s.verifyEnvoy
			}
			if err := verify(token); err != nil {
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
