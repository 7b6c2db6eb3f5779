package kratosv1

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

const (
	logoutStartPath = "/self-service/logout/browser"
	logoutPath      = "/self-service/logout"
)

// InitializeBrowserLogoutFlow is GET /self-service/logout/browser, which answers a token that proves that it is the
// session's own browser that wants to log out, and then GET /self-service/logout with it.
func (a *Adapter) InitializeBrowserLogoutFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.InitializeBrowserLogoutFlowRequest) (*kratosgrpcv1.InitializeBrowserLogoutFlowResponse, error) {
	to, err := a.logOut(ctx, x, req.GetReturnTo())
	if err != nil {
		return nil, err
	}
	return &kratosgrpcv1.InitializeBrowserLogoutFlowResponse{Redirect: to}, nil
}

func (a *Adapter) logOut(ctx context.Context, x *adapters.Exchange, returnTo string) (*kratosgrpcv1.Redirect, error) {
	query := selfservice.ReturnTo(returnTo)
	started, err := a.get(ctx, x, browserClient, wantJSON, logoutStartPath, query)
	switch {
	case err != nil:
		return nil, err
	case started.Status == http.StatusUnauthorized:
		if e := refusal(started); e.Reason != kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION {
			return nil, e
		}
		return a.loggedOut(ctx, x, returnTo)
	case started.Status >= http.StatusBadRequest && started.Status < http.StatusInternalServerError:
		// What is wrong with the request is shown to the browser, as elsewhere.
		return a.navigate(ctx, x, logoutStartPath, query)
	}
	flow, err := logoutFlow(started)
	if err != nil {
		return nil, err
	}
	return a.navigate(ctx, x, logoutPath, newQuery().add("return_to", returnTo).add("token", flow.GetLogoutToken()).Values)
}

// logoutFlow reads what logs a browser out. Its token is the credential for that.
func logoutFlow(res *upstream.Response) (*kratosgrpcv1.LogoutFlow, error) {
	if res.Status != http.StatusOK {
		return nil, refusal(res)
	}
	flow := new(kratosgrpcv1.LogoutFlow)
	if err := res.Decode(flow); err != nil {
		return nil, err
	}
	if flow.GetLogoutToken() == "" {
		return nil, res.NotKratos(errors.New("it has no logout token"))
	}
	return flow, nil
}

// CreateBrowserLogoutFlow is GET /self-service/logout/browser.
func (a *Adapter) CreateBrowserLogoutFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.CreateBrowserLogoutFlowRequest) (*kratosgrpcv1.CreateBrowserLogoutFlowResponse, error) {
	res, err := a.get(ctx, x, browserClient, wantJSON, logoutStartPath, selfservice.ReturnTo(req.GetReturnTo()))
	if err != nil {
		return nil, err
	}
	flow, err := logoutFlow(res)
	if err != nil {
		return nil, err
	}
	return &kratosgrpcv1.CreateBrowserLogoutFlowResponse{Flow: flow}, nil
}

// UpdateLogoutFlow is GET /self-service/logout.
func (a *Adapter) UpdateLogoutFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.UpdateLogoutFlowRequest) (*kratosgrpcv1.UpdateLogoutFlowResponse, error) {
	accept := x.Caller.Accept
	if x.Caller.AcceptUnsaid {
		accept = wantHTML
	}
	res, err := a.get(ctx, x, browserClient, accept, logoutPath, newQuery().add("token", req.GetToken()).add("return_to", req.GetReturnTo()).Values)
	switch {
	case err != nil:
		return nil, err
	case res.Status == http.StatusNoContent:
		return new(kratosgrpcv1.UpdateLogoutFlowResponse), nil
	case selfservice.IsRedirect(res):
		to, err := a.redirect(ctx, x, res)
		if err != nil {
			return nil, err
		}
		return &kratosgrpcv1.UpdateLogoutFlowResponse{Redirect: to}, nil
	default:
		return nil, refusal(res)
	}
}

// PerformNativeLogout is DELETE /self-service/logout/api.
func (a *Adapter) PerformNativeLogout(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.PerformNativeLogoutRequest) (*kratosgrpcv1.PerformNativeLogoutResponse, error) {
	if err := a.endSession(ctx, x, req.GetSessionToken()); err != nil {
		return nil, err
	}
	return new(kratosgrpcv1.PerformNativeLogoutResponse), nil
}

// loggedOut is where a browser goes that has no session. Kratos 1.x says only to a browser that has one where a logout
// leads; what it says of nobody's session is an error, where 0.5 answers the same in both cases. So the browser goes where
// it wants to return to, if Kratos lets it go there after a login too, and else to the login.
func (a *Adapter) loggedOut(ctx context.Context, x *adapters.Exchange, returnTo string) (*kratosgrpcv1.Redirect, error) {
	to, err := a.navigate(ctx, x, "/self-service/login/browser", selfservice.ReturnTo(returnTo))
	if err != nil {
		return nil, err
	}
	if u, err := url.Parse(returnTo); err == nil && u.IsAbs() && u.Host != "" && to.GetFlowId() != "" {
		return a.withError(ctx, x, selfservice.RedirectTo(returnTo)), nil
	}
	return to, nil
}
