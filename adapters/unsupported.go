package adapters

import (
	"context"
	"errors"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// Unsupported has no operation: each returns [errors.ErrUnsupported]. A generation's adapter embeds it for the operations
// that its Kratos lacks.
type Unsupported struct{}

// InitializeLoginViaApiFlow implements [Adapter].
func (Unsupported) InitializeLoginViaApiFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeLoginViaApiFlowRequest) (*kratosgrpcv1.InitializeLoginViaApiFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// InitializeLoginViaBrowserFlow implements [Adapter].
func (Unsupported) InitializeLoginViaBrowserFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeLoginViaBrowserFlowRequest) (*kratosgrpcv1.InitializeLoginViaBrowserFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// GetLoginFlow implements [Adapter].
func (Unsupported) GetLoginFlow(context.Context, *Exchange, *kratosgrpcv1.GetLoginFlowRequest) (*kratosgrpcv1.GetLoginFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// CompleteLoginFlowWithPasswordMethod implements [Adapter].
func (Unsupported) CompleteLoginFlowWithPasswordMethod(context.Context, *Exchange, *kratosgrpcv1.CompleteLoginFlowWithPasswordMethodRequest) (*kratosgrpcv1.CompleteLoginFlowWithPasswordMethodResponse, error) {
	return nil, errors.ErrUnsupported
}

// UpdateLoginFlow implements [Adapter].
func (Unsupported) UpdateLoginFlow(context.Context, *Exchange, *kratosgrpcv1.UpdateLoginFlowRequest) (*kratosgrpcv1.UpdateLoginFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// InitializeRegistrationViaApiFlow implements [Adapter].
func (Unsupported) InitializeRegistrationViaApiFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeRegistrationViaApiFlowRequest) (*kratosgrpcv1.InitializeRegistrationViaApiFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// InitializeRegistrationViaBrowserFlow implements [Adapter].
func (Unsupported) InitializeRegistrationViaBrowserFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeRegistrationViaBrowserFlowRequest) (*kratosgrpcv1.InitializeRegistrationViaBrowserFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// GetRegistrationFlow implements [Adapter].
func (Unsupported) GetRegistrationFlow(context.Context, *Exchange, *kratosgrpcv1.GetRegistrationFlowRequest) (*kratosgrpcv1.GetRegistrationFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// CompleteRegistrationFlowWithPasswordMethod implements [Adapter].
func (Unsupported) CompleteRegistrationFlowWithPasswordMethod(context.Context, *Exchange, *kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodRequest) (*kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodResponse, error) {
	return nil, errors.ErrUnsupported
}

// UpdateRegistrationFlow implements [Adapter].
func (Unsupported) UpdateRegistrationFlow(context.Context, *Exchange, *kratosgrpcv1.UpdateRegistrationFlowRequest) (*kratosgrpcv1.UpdateRegistrationFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// InitializeSettingsViaApiFlow implements [Adapter].
func (Unsupported) InitializeSettingsViaApiFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeSettingsViaApiFlowRequest) (*kratosgrpcv1.InitializeSettingsViaApiFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// InitializeSettingsViaBrowserFlow implements [Adapter].
func (Unsupported) InitializeSettingsViaBrowserFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeSettingsViaBrowserFlowRequest) (*kratosgrpcv1.InitializeSettingsViaBrowserFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// GetSettingsFlow implements [Adapter].
func (Unsupported) GetSettingsFlow(context.Context, *Exchange, *kratosgrpcv1.GetSettingsFlowRequest) (*kratosgrpcv1.GetSettingsFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// CompleteSettingsFlowWithPasswordMethod implements [Adapter].
func (Unsupported) CompleteSettingsFlowWithPasswordMethod(context.Context, *Exchange, *kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodRequest) (*kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodResponse, error) {
	return nil, errors.ErrUnsupported
}

// CompleteSettingsFlowWithProfileMethod implements [Adapter].
func (Unsupported) CompleteSettingsFlowWithProfileMethod(context.Context, *Exchange, *kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest) (*kratosgrpcv1.CompleteSettingsFlowWithProfileMethodResponse, error) {
	return nil, errors.ErrUnsupported
}

// CompleteBrowserSettingsOidcSettingsFlow implements [Adapter].
func (Unsupported) CompleteBrowserSettingsOidcSettingsFlow(context.Context, *Exchange, *kratosgrpcv1.CompleteBrowserSettingsOidcSettingsFlowRequest) (*kratosgrpcv1.CompleteBrowserSettingsOidcSettingsFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// UpdateSettingsFlow implements [Adapter].
func (Unsupported) UpdateSettingsFlow(context.Context, *Exchange, *kratosgrpcv1.UpdateSettingsFlowRequest) (*kratosgrpcv1.UpdateSettingsFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// InitializeRecoveryViaApiFlow implements [Adapter].
func (Unsupported) InitializeRecoveryViaApiFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeRecoveryViaApiFlowRequest) (*kratosgrpcv1.InitializeRecoveryViaApiFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// InitializeRecoveryViaBrowserFlow implements [Adapter].
func (Unsupported) InitializeRecoveryViaBrowserFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeRecoveryViaBrowserFlowRequest) (*kratosgrpcv1.InitializeRecoveryViaBrowserFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// GetRecoveryFlow implements [Adapter].
func (Unsupported) GetRecoveryFlow(context.Context, *Exchange, *kratosgrpcv1.GetRecoveryFlowRequest) (*kratosgrpcv1.GetRecoveryFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// CompleteRecoveryFlowWithLinkMethod implements [Adapter].
func (Unsupported) CompleteRecoveryFlowWithLinkMethod(context.Context, *Exchange, *kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodRequest) (*kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodResponse, error) {
	return nil, errors.ErrUnsupported
}

// UpdateRecoveryFlow implements [Adapter].
func (Unsupported) UpdateRecoveryFlow(context.Context, *Exchange, *kratosgrpcv1.UpdateRecoveryFlowRequest) (*kratosgrpcv1.UpdateRecoveryFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// InitializeVerificationViaApiFlow implements [Adapter].
func (Unsupported) InitializeVerificationViaApiFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeVerificationViaApiFlowRequest) (*kratosgrpcv1.InitializeVerificationViaApiFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// InitializeVerificationViaBrowserFlow implements [Adapter].
func (Unsupported) InitializeVerificationViaBrowserFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeVerificationViaBrowserFlowRequest) (*kratosgrpcv1.InitializeVerificationViaBrowserFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// GetVerificationFlow implements [Adapter].
func (Unsupported) GetVerificationFlow(context.Context, *Exchange, *kratosgrpcv1.GetVerificationFlowRequest) (*kratosgrpcv1.GetVerificationFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// CompleteVerificationFlowWithLinkMethod implements [Adapter].
func (Unsupported) CompleteVerificationFlowWithLinkMethod(context.Context, *Exchange, *kratosgrpcv1.CompleteVerificationFlowWithLinkMethodRequest) (*kratosgrpcv1.CompleteVerificationFlowWithLinkMethodResponse, error) {
	return nil, errors.ErrUnsupported
}

// UpdateVerificationFlow implements [Adapter].
func (Unsupported) UpdateVerificationFlow(context.Context, *Exchange, *kratosgrpcv1.UpdateVerificationFlowRequest) (*kratosgrpcv1.UpdateVerificationFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// InitializeBrowserLogoutFlow implements [Adapter].
func (Unsupported) InitializeBrowserLogoutFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeBrowserLogoutFlowRequest) (*kratosgrpcv1.InitializeBrowserLogoutFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// CreateBrowserLogoutFlow implements [Adapter].
func (Unsupported) CreateBrowserLogoutFlow(context.Context, *Exchange, *kratosgrpcv1.CreateBrowserLogoutFlowRequest) (*kratosgrpcv1.CreateBrowserLogoutFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// UpdateLogoutFlow implements [Adapter].
func (Unsupported) UpdateLogoutFlow(context.Context, *Exchange, *kratosgrpcv1.UpdateLogoutFlowRequest) (*kratosgrpcv1.UpdateLogoutFlowResponse, error) {
	return nil, errors.ErrUnsupported
}

// PerformNativeLogout implements [Adapter].
func (Unsupported) PerformNativeLogout(context.Context, *Exchange, *kratosgrpcv1.PerformNativeLogoutRequest) (*kratosgrpcv1.PerformNativeLogoutResponse, error) {
	return nil, errors.ErrUnsupported
}

// Whoami implements [Adapter].
func (Unsupported) Whoami(context.Context, *Exchange, *kratosgrpcv1.WhoamiRequest) (*kratosgrpcv1.WhoamiResponse, error) {
	return nil, errors.ErrUnsupported
}

// RevokeSession implements [Adapter].
func (Unsupported) RevokeSession(context.Context, *Exchange, *kratosgrpcv1.RevokeSessionRequest) (*kratosgrpcv1.RevokeSessionResponse, error) {
	return nil, errors.ErrUnsupported
}

// ListMySessions implements [Adapter].
func (Unsupported) ListMySessions(context.Context, *Exchange, *kratosgrpcv1.ListMySessionsRequest) (*kratosgrpcv1.ListMySessionsResponse, error) {
	return nil, errors.ErrUnsupported
}

// DisableMySession implements [Adapter].
func (Unsupported) DisableMySession(context.Context, *Exchange, *kratosgrpcv1.DisableMySessionRequest) (*kratosgrpcv1.DisableMySessionResponse, error) {
	return nil, errors.ErrUnsupported
}

// DisableMyOtherSessions implements [Adapter].
func (Unsupported) DisableMyOtherSessions(context.Context, *Exchange, *kratosgrpcv1.DisableMyOtherSessionsRequest) (*kratosgrpcv1.DisableMyOtherSessionsResponse, error) {
	return nil, errors.ErrUnsupported
}

// ExchangeSessionToken implements [Adapter].
func (Unsupported) ExchangeSessionToken(context.Context, *Exchange, *kratosgrpcv1.ExchangeSessionTokenRequest) (*kratosgrpcv1.ExchangeSessionTokenResponse, error) {
	return nil, errors.ErrUnsupported
}

// GetSchema implements [Adapter].
func (Unsupported) GetSchema(context.Context, *Exchange, *kratosgrpcv1.GetSchemaRequest) (*kratosgrpcv1.GetSchemaResponse, error) {
	return nil, errors.ErrUnsupported
}

// ListIdentitySchemas implements [Adapter].
func (Unsupported) ListIdentitySchemas(context.Context, *Exchange, *kratosgrpcv1.ListIdentitySchemasRequest) (*kratosgrpcv1.ListIdentitySchemasResponse, error) {
	return nil, errors.ErrUnsupported
}

// GetWebAuthnJavaScript implements [Adapter].
func (Unsupported) GetWebAuthnJavaScript(context.Context, *Exchange, *kratosgrpcv1.GetWebAuthnJavaScriptRequest) (*kratosgrpcv1.GetWebAuthnJavaScriptResponse, error) {
	return nil, errors.ErrUnsupported
}

// GetError implements [Adapter].
func (Unsupported) GetError(context.Context, *Exchange, *kratosgrpcv1.GetErrorRequest) (*kratosgrpcv1.GetErrorResponse, error) {
	return nil, errors.ErrUnsupported
}
