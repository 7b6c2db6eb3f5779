package kratosv01

import (
	"context"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// InitializeBrowserLogoutFlow is GET /self-service/browser/flows/logout. It takes the browser's cookie away; the session
// itself goes on, for whoever has a copy of it.
func (a *Adapter) InitializeBrowserLogoutFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.InitializeBrowserLogoutFlowRequest) (*kratosgrpcv1.InitializeBrowserLogoutFlowResponse, error) {
	to, err := a.navigate(ctx, x, "/self-service/browser/flows/logout", selfservice.ReturnTo(req.GetReturnTo()))
	if err != nil {
		return nil, err
	}
	return &kratosgrpcv1.InitializeBrowserLogoutFlowResponse{Redirect: to}, nil
}
