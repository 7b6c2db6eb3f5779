package kratosv1

import (
	"context"
	"net/url"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// InitializeRegistrationViaApiFlow is GET /self-service/registration/api.
func (a *Adapter) InitializeRegistrationViaApiFlow(ctx context.Context, x *adapters.Exchange, _ *kratosgrpcv1.InitializeRegistrationViaApiFlowRequest) (*kratosgrpcv1.InitializeRegistrationViaApiFlowResponse, error) {
	flow := new(kratosgrpcv1.RegistrationFlow)
	if err := a.fetchFlow(ctx, x, apiClient, "/self-service/registration/api", nil, flow); err != nil {
		return nil, err
	}
	return &kratosgrpcv1.InitializeRegistrationViaApiFlowResponse{Flow: flow}, nil
}

// InitializeRegistrationViaBrowserFlow is GET /self-service/registration/browser.
func (a *Adapter) InitializeRegistrationViaBrowserFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.InitializeRegistrationViaBrowserFlowRequest) (*kratosgrpcv1.InitializeRegistrationViaBrowserFlowResponse, error) {
	to, err := a.navigate(ctx, x, "/self-service/registration/browser", selfservice.ReturnTo(req.GetReturnTo()))
	if err != nil {
		return nil, err
	}
	return &kratosgrpcv1.InitializeRegistrationViaBrowserFlowResponse{Redirect: to}, nil
}

// GetRegistrationFlow is GET /self-service/registration/flows.
func (a *Adapter) GetRegistrationFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.GetRegistrationFlowRequest) (*kratosgrpcv1.GetRegistrationFlowResponse, error) {
	flow := new(kratosgrpcv1.RegistrationFlow)
	if err := a.fetchFlow(ctx, x, browserClient, "/self-service/registration/flows", url.Values{"id": {req.GetId()}}, flow); err != nil {
		return nil, err
	}
	return &kratosgrpcv1.GetRegistrationFlowResponse{Flow: flow}, nil
}

// CompleteRegistrationFlowWithPasswordMethod is POST /self-service/registration with the method
// password.
func (a *Adapter) CompleteRegistrationFlowWithPasswordMethod(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodRequest) (*kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodResponse, error) {
	f := newForm(passwordMethod, req.GetPayload().GetCsrfToken())
	f.addText("password", req.GetPayload().GetPassword())
	f.addTraits(req.GetPayload().GetTraits())

	res := new(kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodResponse)
	if err := a.submit(ctx, x, "/self-service/registration", req.GetFlow(), f, res); err != nil {
		return nil, err
	}
	return res, nil
}
