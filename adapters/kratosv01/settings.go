package kratosv01

import (
	"context"
	"net/url"
	"strings"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

const requestPath = "/self-service/browser/flows/requests/profile"

// InitializeSettingsViaBrowserFlow is GET /self-service/browser/flows/profile.
func (a *Adapter) InitializeSettingsViaBrowserFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.InitializeSettingsViaBrowserFlowRequest) (*kratosgrpcv1.InitializeSettingsViaBrowserFlowResponse, error) {
	to, err := a.navigate(ctx, x, "/self-service/browser/flows/profile", selfservice.ReturnTo(req.GetReturnTo()))
	if err != nil {
		return nil, err
	}
	return &kratosgrpcv1.InitializeSettingsViaBrowserFlowResponse{Redirect: to}, nil
}

// GetSettingsFlow is GET /self-service/browser/flows/requests/profile.
func (a *Adapter) GetSettingsFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.GetSettingsFlowRequest) (*kratosgrpcv1.GetSettingsFlowResponse, error) {
	flow := new(kratosgrpcv1.SettingsFlow)
	if err := a.fetchFlow(ctx, x, requestPath, req.GetId(), flow); err != nil {
		return nil, err
	}
	return &kratosgrpcv1.GetSettingsFlowResponse{Flow: flow}, nil
}

// CompleteSettingsFlowWithProfileMethod is POST /self-service/browser/flows/profile/update.
func (a *Adapter) CompleteSettingsFlowWithProfileMethod(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest) (*kratosgrpcv1.CompleteSettingsFlowWithProfileMethodResponse, error) {
	form := url.Values{"csrf_token": {req.GetPayload().GetCsrfToken()}}
	selfservice.AddTraits(form, req.GetPayload().GetTraits())

	answer, err := a.post(ctx, x, "/self-service/browser/flows/profile/update", url.Values{"request": {req.GetFlow()}}, form)
	if err != nil {
		return nil, err
	}
	if !selfservice.IsRedirect(answer) {
		return nil, refusal(answer)
	}
	to, err := redirect(answer)
	if err != nil {
		return nil, err
	}
	if wantsPage(x) || !strings.EqualFold(to.GetFlowId(), req.GetFlow()) {
		// A browser, or not back to this flow: to the login, or to what went wrong.
		return &kratosgrpcv1.CompleteSettingsFlowWithProfileMethodResponse{
			Outcome: &kratosgrpcv1.CompleteSettingsFlowWithProfileMethodResponse_Redirect{Redirect: to},
		}, nil
	}
	flow := new(kratosgrpcv1.SettingsFlow)
	if err := a.fetchFlow(ctx, x, requestPath, req.GetFlow(), flow); err != nil {
		return nil, err
	}
	res := new(kratosgrpcv1.CompleteSettingsFlowWithProfileMethodResponse)
	if flow.GetState() == stateSuccess {
		res.Outcome = &kratosgrpcv1.CompleteSettingsFlowWithProfileMethodResponse_Success{
			Success: &kratosgrpcv1.SettingsSuccess{Flow: flow, Identity: flow.GetIdentity()},
		}
	} else {
		res.Outcome = &kratosgrpcv1.CompleteSettingsFlowWithProfileMethodResponse_Flow{Flow: flow}
	}
	return res, nil
}

// wantsPage tells whether a caller is a browser that shows pages, rather than a program that wants data.
func wantsPage(x *adapters.Exchange) bool {
	accept := x.Caller.Accept
	return !strings.Contains(accept, "application/json") || strings.Contains(accept, "text/html")
}
