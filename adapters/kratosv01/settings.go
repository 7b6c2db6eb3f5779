package kratosv01

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
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
	form := url.Values{}
	if token := req.GetPayload().GetCsrfToken(); token != "" {
		form.Set("csrf_token", token)
	}
	selfservice.AddTraits(form, req.GetPayload().GetTraits())

	answer, err := a.post(ctx, x, "/self-service/browser/flows/profile/update", url.Values{"request": {req.GetFlow()}}, form)
	if err != nil {
		return nil, err
	}
	to, err := redirect(answer)
	if err != nil {
		return nil, err
	}
	switch {
	case wantsPage(x), to.GetErrorId() != "":
		// A browser, or what went wrong is shown elsewhere.
		return &kratosgrpcv1.CompleteSettingsFlowWithProfileMethodResponse{
			Outcome: &kratosgrpcv1.CompleteSettingsFlowWithProfileMethodResponse_Redirect{Redirect: to},
		}, nil
	case to.GetFlowId() == "":
		return nil, a.confirmNoSession(ctx, x, answer)
	default:
		return a.outcome(ctx, x, answer, req.GetFlow())
	}
}

// outcome tells what came of a change, by what Kratos says of the flow afterwards.
func (a *Adapter) outcome(ctx context.Context, x *adapters.Exchange, answer *upstream.Response, id string) (*kratosgrpcv1.CompleteSettingsFlowWithProfileMethodResponse, error) {
	flow := new(kratosgrpcv1.SettingsFlow)
	if err := a.fetchFlow(ctx, x, requestPath, id, flow); err != nil {
		return nil, err
	}
	res := new(kratosgrpcv1.CompleteSettingsFlowWithProfileMethodResponse)
	switch {
	case hasExpired(flow):
		return nil, &adapters.Error{
			Reason:     kratosgrpcv1.ErrorReason_ERROR_REASON_FLOW_EXPIRED,
			Message:    "the flow can no longer be completed",
			HTTPStatus: answer.Status,
		}
	case flow.GetState() == stateSuccess:
		res.Outcome = &kratosgrpcv1.CompleteSettingsFlowWithProfileMethodResponse_Success{
			Success: &kratosgrpcv1.SettingsSuccess{Flow: flow, Identity: flow.GetIdentity()},
		}
	default:
		res.Outcome = &kratosgrpcv1.CompleteSettingsFlowWithProfileMethodResponse_Flow{Flow: flow}
	}
	return res, nil
}

// hasExpired tells whether Kratos says of a form that it came too late. Of one that came too soon it says so too, where
// somebody else has sent it: that is not about the flow's owner.
func hasExpired(flow *kratosgrpcv1.SettingsFlow) bool {
	const said = "The profile request expired "
	return slices.ContainsFunc(flow.GetMethods()[profileMethod].GetConfig().GetMessages(), func(m *kratosgrpcv1.Message) bool {
		return strings.HasPrefix(m.GetText(), said) && !strings.HasPrefix(m.GetText(), said+"-")
	})
}

// wantsPage tells whether a caller is a browser that shows pages, rather than a program that wants data.
func wantsPage(x *adapters.Exchange) bool {
	accept := x.Caller.Accept
	return !strings.Contains(accept, "application/json") || strings.Contains(accept, "text/html")
}
