package kratosv1

import (
	"context"
	"net/url"

	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/uinodes"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

const (
	settingsPath = "/self-service/settings"

	profileMethod = "profile"
)

// InitializeSettingsViaApiFlow is GET /self-service/settings/api.
func (a *Adapter) InitializeSettingsViaApiFlow(ctx context.Context, x *adapters.Exchange, _ *kratosgrpcv1.InitializeSettingsViaApiFlowRequest) (*kratosgrpcv1.InitializeSettingsViaApiFlowResponse, error) {
	flow := new(kratosgrpcv1.SettingsFlow)
	if err := a.fetchFlow(ctx, x, apiClient, "/self-service/settings/api", nil, flow); err != nil {
		return nil, err
	}
	return &kratosgrpcv1.InitializeSettingsViaApiFlowResponse{Flow: flow}, nil
}

// InitializeSettingsViaBrowserFlow is GET /self-service/settings/browser.
func (a *Adapter) InitializeSettingsViaBrowserFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.InitializeSettingsViaBrowserFlowRequest) (*kratosgrpcv1.InitializeSettingsViaBrowserFlowResponse, error) {
	flow := new(kratosgrpcv1.SettingsFlow)
	to, err := a.start(ctx, x, "/self-service/settings/browser", selfservice.ReturnTo(req.GetReturnTo()), flow)
	if err != nil {
		return nil, err
	}
	if to != nil {
		return &kratosgrpcv1.InitializeSettingsViaBrowserFlowResponse{Redirect: to}, nil
	}
	return &kratosgrpcv1.InitializeSettingsViaBrowserFlowResponse{Flow: flow}, nil
}

// GetSettingsFlow is GET /self-service/settings/flows.
func (a *Adapter) GetSettingsFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.GetSettingsFlowRequest) (*kratosgrpcv1.GetSettingsFlowResponse, error) {
	flow := new(kratosgrpcv1.SettingsFlow)
	if err := a.fetchFlow(ctx, x, browserClient, "/self-service/settings/flows", url.Values{"id": {req.GetId()}}, flow); err != nil {
		return nil, err
	}
	return &kratosgrpcv1.GetSettingsFlowResponse{Flow: flow}, nil
}

// CompleteSettingsFlowWithPasswordMethod is POST /self-service/settings with the method password.
func (a *Adapter) CompleteSettingsFlowWithPasswordMethod(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodRequest) (*kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodResponse, error) {
	f := newForm(passwordMethod, req.GetPayload().GetCsrfToken())
	f.addText("password", req.GetPayload().GetPassword())

	res := new(kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodResponse)
	if err := a.change(ctx, x, req.GetFlow(), req.GetPayload() != nil, f, res); err != nil {
		return nil, err
	}
	return res, nil
}

// CompleteSettingsFlowWithProfileMethod is POST /self-service/settings with the method profile.
func (a *Adapter) CompleteSettingsFlowWithProfileMethod(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest) (*kratosgrpcv1.CompleteSettingsFlowWithProfileMethodResponse, error) {
	f := newForm(profileMethod, req.GetPayload().GetCsrfToken())
	f.addTraits(req.GetPayload().GetTraits())

	res := new(kratosgrpcv1.CompleteSettingsFlowWithProfileMethodResponse)
	if err := a.change(ctx, x, req.GetFlow(), req.GetPayload() != nil, f, res); err != nil {
		return nil, err
	}
	return res, nil
}

// CompleteBrowserSettingsOidcSettingsFlow is POST /self-service/settings with the method oidc.
func (a *Adapter) CompleteBrowserSettingsOidcSettingsFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.CompleteBrowserSettingsOidcSettingsFlowRequest) (*kratosgrpcv1.CompleteBrowserSettingsOidcSettingsFlowResponse, error) {
	f := newForm(uinodes.OIDC, req.GetPayload().GetCsrfToken())
	f.addText("link", req.GetPayload().GetLink())
	f.addText("unlink", req.GetPayload().GetUnlink())

	res := new(kratosgrpcv1.CompleteBrowserSettingsOidcSettingsFlowResponse)
	if err := a.change(ctx, x, req.GetFlow(), req.GetPayload() != nil, f, res); err != nil {
		return nil, err
	}
	return res, nil
}

// UpdateSettingsFlow is POST /self-service/settings or, without a form, GET: see change.
func (a *Adapter) UpdateSettingsFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.UpdateSettingsFlowRequest) (*kratosgrpcv1.UpdateSettingsFlowResponse, error) {
	res := new(kratosgrpcv1.UpdateSettingsFlowResponse)
	f := newPayload(req.GetMethod(), req.GetPayload())
	if err := a.change(ctx, x, req.GetFlow(), req.GetPayload() != nil || req.GetMethod() != "", f, res); err != nil {
		return nil, err
	}
	return res, nil
}

// change completes a settings form or, without one, goes on with a change that Kratos has paused so that the session
// could be refreshed: it finds that by a cookie, and takes it by GET.
func (a *Adapter) change(ctx context.Context, x *adapters.Exchange, flowID string, filledIn bool, f form, res settingsResponse) error {
	if filledIn {
		if err := a.submit(ctx, x, settingsPath, flowID, f, res); err != nil {
			return err
		}
	} else {
		answer, err := a.get(ctx, x, browserClient, x.Caller.Accept, settingsPath, selfservice.FlowQuery(flowID))
		if err != nil {
			return err
		}
		if err := a.setOutcome(ctx, x, answer, res); err != nil {
			return err
		}
	}
	if success := res.GetSuccess(); success.GetFlow() != nil {
		success.Identity = success.GetFlow().GetIdentity()
	}
	return nil
}

// settingsResponse is what the completions of settings have in common.
type settingsResponse interface {
	proto.Message
	GetSuccess() *kratosgrpcv1.SettingsSuccess
}
