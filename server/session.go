package server

import (
	"context"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// sessionService is kratosgrpc.v1.SessionService.
type sessionService struct {
	kratosgrpcv1.UnimplementedSessionServiceServer

	backend *backend
}

var _ kratosgrpcv1.SessionServiceServer = (*sessionService)(nil)

func (s *sessionService) Whoami(ctx context.Context, req *kratosgrpcv1.WhoamiRequest) (*kratosgrpcv1.WhoamiResponse, error) {
	return call(ctx, s.backend, req, s.backend.Whoami)
}

func (s *sessionService) RevokeSession(ctx context.Context, req *kratosgrpcv1.RevokeSessionRequest) (*kratosgrpcv1.RevokeSessionResponse, error) {
	return call(ctx, s.backend, req, s.backend.RevokeSession)
}
