package server

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// LivenessService is the name under which gRPC health says whether the process lives, whatever Kratos does. All other
// names, the empty one too, say whether calls can be served.
const LivenessService = "liveness"

// healthState is what gRPC health and /readyz say.
type healthState struct {
	server *health.Server
	ready  atomic.Bool
	// mu guards that nobody says SERVING once stopping says that the server is about to stop. draining ends when it does.
	mu       sync.Mutex
	stopping atomic.Bool
	draining context.Context
	drain    context.CancelFunc
}

func newHealthState() *healthState {
	h := &healthState{server: health.NewServer()}
	h.draining, h.drain = context.WithCancel(context.Background())
	h.server.SetServingStatus(LivenessService, healthpb.HealthCheckResponse_SERVING)
	h.set(false)
	return h
}

func (h *healthState) register(server *grpc.Server) {
	healthpb.RegisterHealthServer(server, &healthService{Server: h.server, draining: h.draining})
}

// healthService is gRPC's own, but that its watchers are let go when the server stops: it would wait for them.
type healthService struct {
	*health.Server

	draining context.Context
}

// Watch implements the gRPC method.
func (h *healthService) Watch(req *healthpb.HealthCheckRequest, stream grpc.ServerStreamingServer[healthpb.HealthCheckResponse]) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	defer context.AfterFunc(h.draining, cancel)()
	err := h.Server.Watch(req, &watchStream{stream, ctx})
	if h.draining.Err() == nil {
		return err
	}
	return stream.Send(&healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_NOT_SERVING})
}

// watchStream is a stream with another context.
type watchStream struct {
	grpc.ServerStreamingServer[healthpb.HealthCheckResponse]

	ctx context.Context
}

// Context implements grpc.ServerStream.
func (s *watchStream) Context() context.Context { return s.ctx }

// services are the names that readiness is said of.
func services() []string {
	return []string{
		"",
		kratosgrpcv1.LoginService_ServiceDesc.ServiceName,
		kratosgrpcv1.RegistrationService_ServiceDesc.ServiceName,
		kratosgrpcv1.SettingsService_ServiceDesc.ServiceName,
		kratosgrpcv1.RecoveryService_ServiceDesc.ServiceName,
		kratosgrpcv1.VerificationService_ServiceDesc.ServiceName,
		kratosgrpcv1.LogoutService_ServiceDesc.ServiceName,
		kratosgrpcv1.SessionService_ServiceDesc.ServiceName,
		kratosgrpcv1.SchemaService_ServiceDesc.ServiceName,
		kratosgrpcv1.ErrorService_ServiceDesc.ServiceName,
		authv3.Authorization_ServiceDesc.ServiceName,
	}
}

func (h *healthState) set(ready bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopping.Load() {
		return
	}
	h.say(ready)
}

func (h *healthState) say(ready bool) {
	h.ready.Store(ready)
	st := healthpb.HealthCheckResponse_NOT_SERVING
	if ready {
		st = healthpb.HealthCheckResponse_SERVING
	}
	for _, name := range services() {
		h.server.SetServingStatus(name, st)
	}
}

// follow asks Kratos whether it is ready, again and again, until ctx ends.
func (h *healthState) follow(ctx context.Context, upstream *upstream, config *Config) {
	ticker := time.NewTicker(config.ReadyInterval)
	defer ticker.Stop()
	told := steady{unreadyAfter: config.UnreadyAfter, readyAfter: config.ReadyAfter}
	for {
		err := upstream.ready(ctx, told.last())
		if ctx.Err() != nil {
			return
		}
		if ready, news := told.hear(err == nil); news {
			h.set(ready)
			if ready {
				config.Logger.InfoContext(ctx, "Kratos is ready")
			} else {
				config.Logger.WarnContext(ctx, "Kratos is not ready", "cause", err.Error())
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// leave says NOT_SERVING from now on, of all but the process itself.
func (h *healthState) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopping.Store(true)
	h.say(false)
}

// shutdown says NOT_SERVING of all, and lets go of who waits for another word.
func (h *healthState) shutdown() {
	h.leave()
	h.server.Shutdown()
	h.drain()
}
