package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/valyala/fasthttp"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratosjson"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// subjectCommand makes this program one of the servers that it measures, in place of what measures them.
const subjectCommand = "subject"

// cannedSession is what a Kratos 1.3.1 answered to whoami.
//
//go:embed session.json
var cannedSession []byte

// cannedVerdict is what kratosgrpc answers to a check of a request that has that session.
//
//go:embed verdict.json
var cannedVerdict []byte

// runsAsSubject serves as a subject until standard input ends, if that is what the command line says.
func runsAsSubject() bool {
	if len(os.Args) < 3 || os.Args[1] != subjectCommand {
		return false
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	if err := serve(ctx, os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %s: %v\n", os.Args[2], err)
		os.Exit(1)
	}
	return true
}

func serve(ctx context.Context, name string, args []string) error {
	defer keepBallast()()
	if name == "kratos" {
		return serveKratos(ctx)
	}
	listener, err := listen(ctx)
	if err != nil {
		return err
	}
	var server func(net.Listener) error
	switch name {
	case "stub":
		server = newStub().Serve
	case "bare":
		bare, err := newBare()
		if err != nil {
			return err
		}
		server = bare.Serve
	case "app":
		server = newApp().Serve
	case "proxy", "pooling proxy":
		proxy, err := newProxy(args[0], name == "pooling proxy")
		if err != nil {
			return err
		}
		server = proxy.Serve
	default:
		return fmt.Errorf("there is no such subject")
	}
	if err := sayHello(hello{PID: os.Getpid(), Addr: listener.Addr().String()}); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- server(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return nil
	}
}

func sayHello(h hello) error { return json.NewEncoder(os.Stdout).Encode(h) }

// countPath is where the stub tells how often it was asked for a session.
const countPath = "/count"

// newStub is a Kratos that costs next to nothing: it answers any token with the same session, and the headers that a
// Kratos 1.3.1 has.
func newStub() *fasthttp.Server {
	var asked atomic.Int64
	return &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		switch string(ctx.Path()) {
		case whoamiPath:
			asked.Add(1)
			ctx.SetContentType("application/json; charset=utf-8")
			h := &ctx.Response.Header
			h.Set("Cache-Control", "private, no-cache, no-store, must-revalidate")
			h.Set("Vary", "Cookie")
			h.Set("X-Kratos-Authenticated-Identity-Id", "eec37e13-f8b7-4acf-ab55-8c3827a9e4fb")
			ctx.SetBody(cannedSession)
		case countPath:
			ctx.SetBodyString(strconv.FormatInt(asked.Load(), 10))
		default:
			// Whether it is ready, above all.
			ctx.SetContentType("application/json; charset=utf-8")
			ctx.SetBodyString(`{"status":"ok"}`)
		}
	}}
}

// bareService answers Whoami at once: what gRPC itself costs.
type bareService struct {
	kratosgrpcv1.UnimplementedSessionServiceServer

	response *kratosgrpcv1.WhoamiResponse
}

func (s *bareService) Whoami(context.Context, *kratosgrpcv1.WhoamiRequest) (*kratosgrpcv1.WhoamiResponse, error) {
	return s.response, nil
}

// bareAuthz does the same for Envoy.
type bareAuthz struct {
	authv3.UnimplementedAuthorizationServer

	response *authv3.CheckResponse
}

func (s *bareAuthz) Check(context.Context, *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	return s.response, nil
}

func newBare() (*grpc.Server, error) {
	session := new(kratosgrpcv1.Session)
	if err := kratosjson.Unmarshal(cannedSession, session); err != nil {
		return nil, err
	}
	verdict := new(authv3.CheckResponse)
	if err := protojson.Unmarshal(cannedVerdict, verdict); err != nil {
		return nil, err
	}
	server := grpc.NewServer()
	kratosgrpcv1.RegisterSessionServiceServer(server, &bareService{response: &kratosgrpcv1.WhoamiResponse{Session: session}})
	authv3.RegisterAuthorizationServer(server, &bareAuthz{response: verdict})
	return server, nil
}

// newProxy is the standard library's reverse proxy, that keeps its connections to what is behind, however many there are: by
// itself it would keep two. With a pool it keeps the buffers that answers are copied through too, which it does not by itself.
func newProxy(upstream string, pool bool) (*http.Server, error) {
	u, err := url.Parse("http://" + upstream)
	if err != nil {
		return nil, err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(u) },
		Transport: &http.Transport{MaxIdleConnsPerHost: 1024, DisableCompression: true},
	}
	if pool {
		proxy.BufferPool = new(buffers)
	}
	return &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: proxy}, nil
}

// buffers is an httputil.BufferPool.
type buffers struct{ pool sync.Pool }

// Get implements httputil.BufferPool.
func (b *buffers) Get() []byte {
	if kept, ok := b.pool.Get().(*[]byte); ok {
		return *kept
	}
	const size = 32 << 10
	return make([]byte, size)
}

// Put implements httputil.BufferPool.
func (b *buffers) Put(buffer []byte) { b.pool.Put(&buffer) }

// ballastEnv has one of the servers in this program keep a ballast, as kratosgrpc does.
const ballastEnv = "KRATOSGRPC_BENCH_BALLAST"

// keepBallast keeps it until what it returns is called.
func keepBallast() (drop func()) {
	var ballast []byte
	if os.Getenv(ballastEnv) != "" {
		ballast = make([]byte, 32<<20)
	}
	return func() { runtime.KeepAlive(ballast) }
}
