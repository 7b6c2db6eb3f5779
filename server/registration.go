package server

import (
	"context"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// registrationService is kratosgrpc.v1.RegistrationService.
type registrationService struct {
	kratosgrpcv1.UnimplementedRegistrationServiceServer

	backend *backend
}

var _ kratosgrpcv1.RegistrationServiceServer = (*registrationService)(nil)

func (s *registrationService) InitializeRegistrationViaApiFlow(ctx context.Context, req *kratosgrpcv1.InitializeRegistrationViaApiFlowRequest) (*kratosgrpcv1.InitializeRegistrationViaApiFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.InitializeRegistrationViaApiFlow)
}

func (s *registrationService) InitializeRegistrationViaBrowserFlow(ctx context.Context, req *kratosgrpcv1.InitializeRegistrationViaBrowserFlowRequest) (*kratosgrpcv1.InitializeRegistrationViaBrowserFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.InitializeRegistrationViaBrowserFlow)
}

func (s *registrationService) GetRegistrationFlow(ctx context.Context, req *kratosgrpcv1.GetRegistrationFlowRequest) (*kratosgrpcv1.GetRegistrationFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.GetRegistrationFlow)
}

func (s *registrationService) CompleteRegistrationFlowWithPasswordMethod(ctx context.Context, req *kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodRequest) (*kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.CompleteRegistrationFlowWithPasswordMethod)
}

func (s *registrationService) UpdateRegistrationFlow(ctx context.Context, req *kratosgrpcv1.UpdateRegistrationFlowRequest) (*kratosgrpcv1.UpdateRegistrationFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.UpdateRegistrationFlow)
}
