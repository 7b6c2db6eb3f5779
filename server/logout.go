package server

import (
	"context"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// logoutService is kratosgrpc.v1.LogoutService.
type logoutService struct {
	kratosgrpcv1.UnimplementedLogoutServiceServer

	backend *backend
}

var _ kratosgrpcv1.LogoutServiceServer = (*logoutService)(nil)

func (s *logoutService) InitializeBrowserLogoutFlow(ctx context.Context, req *kratosgrpcv1.InitializeBrowserLogoutFlowRequest) (*kratosgrpcv1.InitializeBrowserLogoutFlowResponse, error) {
	return call(ctx, s.backend, req, s.backend.InitializeBrowserLogoutFlow)
}
