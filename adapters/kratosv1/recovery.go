package kratosv1

import (
	"context"
	"net/url"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

const recoveryPath = "/self-service/recovery"

// InitializeRecoveryViaApiFlow is GET /self-service/recovery/api.
func (a *Adapter) InitializeRecoveryViaApiFlow(ctx context.Context, x *adapters.Exchange, _ *kratosgrpcv1.InitializeRecoveryViaApiFlowRequest) (*kratosgrpcv1.InitializeRecoveryViaApiFlowResponse, error) {
	flow := new(kratosgrpcv1.RecoveryFlow)
	if err := a.fetchFlow(ctx, x, apiClient, "/self-service/recovery/api", nil, flow); err != nil {
		return nil, err
	}
	return &kratosgrpcv1.InitializeRecoveryViaApiFlowResponse{Flow: flow}, nil
}

// InitializeRecoveryViaBrowserFlow is GET /self-service/recovery/browser.
func (a *Adapter) InitializeRecoveryViaBrowserFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.InitializeRecoveryViaBrowserFlowRequest) (*kratosgrpcv1.InitializeRecoveryViaBrowserFlowResponse, error) {
	flow := new(kratosgrpcv1.RecoveryFlow)
	to, err := a.start(ctx, x, "/self-service/recovery/browser", selfservice.ReturnTo(req.GetReturnTo()), flow)
	if err != nil {
		return nil, err
	}
	if to != nil {
		return &kratosgrpcv1.InitializeRecoveryViaBrowserFlowResponse{Redirect: to}, nil
	}
	return &kratosgrpcv1.InitializeRecoveryViaBrowserFlowResponse{Flow: flow}, nil
}

// GetRecoveryFlow is GET /self-service/recovery/flows.
func (a *Adapter) GetRecoveryFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.GetRecoveryFlowRequest) (*kratosgrpcv1.GetRecoveryFlowResponse, error) {
	flow := new(kratosgrpcv1.RecoveryFlow)
	if err := a.fetchFlow(ctx, x, browserClient, "/self-service/recovery/flows", url.Values{"id": {req.GetId()}}, flow); err != nil {
		return nil, err
	}
	return &kratosgrpcv1.GetRecoveryFlowResponse{Flow: flow}, nil
}

// CompleteRecoveryFlowWithLinkMethod is POST /self-service/recovery with the method link or, for a token, GET.
func (a *Adapter) CompleteRecoveryFlowWithLinkMethod(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodRequest) (*kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodResponse, error) {
	res := new(kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodResponse)
	f := newForm(linkMethod, req.GetPayload().GetCsrfToken())
	f.addText("email", req.GetPayload().GetEmail())
	err := a.completeByMail(ctx, x, mailForm{path: recoveryPath, flowID: req.GetFlow(), token: req.GetToken(), accept: wantHTML, form: f}, res)
	if err != nil {
		return nil, err
	}
	return res, nil
}

// UpdateRecoveryFlow is POST /self-service/recovery or, for a token, GET.
func (a *Adapter) UpdateRecoveryFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.UpdateRecoveryFlowRequest) (*kratosgrpcv1.UpdateRecoveryFlowResponse, error) {
	res := new(kratosgrpcv1.UpdateRecoveryFlowResponse)
	err := a.completeByMail(ctx, x, mailForm{
		path: recoveryPath, flowID: req.GetFlow(), token: req.GetToken(), accept: x.Caller.Accept, form: newPayload(req.GetMethod(), req.GetPayload()),
	}, res)
	if err != nil {
		return nil, err
	}
	return res, nil
}
