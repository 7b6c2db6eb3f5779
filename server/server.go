package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/test/bufconn"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

const (
	// maxMessageBytes bounds a request, over gRPC and over REST. Forms are of some kilobytes.
	maxMessageBytes = 1 << 20
	// bufferBytes is the size of the connection in memory, each way.
	bufferBytes = 1 << 20

	readHeaderTimeout = 10 * time.Second
	readTimeout       = 30 * time.Second
	idleTimeout       = 2 * time.Minute
)

// Server serves one adapter over gRPC and REST.
type Server struct {
	config  Config
	adapter adapters.Adapter
	health  *healthState

	grpc  *grpc.Server
	http  *http.Server
	inner *grpc.ClientConn

	grpcListener, httpListener net.Listener
	memory                     *bufconn.Listener
}

// New makes a server that listens, but does not serve yet: [Server.Run] does.
func New(config Config, adapter adapters.Adapter) (_ *Server, err error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	s := &Server{config: config, adapter: adapter, health: newHealthState(), memory: bufconn.Listen(bufferBytes)}
	defer func() {
		if err != nil {
			s.close()
		}
	}()

	if s.grpc, err = s.newGRPC(); err != nil {
		return nil, err
	}
	// The name is never looked up: the dialer leads nowhere but into memory.
	s.inner, err = grpc.NewClient("passthrough:kratosgrpc",
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
	s.http = &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          newErrorLog(config.Logger),
	}

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

func (s *Server) newGRPC() (*grpc.Server, error) {
	validate, err := newValidateInterceptor()
	if err != nil {
		return nil, err
	}
	rewrite, err := newRewriter(s.config)
	if err != nil {
		return nil, err
	}
	server := grpc.NewServer(
		grpc.MaxRecvMsgSize(maxMessageBytes),
		grpc.StatsHandler(&callLog{logger: s.config.Logger}),
		grpc.ChainUnaryInterceptor(
			recoverInterceptor(s.config.Logger),
			validate,
			deadlineInterceptor(s.config.UpstreamTimeout),
		),
		grpc.UnknownServiceHandler(unknownMethod),
	)
	b := &backend{Adapter: s.adapter, rewrite: rewrite}
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
	return server, nil
}

// GRPCAddr is the address that gRPC is served on.
func (s *Server) GRPCAddr() net.Addr { return s.grpcListener.Addr() }

// HTTPAddr is the address that REST is served on.
func (s *Server) HTTPAddr() net.Addr { return s.httpListener.Addr() }

// Run serves until ctx ends, and then drains: health says NOT_SERVING, no new call is taken, and those under way may
// end until Config.DrainTimeout. It returns nil after an orderly stop, and may be called once.
func (s *Server) Run(ctx context.Context) error {
	s.config.Logger.Info("serving", "grpc", s.GRPCAddr().String(), "rest", s.HTTPAddr().String(), "upstream_api", s.adapter.API())

	// Of the two contexts, the group's ends also when a listener fails.
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.grpc.Serve(s.grpcListener) })
	group.Go(func() error { return s.grpc.Serve(s.memory) })
	group.Go(func() error {
		if err := s.http.Serve(s.httpListener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		s.health.follow(ctx, s.adapter, s.config.ReadyInterval, s.config.Logger)
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		s.drain()
		return nil
	})
	return group.Wait()
}

// drain stops REST first, since its calls go on through gRPC.
func (s *Server) drain() {
	s.config.Logger.Info("draining")
	s.health.shutdown()
	ctx, cancel := context.WithTimeout(context.Background(), s.config.DrainTimeout)
	defer cancel()
	stopHard := context.AfterFunc(ctx, func() { s.grpc.Stop() })

	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close()
	}
	_ = s.inner.Close()
	s.grpc.GracefulStop()
	if !stopHard() {
		s.config.Logger.Warn("calls were cut off: they did not end in time", "drain_timeout", s.config.DrainTimeout)
	}
	s.config.Logger.Info("stopped")
}

// close frees what a failed New holds.
func (s *Server) close() {
	if s.grpc != nil {
		s.grpc.Stop()
	}
	if s.inner != nil {
		_ = s.inner.Close()
	}
	if s.grpcListener != nil {
		_ = s.grpcListener.Close()
	}
	if s.httpListener != nil {
		_ = s.httpListener.Close()
	}
	_ = s.memory.Close()
}
