package server

import (
	"context"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// sessionService is kratosgrpc.v1.SessionService.
type sessionService struct {
	kratosgrpcv1.UnimplementedSessionServiceServer

	backend *backend
}

var _ kratosgrpcv1.SessionServiceServer = (*sessionService)(nil)

func (s *sessionService) Whoami(ctx context.Context, req *kratosgrpcv1.WhoamiRequest) (*kratosgrpcv1.WhoamiResponse, error) {
	return call(ctx, s.backend, withCacheControl(ctx, req), s.backend.sessions.Whoami)
}

func (s *sessionService) RevokeSession(ctx context.Context, req *kratosgrpcv1.RevokeSessionRequest) (*kratosgrpcv1.RevokeSessionResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.RevokeSession)
}

func (s *sessionService) ListMySessions(ctx context.Context, req *kratosgrpcv1.ListMySessionsRequest) (*kratosgrpcv1.ListMySessionsResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.ListMySessions)
}

func (s *sessionService) DisableMySession(ctx context.Context, req *kratosgrpcv1.DisableMySessionRequest) (*kratosgrpcv1.DisableMySessionResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.DisableMySession)
}

func (s *sessionService) DisableMyOtherSessions(ctx context.Context, req *kratosgrpcv1.DisableMyOtherSessionsRequest) (*kratosgrpcv1.DisableMyOtherSessionsResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.DisableMyOtherSessions)
}

func (s *sessionService) ExchangeSessionToken(ctx context.Context, req *kratosgrpcv1.ExchangeSessionTokenRequest) (*kratosgrpcv1.ExchangeSessionTokenResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.ExchangeSessionToken)
}
