package kratosv01

import (
	"context"
	"errors"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// InitializeLoginViaBrowserFlow is GET /self-service/browser/flows/login.
func (a *Adapter) InitializeLoginViaBrowserFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.InitializeLoginViaBrowserFlowRequest) (*kratosgrpcv1.InitializeLoginViaBrowserFlowResponse, error) {
	if req.GetRefresh() || req.GetAal() != "" || req.GetVia() != "" || req.GetOrganization() != "" || req.GetLoginChallenge() != "" {
		return nil, errors.ErrUnsupported
	}
	to, err := a.navigate(ctx, x, "/self-service/browser/flows/login", selfservice.ReturnTo(req.GetReturnTo()))
	if err != nil {
		return nil, err
	}
	return &kratosgrpcv1.InitializeLoginViaBrowserFlowResponse{Redirect: to}, nil
}

// GetLoginFlow is GET /self-service/browser/flows/requests/login.
func (a *Adapter) GetLoginFlow(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.GetLoginFlowRequest) (*kratosgrpcv1.GetLoginFlowResponse, error) {
	flow := new(kratosgrpcv1.LoginFlow)
	if err := a.fetchFlow(ctx, x, "/self-service/browser/flows/requests/login", req.GetId(), flow); err != nil {
		return nil, err
	}
	return &kratosgrpcv1.GetLoginFlowResponse{Flow: flow}, nil
}
