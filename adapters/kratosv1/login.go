package kratosv1

import (
	"context"
	"net/url"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// InitializeLoginViaApiFlow is GET /self-service/login/api.
func (a *Adapter) InitializeLoginViaApiFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.InitializeLoginViaApiFlowRequest) (*kratosgrpcv1.InitializeLoginViaApiFlowResponse, error) {
	query := newQuery().addTrue("refresh", req.GetRefresh()).add("aal", req.GetAal()).add("return_to", req.GetReturnTo()).
		addTrue("return_session_token_exchange_code", req.GetReturnSessionTokenExchangeCode()).
		add("organization", req.GetOrganization()).add("via", req.GetVia())
	flow := new(kratosgrpcv1.LoginFlow)
	if err := a.fetchFlow(ctx, x, apiClient, "/self-service/login/api", query.Values, flow); err != nil {
		return nil, err
	}
	return &kratosgrpcv1.InitializeLoginViaApiFlowResponse{Flow: flow}, nil
}

// InitializeLoginViaBrowserFlow is GET /self-service/login/browser.
func (a *Adapter) InitializeLoginViaBrowserFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.InitializeLoginViaBrowserFlowRequest) (*kratosgrpcv1.InitializeLoginViaBrowserFlowResponse, error) {
	query := newQuery().add("return_to", req.GetReturnTo()).addTrue("refresh", req.GetRefresh()).
		add("aal", req.GetAal()).add("login_challenge", req.GetLoginChallenge()).add("organization", req.GetOrganization()).add("via", req.GetVia())
	flow := new(kratosgrpcv1.LoginFlow)
	to, err := a.start(ctx, x, "/self-service/login/browser", query.Values, flow)
	if err != nil {
		return nil, err
	}
	if to != nil {
		return &kratosgrpcv1.InitializeLoginViaBrowserFlowResponse{Redirect: to}, nil
	}
	return &kratosgrpcv1.InitializeLoginViaBrowserFlowResponse{Flow: flow}, nil
}

// GetLoginFlow is GET /self-service/login/flows.
func (a *Adapter) GetLoginFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.GetLoginFlowRequest) (*kratosgrpcv1.GetLoginFlowResponse, error) {
	flow := new(kratosgrpcv1.LoginFlow)
	if err := a.fetchFlow(ctx, x, browserClient, "/self-service/login/flows", url.Values{"id": {req.GetId()}}, flow); err != nil {
		return nil, err
	}
	return &kratosgrpcv1.GetLoginFlowResponse{Flow: flow}, nil
}

// CompleteLoginFlowWithPasswordMethod is POST /self-service/login with the method password.
func (a *Adapter) CompleteLoginFlowWithPasswordMethod(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.CompleteLoginFlowWithPasswordMethodRequest) (*kratosgrpcv1.CompleteLoginFlowWithPasswordMethodResponse, error) {
	f := newForm(passwordMethod, req.GetPayload().GetCsrfToken())
	f.addText("identifier", req.GetPayload().GetIdentifier())
	f.addText("password", req.GetPayload().GetPassword())

	res := new(kratosgrpcv1.CompleteLoginFlowWithPasswordMethodResponse)
	if err := a.submit(ctx, x, "/self-service/login", req.GetFlow(), f, res); err != nil {
		return nil, err
	}
	return res, nil
}

// UpdateLoginFlow is POST /self-service/login.
func (a *Adapter) UpdateLoginFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.UpdateLoginFlowRequest) (*kratosgrpcv1.UpdateLoginFlowResponse, error) {
	res := new(kratosgrpcv1.UpdateLoginFlowResponse)
	if err := a.submit(ctx, x, "/self-service/login", req.GetFlow(), newPayload(req.GetMethod(), req.GetPayload()), res); err != nil {
		return nil, err
	}
	return res, nil
}
