package kratosv05

import (
	"context"
	"net/url"

	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// InitializeSettingsViaApiFlow is GET /self-service/settings/api.
func (a *Adapter) InitializeSettingsViaApiFlow(ctx context.Context, x *adapters.Exchange, _ *kratosgrpcv1.InitializeSettingsViaApiFlowRequest) (*kratosgrpcv1.InitializeSettingsViaApiFlowResponse, error) {
	flow := new(kratosgrpcv1.SettingsFlow)
	if err := a.fetch(ctx, x, apiClient, "/self-service/settings/api", nil, flow); err != nil {
		return nil, err
	}
	return &kratosgrpcv1.InitializeSettingsViaApiFlowResponse{Flow: flow}, nil
}

// InitializeSettingsViaBrowserFlow is GET /self-service/settings/browser.
func (a *Adapter) InitializeSettingsViaBrowserFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.InitializeSettingsViaBrowserFlowRequest) (*kratosgrpcv1.InitializeSettingsViaBrowserFlowResponse, error) {
	to, err := a.navigate(ctx, x, "/self-service/settings/browser", selfservice.ReturnTo(req.GetReturnTo()))
	if err != nil {
		return nil, err
	}
	return &kratosgrpcv1.InitializeSettingsViaBrowserFlowResponse{Redirect: to}, nil
}

// GetSettingsFlow is GET /self-service/settings/flows.
func (a *Adapter) GetSettingsFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.GetSettingsFlowRequest) (*kratosgrpcv1.GetSettingsFlowResponse, error) {
	flow := new(kratosgrpcv1.SettingsFlow)
	res, err := a.get(ctx, x, browserClient, "/self-service/settings/flows", url.Values{"id": {req.GetId()}})
	if err != nil {
		return nil, err
	}
	if selfservice.IsRedirect(res) {
		return nil, loginRequired(res)
	}
	if err := decode(res, flow); err != nil {
		return nil, err
	}
	return &kratosgrpcv1.GetSettingsFlowResponse{Flow: flow}, nil
}

// CompleteSettingsFlowWithPasswordMethod is POST /self-service/settings/methods/password.
func (a *Adapter) CompleteSettingsFlowWithPasswordMethod(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodRequest) (*kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodResponse, error) {
	form := newForm(req.GetPayload().GetCsrfToken())
	addText(form, "password", req.GetPayload().GetPassword())

	res := new(kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodResponse)
	if err := a.change(ctx, x, "/self-service/settings/methods/password", req.GetFlow(), req.GetPayload() != nil, form, res); err != nil {
		return nil, err
	}
	return res, nil
}

// CompleteSettingsFlowWithProfileMethod is POST /self-service/settings/methods/profile.
func (a *Adapter) CompleteSettingsFlowWithProfileMethod(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest) (*kratosgrpcv1.CompleteSettingsFlowWithProfileMethodResponse, error) {
	form := newForm(req.GetPayload().GetCsrfToken())
	selfservice.AddTraits(form, req.GetPayload().GetTraits())

	res := new(kratosgrpcv1.CompleteSettingsFlowWithProfileMethodResponse)
	if err := a.change(ctx, x, "/self-service/settings/methods/profile", req.GetFlow(), req.GetPayload() != nil, form, res); err != nil {
		return nil, err
	}
	return res, nil
}

// CompleteBrowserSettingsOidcSettingsFlow is POST /self-service/methods/oidc/settings/connections. The path that Kratos's
// API description has for it, and that names it in the contract, does not exist in 0.5.5.
func (a *Adapter) CompleteBrowserSettingsOidcSettingsFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.CompleteBrowserSettingsOidcSettingsFlowRequest) (*kratosgrpcv1.CompleteBrowserSettingsOidcSettingsFlowResponse, error) {
	form := newForm(req.GetPayload().GetCsrfToken())
	addText(form, "link", req.GetPayload().GetLink())
	addText(form, "unlink", req.GetPayload().GetUnlink())

	res := new(kratosgrpcv1.CompleteBrowserSettingsOidcSettingsFlowResponse)
	if err := a.change(ctx, x, "/self-service/methods/oidc/settings/connections", req.GetFlow(), req.GetPayload() != nil, form, res); err != nil {
		return nil, err
	}
	return res, nil
}

// change completes a settings form or, without one, goes on with a change that Kratos has paused so that the session
// could be refreshed: it finds that by a cookie, and takes it by GET.
func (a *Adapter) change(ctx context.Context, x *adapters.Exchange, path, flowID string, filledIn bool, form url.Values, res settingsResponse) error {
	if filledIn {
		if err := a.submit(ctx, x, path, flowID, form, res); err != nil {
			return err
		}
	} else {
		answer, err := a.get(ctx, x, browserClient, path, selfservice.FlowQuery(flowID))
		if err != nil {
			return err
		}
		if err := setOutcome(x, answer, res); err != nil {
			return err
		}
	}
	if success := res.GetSuccess(); success.GetSession() != nil {
		success.Identity = success.GetSession().GetIdentity()
	}
	return nil
}

// settingsResponse is what the completions of settings have in common.
type settingsResponse interface {
	proto.Message
	GetSuccess() *kratosgrpcv1.SettingsSuccess
}
