package kratosv1

import (
	"context"
	"net/url"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

const verificationPath = "/self-service/verification"

// InitializeVerificationViaApiFlow is GET /self-service/verification/api.
func (a *Adapter) InitializeVerificationViaApiFlow(ctx context.Context, x *adapters.Exchange, _ *kratosgrpcv1.InitializeVerificationViaApiFlowRequest) (*kratosgrpcv1.InitializeVerificationViaApiFlowResponse, error) {
	flow := new(kratosgrpcv1.VerificationFlow)
	if err := a.fetchFlow(ctx, x, apiClient, "/self-service/verification/api", nil, flow); err != nil {
		return nil, err
	}
	return &kratosgrpcv1.InitializeVerificationViaApiFlowResponse{Flow: flow}, nil
}

// InitializeVerificationViaBrowserFlow is GET /self-service/verification/browser.
func (a *Adapter) InitializeVerificationViaBrowserFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.InitializeVerificationViaBrowserFlowRequest) (*kratosgrpcv1.InitializeVerificationViaBrowserFlowResponse, error) {
	flow := new(kratosgrpcv1.VerificationFlow)
	to, err := a.start(ctx, x, "/self-service/verification/browser", selfservice.ReturnTo(req.GetReturnTo()), flow)
	if err != nil {
		return nil, err
	}
	if to != nil {
		return &kratosgrpcv1.InitializeVerificationViaBrowserFlowResponse{Redirect: to}, nil
	}
	return &kratosgrpcv1.InitializeVerificationViaBrowserFlowResponse{Flow: flow}, nil
}

// GetVerificationFlow is GET /self-service/verification/flows.
func (a *Adapter) GetVerificationFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.GetVerificationFlowRequest) (*kratosgrpcv1.GetVerificationFlowResponse, error) {
	flow := new(kratosgrpcv1.VerificationFlow)
	if err := a.fetchFlow(ctx, x, browserClient, "/self-service/verification/flows", url.Values{"id": {req.GetId()}}, flow); err != nil {
		return nil, err
	}
	return &kratosgrpcv1.GetVerificationFlowResponse{Flow: flow}, nil
}

// CompleteVerificationFlowWithLinkMethod is POST /self-service/verification with the method link or, for a token, GET.
func (a *Adapter) CompleteVerificationFlowWithLinkMethod(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.CompleteVerificationFlowWithLinkMethodRequest) (*kratosgrpcv1.CompleteVerificationFlowWithLinkMethodResponse, error) {
	res := new(kratosgrpcv1.CompleteVerificationFlowWithLinkMethodResponse)
	f := newForm(linkMethod, req.GetPayload().GetCsrfToken())
	f.addText("email", req.GetPayload().GetEmail())
	err := a.completeByMail(ctx, x, mailForm{path: verificationPath, flowID: req.GetFlow(), token: req.GetToken(), accept: wantHTML, form: f}, res)
	if err != nil {
		return nil, err
	}
	return res, nil
}

// UpdateVerificationFlow is POST /self-service/verification or, for a token, GET.
func (a *Adapter) UpdateVerificationFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.UpdateVerificationFlowRequest) (*kratosgrpcv1.UpdateVerificationFlowResponse, error) {
	res := new(kratosgrpcv1.UpdateVerificationFlowResponse)
	err := a.completeByMail(ctx, x, mailForm{
		path: verificationPath, flowID: req.GetFlow(), token: req.GetToken(), accept: x.Caller.Accept, form: newPayload(req.GetMethod(), req.GetPayload()),
	}, res)
	if err != nil {
		return nil, err
	}
	return res, nil
}
