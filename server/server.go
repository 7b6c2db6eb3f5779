package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/test/bufconn"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server/internal/sessions"
	"github.com/kratosgrpc/kratosgrpc/server/internal/tlsfiles"
)

const (
	// maxMessageBytes bounds a request, over gRPC and over REST. Forms are of some kilobytes.
	maxMessageBytes = 1 << 20
	// maxReceiveBytes bounds what is read of a larger one over gRPC, to say that it is too large with the reason that
	// every error has. Beyond that gRPC says so by itself, without one.
	maxReceiveBytes = 4 << 20
	// streamWorkers is how many goroutines wait for calls. With more calls than that at a time, the others have one of their
	// own each, whose stack has to grow first.
	streamWorkers = 64
	// bufferBytes is the size of the connection in memory, each way.
	bufferBytes = 1 << 20

	// negativeTTL is how long the session cache remembers that there is no such session.
	negativeTTL = 5 * time.Second
)

// Server serves one adapter over gRPC and REST.
type Server struct {
	config   Config
	upstream *upstream
	sessions *sessions.Lookup
	rewrite  *rewriter
	health   *healthState
	backend  *backend
	access   *access
	// tls is nil where there is none.
	tls    *tlsfiles.Server
	limits *limits
	// interceptors are what every call goes by that is no stream, the outermost first.
	interceptors []grpc.UnaryServerInterceptor

	grpc *grpc.Server
	http *http.Server
	// inner is the gRPC server that REST goes on through, and toInner the way there. It is one of its own, alike in all
	// but where it listens, so that it can stop after REST has.
	inner   *grpc.Server
	toInner *grpc.ClientConn

	grpcListener, httpListener net.Listener
	memory                     *bufconn.Listener

	// hurry is closed to have the server stop without a delay, once.
	hurry   chan struct{}
	hurried sync.Once
}

// New makes a server that listens, but does not serve yet: [Server.Run] does. With Config.Detect, the adapter can be nil:
// calls are refused then until Kratos is there, and found out.
func New(config Config, adapter adapters.Adapter) (_ *Server, err error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if adapter == nil && config.Detect == nil {
		return nil, errors.New("there is neither an adapter nor a way to find one")
	}
	s := &Server{config: config, upstream: newUpstream(adapter, &config), health: newHealthState(), hurry: make(chan struct{}), memory: bufconn.Listen(bufferBytes)}
	if s.rewrite, err = newRewriter(config); err != nil {
		return nil, err
	}
	if s.access, err = newAccess(&config); err != nil {
		return nil, err
	}
	if s.tls, err = config.TLS.open(config.Logger); err != nil {
		return nil, err
	}
	options := sessions.Options{
		TTL: config.SessionCacheTTL, NegativeTTL: negativeTTL, Size: config.SessionCacheSize, Key: config.SessionCacheKey, Timeout: config.UpstreamTimeout,
		Redis: redisOf(&config),
	}
	if s.rewrite.rewritesMessages() {
		options.Prepare = func(res *kratosgrpcv1.WhoamiResponse) { s.rewrite.message(res) }
	}
	if s.sessions, err = sessions.New(options); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.close()
		}
	}()

	s.backend = &backend{draining: s.health.draining, upstream: s.upstream, sessions: s.sessions, rewrite: s.rewrite, proxies: newProxies(config.TrustedProxies)}
	s.backend.watchFor = config.Limits.streamTime()
	validate, err := newValidateInterceptor()
	if err != nil {
		return nil, err
	}
	s.limits = newLimits(&config.RateLimits, s.backend.proxies)
	s.interceptors = []grpc.UnaryServerInterceptor{
		recoverInterceptor(config.Logger), s.access.unary, s.limits.unary, validate, deadlineInterceptor(config.UpstreamTimeout),
	}
	s.grpc = s.newGRPC(transportGRPC, config.Limits.grpcOptions()...)
	verdicts, err := config.Authz.verdicts()
	if err != nil {
		return nil, err
	}
	authz := &authzService{backend: s.backend, verdicts: verdicts, timeout: config.Authz.Timeout, logger: config.Logger}
	authz.register(s.grpc)
	// What its one client may do is up to REST's limits.
	s.inner = s.newGRPC(transportREST)
	// The name is never looked up: the dialer leads nowhere but into memory.
	s.toInner, err = grpc.NewClient("passthrough:kratosgrpc",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return s.memory.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(),
	)
	if err != nil {
		return nil, err
	}
	handler, err := s.newRESTHandler()
	if err != nil {
		return nil, err
	}
	s.http = config.Limits.httpServer(config.UpstreamTimeout)
	s.http.Handler, s.http.ErrorLog = s.closing(withCORS(config.CORSOrigins, handler)), newErrorLog(config.Logger)

	if s.grpcListener, err = listen(config.GRPCAddr); err != nil {
		return nil, fmt.Errorf("gRPC: %w", err)
	}
	if s.httpListener, err = listen(config.HTTPAddr); err != nil {
		return nil, fmt.Errorf("REST: %w", err)
	}
	return s, nil
}

