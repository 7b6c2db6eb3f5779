package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"

	"github.com/valyala/fasthttp"

	"github.com/kratosgrpc/kratosgrpc/server/internal/envoytest"
)

// startEnvoy starts a real Envoy in front of the app, with the configuration that the README tells people to copy. It asks the
// kratosgrpc that has a cache, or nobody: then it lacks the filter that asks, and is the same otherwise. Its log, which has a
// line for each request, goes nowhere, but it is written.
func (s *servers) startEnvoy(ctx context.Context, asks bool) (_ *process, err error) {
	program, err := envoytest.Program(s.root)
	if err != nil {
		return nil, err
	}
	app, err := s.get(ctx, serverApp)
	if err != nil {
		return nil, err
	}
	authz, err := s.get(ctx, serverCached)
	if err != nil {
		return nil, err
	}
	addresses, err := freeAddresses(ctx, 2)
	if err != nil {
		return nil, err
	}
	admin := addresses[1]
	config := &envoytest.Config{
		Ingress: addresses[0], Admin: admin, Kratosgrpc: authz.grpc, Web: app.http,
		// Nobody asks for this one.
		API:     app.http,
		NoAuthz: !asks,
	}
	dir, err := os.MkdirTemp("", "bench-envoy-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file, err := config.Write(s.root, dir)
	if err != nil {
		return nil, err
	}
	p := &process{http: config.Ingress}
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), program, envoytest.Arguments(file)...) //nolint:gosec // It is Envoy.
	if err := p.startQuietly(s.measured); err != nil {
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	if err := awaitReady(ctx, p, admin, "/ready"); err != nil {
		p.stop()
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	return p, nil
}

// envoyVersion is which Envoy there is, or empty if there is none.
func envoyVersion(ctx context.Context, root string) (string, error) {
	program, err := envoytest.Program(root)
	if errors.Is(err, envoytest.ErrMissing) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	out, err := output(ctx, root, program, "--version")
	if err != nil {
		return "", err
	}
	// Of commit/version/state/kind/TLS.
	found := regexp.MustCompile(`version: [0-9a-f]+/([0-9.]+)`).FindStringSubmatch(out)
	if found == nil {
		return "", fmt.Errorf("what version is %q?", out)
	}
	return found[1], nil
}

const (
	// appPath is what is asked of the app behind Envoy.
	appPath = "/orders?page=2"
	// identityPath is where the app answers who it is told that the caller is.
	identityPath = "/identity"

	identityHeader = "X-Kratos-Authenticated-Identity-Id"
)

// newApp is what stands behind Envoy, and costs next to nothing.
func newApp() *fasthttp.Server {
	return &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		if string(ctx.Path()) == identityPath {
			ctx.SetBody(ctx.Request.Header.Peek(identityHeader))
			return
		}
		ctx.SetContentType("application/json; charset=utf-8")
		ctx.SetBodyString(`{"orders":[]}`)
	}}
}

// verifyEnvoy checks that who has a session passes, and that Envoy tells the app who that is, and lets nobody else pass, if it
// asks kratosgrpc; and that anybody passes, as nobody, if it does not.
func (s *subject) verifyEnvoy(token string) error {
	client := newHTTPClient(s.address, 1)
	defer client.CloseIdleConnections()
	answer := new(fasthttp.Response)
	request := func(path, token string) error {
		r := s.httpRequest(token)
		r.SetRequestURI("http://" + s.address + path)
		return client.Do(r, answer)
	}
	if err := request(identityPath, token); err != nil {
		return err
	}
	if status := answer.StatusCode(); status != fasthttp.StatusOK || (len(answer.Body()) > 0) != (s.asks == requestChecked) {
		return fmt.Errorf("status %d, and the app is told that it is %q who asks", status, answer.Body())
	}
	passes := fasthttp.StatusOK
	if s.asks == requestChecked {
		passes = fasthttp.StatusUnauthorized
	}
	if err := request(appPath, ""); err != nil {
		return err
	}
	if status := answer.StatusCode(); status != passes {
		return fmt.Errorf("status %d without a session, want %d", status, passes)
	}
	if err := request(appPath, token); err != nil {
		return err
	}
	if status := answer.StatusCode(); status != fasthttp.StatusOK {
		return fmt.Errorf("status %d: %s", status, answer.Body())
	}
	s.answerBytes = len(answer.Body())
	return nil
}
