package kratosv01

import (
	"context"
	"errors"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// InitializeRegistrationViaBrowserFlow is GET /self-service/browser/flows/registration.
func (a *Adapter) InitializeRegistrationViaBrowserFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.InitializeRegistrationViaBrowserFlowRequest) (*kratosgrpcv1.InitializeRegistrationViaBrowserFlowResponse, error) {
	if req.GetLoginChallenge() != "" || req.GetAfterVerificationReturnTo() != "" || req.GetOrganization() != "" {
		return nil, errors.ErrUnsupported
	}
	to, err := a.navigate(ctx, x, "/self-service/browser/flows/registration", selfservice.ReturnTo(req.GetReturnTo()))
	if err != nil {
		return nil, err
	}
	return &kratosgrpcv1.InitializeRegistrationViaBrowserFlowResponse{Redirect: to}, nil
}

// GetRegistrationFlow is GET /self-service/browser/flows/requests/registration.
func (a *Adapter) GetRegistrationFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.GetRegistrationFlowRequest) (*kratosgrpcv1.GetRegistrationFlowResponse, error) {
	flow := new(kratosgrpcv1.RegistrationFlow)
	if err := a.fetchFlow(ctx, x, "/self-service/browser/flows/requests/registration", req.GetId(), flow); err != nil {
		return nil, err
	}
	return &kratosgrpcv1.GetRegistrationFlowResponse{Flow: flow}, nil
}
