package server

import (
	"context"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// verificationService is kratosgrpc.v1.VerificationService.
type verificationService struct {
	kratosgrpcv1.UnimplementedVerificationServiceServer

	backend *backend
}

var _ kratosgrpcv1.VerificationServiceServer = (*verificationService)(nil)

func (s *verificationService) InitializeVerificationViaApiFlow(ctx context.Context, req *kratosgrpcv1.InitializeVerificationViaApiFlowRequest) (*kratosgrpcv1.InitializeVerificationViaApiFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.InitializeVerificationViaApiFlow)
}

func (s *verificationService) InitializeVerificationViaBrowserFlow(ctx context.Context, req *kratosgrpcv1.InitializeVerificationViaBrowserFlowRequest) (*kratosgrpcv1.InitializeVerificationViaBrowserFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.InitializeVerificationViaBrowserFlow)
}

func (s *verificationService) GetVerificationFlow(ctx context.Context, req *kratosgrpcv1.GetVerificationFlowRequest) (*kratosgrpcv1.GetVerificationFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.GetVerificationFlow)
}

func (s *verificationService) CompleteVerificationFlowWithLinkMethod(ctx context.Context, req *kratosgrpcv1.CompleteVerificationFlowWithLinkMethodRequest) (*kratosgrpcv1.CompleteVerificationFlowWithLinkMethodResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.CompleteVerificationFlowWithLinkMethod)
}

func (s *verificationService) UpdateVerificationFlow(ctx context.Context, req *kratosgrpcv1.UpdateVerificationFlowRequest) (*kratosgrpcv1.UpdateVerificationFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.UpdateVerificationFlow)
}
