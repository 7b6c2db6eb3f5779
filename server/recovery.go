package server

import (
	"context"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// recoveryService is kratosgrpc.v1.RecoveryService.
type recoveryService struct {
	kratosgrpcv1.UnimplementedRecoveryServiceServer

	backend *backend
}

var _ kratosgrpcv1.RecoveryServiceServer = (*recoveryService)(nil)

func (s *recoveryService) InitializeRecoveryViaApiFlow(ctx context.Context, req *kratosgrpcv1.InitializeRecoveryViaApiFlowRequest) (*kratosgrpcv1.InitializeRecoveryViaApiFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.InitializeRecoveryViaApiFlow)
}

func (s *recoveryService) InitializeRecoveryViaBrowserFlow(ctx context.Context, req *kratosgrpcv1.InitializeRecoveryViaBrowserFlowRequest) (*kratosgrpcv1.InitializeRecoveryViaBrowserFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.InitializeRecoveryViaBrowserFlow)
}

func (s *recoveryService) GetRecoveryFlow(ctx context.Context, req *kratosgrpcv1.GetRecoveryFlowRequest) (*kratosgrpcv1.GetRecoveryFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.GetRecoveryFlow)
}

func (s *recoveryService) CompleteRecoveryFlowWithLinkMethod(ctx context.Context, req *kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodRequest) (*kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.CompleteRecoveryFlowWithLinkMethod)
}

func (s *recoveryService) UpdateRecoveryFlow(ctx context.Context, req *kratosgrpcv1.UpdateRecoveryFlowRequest) (*kratosgrpcv1.UpdateRecoveryFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.UpdateRecoveryFlow)
}
