package kratosv1

import (
	"context"
	"encoding/json"
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
	token, err := logoutToken(started)
	if err != nil {
		return nil, err
	}
	if query == nil {
		query = url.Values{}
	}
	query.Set("token", token)
	return a.navigate(ctx, x, logoutPath, query)
}

// logoutToken reads the token. It is the credential for one logout.
func logoutToken(res *upstream.Response) (string, error) {
	if res.Status != http.StatusOK {
		return "", refusal(res)
	}
	var body struct {
		LogoutToken string `json:"logout_token"`
	}
	if err := json.Unmarshal(res.Body, &body); err != nil || body.LogoutToken == "" {
		return "", res.NotKratos(errors.New("it has no logout token"))
	}
	return body.LogoutToken, nil
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
