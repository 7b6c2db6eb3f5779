package server

import (
	"context"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// loginService is kratosgrpc.v1.LoginService.
type loginService struct {
	kratosgrpcv1.UnimplementedLoginServiceServer

	backend *backend
}

var _ kratosgrpcv1.LoginServiceServer = (*loginService)(nil)

func (s *loginService) InitializeLoginViaApiFlow(ctx context.Context, req *kratosgrpcv1.InitializeLoginViaApiFlowRequest) (*kratosgrpcv1.InitializeLoginViaApiFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.InitializeLoginViaApiFlow)
}

func (s *loginService) InitializeLoginViaBrowserFlow(ctx context.Context, req *kratosgrpcv1.InitializeLoginViaBrowserFlowRequest) (*kratosgrpcv1.InitializeLoginViaBrowserFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.InitializeLoginViaBrowserFlow)
}

func (s *loginService) GetLoginFlow(ctx context.Context, req *kratosgrpcv1.GetLoginFlowRequest) (*kratosgrpcv1.GetLoginFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.GetLoginFlow)
}

func (s *loginService) CompleteLoginFlowWithPasswordMethod(ctx context.Context, req *kratosgrpcv1.CompleteLoginFlowWithPasswordMethodRequest) (*kratosgrpcv1.CompleteLoginFlowWithPasswordMethodResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.CompleteLoginFlowWithPasswordMethod)
}

func (s *loginService) UpdateLoginFlow(ctx context.Context, req *kratosgrpcv1.UpdateLoginFlowRequest) (*kratosgrpcv1.UpdateLoginFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.UpdateLoginFlow)
}
