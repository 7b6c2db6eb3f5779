package server

import (
	"context"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// settingsService is kratosgrpc.v1.SettingsService.
type settingsService struct {
	kratosgrpcv1.UnimplementedSettingsServiceServer

	backend *backend
}

var _ kratosgrpcv1.SettingsServiceServer = (*settingsService)(nil)

func (s *settingsService) InitializeSettingsViaApiFlow(ctx context.Context, req *kratosgrpcv1.InitializeSettingsViaApiFlowRequest) (*kratosgrpcv1.InitializeSettingsViaApiFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.InitializeSettingsViaApiFlow)
}

func (s *settingsService) InitializeSettingsViaBrowserFlow(ctx context.Context, req *kratosgrpcv1.InitializeSettingsViaBrowserFlowRequest) (*kratosgrpcv1.InitializeSettingsViaBrowserFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.InitializeSettingsViaBrowserFlow)
}

func (s *settingsService) GetSettingsFlow(ctx context.Context, req *kratosgrpcv1.GetSettingsFlowRequest) (*kratosgrpcv1.GetSettingsFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.GetSettingsFlow)
}

func (s *settingsService) CompleteSettingsFlowWithPasswordMethod(ctx context.Context, req *kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodRequest) (*kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.CompleteSettingsFlowWithPasswordMethod)
}

func (s *settingsService) CompleteSettingsFlowWithProfileMethod(ctx context.Context, req *kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest) (*kratosgrpcv1.CompleteSettingsFlowWithProfileMethodResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.CompleteSettingsFlowWithProfileMethod)
}

func (s *settingsService) CompleteBrowserSettingsOidcSettingsFlow(ctx context.Context, req *kratosgrpcv1.CompleteBrowserSettingsOidcSettingsFlowRequest) (*kratosgrpcv1.CompleteBrowserSettingsOidcSettingsFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.CompleteBrowserSettingsOidcSettingsFlow)
}

func (s *settingsService) UpdateSettingsFlow(ctx context.Context, req *kratosgrpcv1.UpdateSettingsFlowRequest) (*kratosgrpcv1.UpdateSettingsFlowResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.UpdateSettingsFlow)
}
