package server

import (
	"context"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// registrationService is kratosgrpc.v1.RegistrationService.
type registrationService struct {
	kratosgrpcv1.UnimplementedRegistrationServiceServer

	backend *backend
}

var _ kratosgrpcv1.RegistrationServiceServer = (*registrationService)(nil)

func (s *registrationService) InitializeRegistrationViaApiFlow(ctx context.Context, req *kratosgrpcv1.InitializeRegistrationViaApiFlowRequest) (*kratosgrpcv1.InitializeRegistrationViaApiFlowResponse, error) {
	return call(ctx, s.backend, req, s.backend.InitializeRegistrationViaApiFlow)
}

func (s *registrationService) InitializeRegistrationViaBrowserFlow(ctx context.Context, req *kratosgrpcv1.InitializeRegistrationViaBrowserFlowRequest) (*kratosgrpcv1.InitializeRegistrationViaBrowserFlowResponse, error) {
	return call(ctx, s.backend, req, s.backend.InitializeRegistrationViaBrowserFlow)
}

func (s *registrationService) GetRegistrationFlow(ctx context.Context, req *kratosgrpcv1.GetRegistrationFlowRequest) (*kratosgrpcv1.GetRegistrationFlowResponse, error) {
	return call(ctx, s.backend, req, s.backend.GetRegistrationFlow)
}

func (s *registrationService) CompleteRegistrationFlowWithPasswordMethod(ctx context.Context, req *kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodRequest) (*kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodResponse, error) {
	return call(ctx, s.backend, req, s.backend.CompleteRegistrationFlowWithPasswordMethod)
}
