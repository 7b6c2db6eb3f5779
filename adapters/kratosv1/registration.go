package kratosv1

import (
	"context"
	"net/url"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// InitializeRegistrationViaApiFlow is GET /self-service/registration/api.
func (a *Adapter) InitializeRegistrationViaApiFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.InitializeRegistrationViaApiFlowRequest) (*kratosgrpcv1.InitializeRegistrationViaApiFlowResponse, error) {
	query := newQuery().addTrue("return_session_token_exchange_code", req.GetReturnSessionTokenExchangeCode()).
		add("return_to", req.GetReturnTo()).add("organization", req.GetOrganization())
	flow := new(kratosgrpcv1.RegistrationFlow)
	if err := a.fetchFlow(ctx, x, apiClient, "/self-service/registration/api", query.Values, flow); err != nil {
		return nil, err
	}
	return &kratosgrpcv1.InitializeRegistrationViaApiFlowResponse{Flow: flow}, nil
}

// InitializeRegistrationViaBrowserFlow is GET /self-service/registration/browser.
func (a *Adapter) InitializeRegistrationViaBrowserFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.InitializeRegistrationViaBrowserFlowRequest) (*kratosgrpcv1.InitializeRegistrationViaBrowserFlowResponse, error) {
	query := newQuery().add("return_to", req.GetReturnTo()).add("login_challenge", req.GetLoginChallenge()).
		add("after_verification_return_to", req.GetAfterVerificationReturnTo()).add("organization", req.GetOrganization())
	flow := new(kratosgrpcv1.RegistrationFlow)
	to, err := a.start(ctx, x, "/self-service/registration/browser", query.Values, flow)
	if err != nil {
		return nil, err
	}
	if to != nil {
		return &kratosgrpcv1.InitializeRegistrationViaBrowserFlowResponse{Redirect: to}, nil
	}
	return &kratosgrpcv1.InitializeRegistrationViaBrowserFlowResponse{Flow: flow}, nil
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

// UpdateRegistrationFlow is POST /self-service/registration.
func (a *Adapter) UpdateRegistrationFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.UpdateRegistrationFlowRequest) (*kratosgrpcv1.UpdateRegistrationFlowResponse, error) {
	res := new(kratosgrpcv1.UpdateRegistrationFlowResponse)
	if err := a.submit(ctx, x, "/self-service/registration", req.GetFlow(), newPayload(req.GetMethod(), req.GetPayload()), res); err != nil {
		return nil, err
	}
	return res, nil
}