func listen(addr string) (net.Listener, error) {
	return new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
}

// callLog logs the calls that come by a transport.
func (s *Server) callLog(transport string) *callLog {
	return &callLog{logger: s.config.Logger, transport: transport}
}

// newGRPC makes a gRPC server; transport is how its log calls the way by which its calls come.
func (s *Server) newGRPC(transport string, limits ...grpc.ServerOption) *grpc.Server {
	server := grpc.NewServer(append(
		limits,
		s.credentials(transport),
		grpc.ForceServerCodecV2(newCodec()),
		grpc.MaxRecvMsgSize(maxReceiveBytes),
		grpc.NumStreamWorkers(streamWorkers),
		grpc.StatsHandler(s.callLog(transport)),
		grpc.ChainUnaryInterceptor(s.interceptors...),
		grpc.ChainStreamInterceptor(recoverStream(s.config.Logger), s.access.stream, s.limits.stream),
		grpc.UnknownServiceHandler(unknownMethod),
	)...)
	b := s.backend
	r := registrar{server}
	kratosgrpcv1.RegisterLoginServiceServer(r, &loginService{backend: b})
	kratosgrpcv1.RegisterRegistrationServiceServer(r, &registrationService{backend: b})
	kratosgrpcv1.RegisterSettingsServiceServer(r, &settingsService{backend: b})
	kratosgrpcv1.RegisterRecoveryServiceServer(r, &recoveryService{backend: b})
	kratosgrpcv1.RegisterVerificationServiceServer(r, &verificationService{backend: b})
	kratosgrpcv1.RegisterLogoutServiceServer(r, &logoutService{backend: b})
	kratosgrpcv1.RegisterSessionServiceServer(r, &sessionService{backend: b})
	kratosgrpcv1.RegisterSchemaServiceServer(r, &schemaService{backend: b})
	kratosgrpcv1.RegisterErrorServiceServer(r, &errorService{backend: b})
	s.health.register(server)
	reflection.Register(server)
	return server
}

// GRPCAddr is the address that gRPC is served on.
func (s *Server) GRPCAddr() net.Addr { return s.grpcListener.Addr() }

// HTTPAddr is the address that REST is served on.
func (s *Server) HTTPAddr() net.Addr { return s.httpListener.Addr() }

// Run serves until ctx ends, and then drains: health says NOT_SERVING, no new call is taken, and those under way may
// end until Config.DrainTimeout. It returns nil after an orderly stop, and may be called once.
func (s *Server) Run(ctx context.Context) error {
	s.config.Logger.Info("serving", "grpc", s.GRPCAddr().String(), "rest", s.HTTPAddr().String(), "upstream_api", s.upstream.api())
	s.warnOfPlainPort()

	// Of the two contexts, the group's ends also when a listener fails.
	group, ctx := errgroup.WithContext(ctx)
	// As long as calls may change something, the other replicas are told; and there are handshakes so long.
	sharing, stopSharing := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() error {
		s.sessions.Run(sharing)
		return nil
	})
	group.Go(func() error { return served(s.grpc.Serve(s.grpcListener), grpc.ErrServerStopped) })
	group.Go(func() error { return served(s.inner.Serve(s.memory), grpc.ErrServerStopped) })
	group.Go(func() error { return served(s.serveREST(), http.ErrServerClosed) })
	group.Go(func() error {
		s.health.follow(ctx, s.upstream, &s.config)
		return nil
	})
	group.Go(func() error {
		s.followFiles(sharing)
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		s.drain()
		stopSharing()
		return nil
	})
	return group.Wait()
}

// served is how serving has ended: that it was stopped, maybe before it had begun, is no fault.
func served(err, stopped error) error {
	if errors.Is(err, stopped) {
		return nil
	}
	return err
}

// close frees what a failed New holds.
func (s *Server) close() {
	for _, server := range []*grpc.Server{s.grpc, s.inner} {
		if server != nil {
			server.Stop()
		}
	}
	if s.toInner != nil {
		_ = s.toInner.Close()
	}
	for _, listener := range []net.Listener{s.grpcListener, s.httpListener} {
		if listener != nil {
			_ = listener.Close()
		}
	}
	_ = s.memory.Close()
	s.sessions.Close()
}
