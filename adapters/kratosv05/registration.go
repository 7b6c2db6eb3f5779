package kratosv05

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// InitializeRegistrationViaApiFlow is GET /self-service/registration/api.
func (a *Adapter) InitializeRegistrationViaApiFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.InitializeRegistrationViaApiFlowRequest) (*kratosgrpcv1.InitializeRegistrationViaApiFlowResponse, error) {
	if req.GetReturnSessionTokenExchangeCode() || saysAny(req.GetReturnTo(), req.GetOrganization()) {
		return nil, errors.ErrUnsupported
	}
	flow := new(kratosgrpcv1.RegistrationFlow)
	if err := a.fetch(ctx, x, apiClient, "/self-service/registration/api", nil, flow); err != nil {
		return nil, err
	}
	return &kratosgrpcv1.InitializeRegistrationViaApiFlowResponse{Flow: flow}, nil
}

// InitializeRegistrationViaBrowserFlow is GET /self-service/registration/browser.
func (a *Adapter) InitializeRegistrationViaBrowserFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.InitializeRegistrationViaBrowserFlowRequest) (*kratosgrpcv1.InitializeRegistrationViaBrowserFlowResponse, error) {
	if saysAny(req.GetLoginChallenge(), req.GetAfterVerificationReturnTo(), req.GetOrganization()) {
		return nil, errors.ErrUnsupported
	}
	to, err := a.navigate(ctx, x, "/self-service/registration/browser", selfservice.ReturnTo(req.GetReturnTo()))
	if err != nil {
		return nil, err
	}
	return &kratosgrpcv1.InitializeRegistrationViaBrowserFlowResponse{Redirect: to}, nil
}

// GetRegistrationFlow is GET /self-service/registration/flows.
func (a *Adapter) GetRegistrationFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.GetRegistrationFlowRequest) (*kratosgrpcv1.GetRegistrationFlowResponse, error) {
	flow := new(kratosgrpcv1.RegistrationFlow)
	if err := a.fetch(ctx, x, browserClient, "/self-service/registration/flows", url.Values{"id": {req.GetId()}}, flow); err != nil {
		return nil, err
	}
	return &kratosgrpcv1.GetRegistrationFlowResponse{Flow: flow}, nil
}

// CompleteRegistrationFlowWithPasswordMethod is POST /self-service/registration/methods/password.
func (a *Adapter) CompleteRegistrationFlowWithPasswordMethod(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodRequest) (*kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodResponse, error) {
	form := newForm(req.GetPayload().GetCsrfToken())
	addText(form, "password", req.GetPayload().GetPassword())
	selfservice.AddTraits(form, req.GetPayload().GetTraits())

	res := new(kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodResponse)
	if err := a.submit(ctx, x, "/self-service/registration/methods/password", req.GetFlow(), form, res); err != nil {
		return nil, err
	}
	if success := res.GetSuccess(); success.GetSession() != nil && success.GetSessionToken() == "" {
		// A browser flow that asked for JSON. Kratos answers a session here even where it is not configured to log in
		// after a registration, and has stored none.
		success.Identity = success.GetSession().GetIdentity()
		if !setsSession(x) {
			success.Session = nil
		}
	}
	return res, nil
}

func setsSession(x *adapters.Exchange) bool {
	return slices.ContainsFunc(x.Answer.SetCookies, func(cookie string) bool {
		return strings.HasPrefix(cookie, sessionCookie+"=")
	})
}
