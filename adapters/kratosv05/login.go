package kratosv05

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// InitializeLoginViaApiFlow is GET /self-service/login/api.
func (a *Adapter) InitializeLoginViaApiFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.InitializeLoginViaApiFlowRequest) (*kratosgrpcv1.InitializeLoginViaApiFlowResponse, error) {
	if isSecondFactor(req.GetAal()) || req.GetReturnSessionTokenExchangeCode() || saysAny(req.GetReturnTo(), req.GetOrganization(), req.GetVia()) {
		return nil, errors.ErrUnsupported
	}
	flow := new(kratosgrpcv1.LoginFlow)
	if err := a.fetch(ctx, x, apiClient, "/self-service/login/api", selfservice.Refresh(nil, req.GetRefresh()), flow); err != nil {
		return nil, err
	}
	return &kratosgrpcv1.InitializeLoginViaApiFlowResponse{Flow: flow}, nil
}

// InitializeLoginViaBrowserFlow is GET /self-service/login/browser.
func (a *Adapter) InitializeLoginViaBrowserFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.InitializeLoginViaBrowserFlowRequest) (*kratosgrpcv1.InitializeLoginViaBrowserFlowResponse, error) {
	if isSecondFactor(req.GetAal()) || saysAny(req.GetLoginChallenge(), req.GetOrganization(), req.GetVia()) {
		return nil, errors.ErrUnsupported
	}
	to, err := a.navigate(ctx, x, "/self-service/login/browser", selfservice.Refresh(selfservice.ReturnTo(req.GetReturnTo()), req.GetRefresh()))
	if err != nil {
		return nil, err
	}
	return &kratosgrpcv1.InitializeLoginViaBrowserFlowResponse{Redirect: to}, nil
}

// GetLoginFlow is GET /self-service/login/flows.
func (a *Adapter) GetLoginFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.GetLoginFlowRequest) (*kratosgrpcv1.GetLoginFlowResponse, error) {
	flow := new(kratosgrpcv1.LoginFlow)
	if err := a.fetch(ctx, x, browserClient, "/self-service/login/flows", url.Values{"id": {req.GetId()}}, flow); err != nil {
		return nil, err
	}
	return &kratosgrpcv1.GetLoginFlowResponse{Flow: flow}, nil
}

// CompleteLoginFlowWithPasswordMethod is POST /self-service/login/methods/password.
func (a *Adapter) CompleteLoginFlowWithPasswordMethod(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.CompleteLoginFlowWithPasswordMethodRequest) (*kratosgrpcv1.CompleteLoginFlowWithPasswordMethodResponse, error) {
	form := newForm(req.GetPayload().GetCsrfToken())
	addText(form, "identifier", req.GetPayload().GetIdentifier())
	addText(form, "password", req.GetPayload().GetPassword())

	res := new(kratosgrpcv1.CompleteLoginFlowWithPasswordMethodResponse)
	if err := a.submit(ctx, x, "/self-service/login/methods/password", req.GetFlow(), form, res); err != nil {
		return nil, err
	}
	return res, nil
}

// isSecondFactor tells whether an authenticator assurance level is more than what Kratos 0.5 has: a request for it must
// not pass for one for less.
func isSecondFactor(aal string) bool { return aal != "" && aal != "aal1" }

// saysAny tells whether there is anything in fields that mean something to later generations only.
func saysAny(fields ...string) bool {
	return slices.ContainsFunc(fields, func(field string) bool { return field != "" })
}
