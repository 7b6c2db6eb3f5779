package server

import (
	"context"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// logoutService is kratosgrpc.v1.LogoutService.
type logoutService struct {
	kratosgrpcv1.UnimplementedLogoutServiceServer

	backend *backend
}

var _ kratosgrpcv1.LogoutServiceServer = (*logoutService)(nil)

func (s *logoutService) InitializeBrowserLogoutFlow(ctx context.Context, req *kratosgrpcv1.InitializeBrowserLogoutFlowRequest) (*kratosgrpcv1.InitializeBrowserLogoutFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.InitializeBrowserLogoutFlow)
}

func (s *logoutService) CreateBrowserLogoutFlow(ctx context.Context, req *kratosgrpcv1.CreateBrowserLogoutFlowRequest) (*kratosgrpcv1.CreateBrowserLogoutFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.CreateBrowserLogoutFlow)
}

func (s *logoutService) UpdateLogoutFlow(ctx context.Context, req *kratosgrpcv1.UpdateLogoutFlowRequest) (*kratosgrpcv1.UpdateLogoutFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.UpdateLogoutFlow)
}

func (s *logoutService) PerformNativeLogout(ctx context.Context, req *kratosgrpcv1.PerformNativeLogoutRequest) (*kratosgrpcv1.PerformNativeLogoutResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.PerformNativeLogout)
}
