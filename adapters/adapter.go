package adapters

import (
	"context"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// Adapter is a Kratos of some generation, in the contract's terms.
//
// Every method but Ready, API and SessionCookie is the RPC of the same name. It returns an [*Error] for whatever is not an answer, or
// an error that wraps [errors.ErrUnsupported] if its generation has no such operation. Implementations are safe for
// concurrent use.
type Adapter interface {
	LoginFlows
	RegistrationFlows
	SettingsFlows
	RecoveryFlows
	VerificationFlows
	LogoutFlows
	Sessions
	Schemas
	SelfServiceErrors

	// API names the generation that the adapter speaks, as in the flag --upstream-api: for example "v0.5".
	API() string
	// SessionCookie is the name of the cookie that holds a browser's session.
	SessionCookie() string
	// Ready reports whether Kratos can serve: nil if it says so itself.
	Ready(ctx context.Context) error
}

// LoginFlows logs identities in.
type LoginFlows interface {
	InitializeLoginViaApiFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeLoginViaApiFlowRequest) (*kratosgrpcv1.InitializeLoginViaApiFlowResponse, error)
	InitializeLoginViaBrowserFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeLoginViaBrowserFlowRequest) (*kratosgrpcv1.InitializeLoginViaBrowserFlowResponse, error)
	GetLoginFlow(context.Context, *Exchange, *kratosgrpcv1.GetLoginFlowRequest) (*kratosgrpcv1.GetLoginFlowResponse, error)
	CompleteLoginFlowWithPasswordMethod(context.Context, *Exchange, *kratosgrpcv1.CompleteLoginFlowWithPasswordMethodRequest) (*kratosgrpcv1.CompleteLoginFlowWithPasswordMethodResponse, error)
	UpdateLoginFlow(context.Context, *Exchange, *kratosgrpcv1.UpdateLoginFlowRequest) (*kratosgrpcv1.UpdateLoginFlowResponse, error)
}

// RegistrationFlows registers identities.
type RegistrationFlows interface {
	InitializeRegistrationViaApiFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeRegistrationViaApiFlowRequest) (*kratosgrpcv1.InitializeRegistrationViaApiFlowResponse, error)
	InitializeRegistrationViaBrowserFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeRegistrationViaBrowserFlowRequest) (*kratosgrpcv1.InitializeRegistrationViaBrowserFlowResponse, error)
	GetRegistrationFlow(context.Context, *Exchange, *kratosgrpcv1.GetRegistrationFlowRequest) (*kratosgrpcv1.GetRegistrationFlowResponse, error)
	CompleteRegistrationFlowWithPasswordMethod(context.Context, *Exchange, *kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodRequest) (*kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodResponse, error)
	UpdateRegistrationFlow(context.Context, *Exchange, *kratosgrpcv1.UpdateRegistrationFlowRequest) (*kratosgrpcv1.UpdateRegistrationFlowResponse, error)
}

// SettingsFlows changes the caller's own account.
type SettingsFlows interface {
	InitializeSettingsViaApiFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeSettingsViaApiFlowRequest) (*kratosgrpcv1.InitializeSettingsViaApiFlowResponse, error)
	InitializeSettingsViaBrowserFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeSettingsViaBrowserFlowRequest) (*kratosgrpcv1.InitializeSettingsViaBrowserFlowResponse, error)
	GetSettingsFlow(context.Context, *Exchange, *kratosgrpcv1.GetSettingsFlowRequest) (*kratosgrpcv1.GetSettingsFlowResponse, error)
	CompleteSettingsFlowWithPasswordMethod(context.Context, *Exchange, *kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodRequest) (*kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodResponse, error)
	CompleteSettingsFlowWithProfileMethod(context.Context, *Exchange, *kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest) (*kratosgrpcv1.CompleteSettingsFlowWithProfileMethodResponse, error)
	CompleteBrowserSettingsOidcSettingsFlow(context.Context, *Exchange, *kratosgrpcv1.CompleteBrowserSettingsOidcSettingsFlowRequest) (*kratosgrpcv1.CompleteBrowserSettingsOidcSettingsFlowResponse, error)
	UpdateSettingsFlow(context.Context, *Exchange, *kratosgrpcv1.UpdateSettingsFlowRequest) (*kratosgrpcv1.UpdateSettingsFlowResponse, error)
}

// RecoveryFlows recovers accounts.
type RecoveryFlows interface {
	InitializeRecoveryViaApiFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeRecoveryViaApiFlowRequest) (*kratosgrpcv1.InitializeRecoveryViaApiFlowResponse, error)
	InitializeRecoveryViaBrowserFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeRecoveryViaBrowserFlowRequest) (*kratosgrpcv1.InitializeRecoveryViaBrowserFlowResponse, error)
	GetRecoveryFlow(context.Context, *Exchange, *kratosgrpcv1.GetRecoveryFlowRequest) (*kratosgrpcv1.GetRecoveryFlowResponse, error)
	CompleteRecoveryFlowWithLinkMethod(context.Context, *Exchange, *kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodRequest) (*kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodResponse, error)
	UpdateRecoveryFlow(context.Context, *Exchange, *kratosgrpcv1.UpdateRecoveryFlowRequest) (*kratosgrpcv1.UpdateRecoveryFlowResponse, error)
}

// VerificationFlows verifies addresses.
type VerificationFlows interface {
	InitializeVerificationViaApiFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeVerificationViaApiFlowRequest) (*kratosgrpcv1.InitializeVerificationViaApiFlowResponse, error)
	InitializeVerificationViaBrowserFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeVerificationViaBrowserFlowRequest) (*kratosgrpcv1.InitializeVerificationViaBrowserFlowResponse, error)
	GetVerificationFlow(context.Context, *Exchange, *kratosgrpcv1.GetVerificationFlowRequest) (*kratosgrpcv1.GetVerificationFlowResponse, error)
	CompleteVerificationFlowWithLinkMethod(context.Context, *Exchange, *kratosgrpcv1.CompleteVerificationFlowWithLinkMethodRequest) (*kratosgrpcv1.CompleteVerificationFlowWithLinkMethodResponse, error)
	UpdateVerificationFlow(context.Context, *Exchange, *kratosgrpcv1.UpdateVerificationFlowRequest) (*kratosgrpcv1.UpdateVerificationFlowResponse, error)
}

// LogoutFlows logs browsers and apps out.
type LogoutFlows interface {
	InitializeBrowserLogoutFlow(context.Context, *Exchange, *kratosgrpcv1.InitializeBrowserLogoutFlowRequest) (*kratosgrpcv1.InitializeBrowserLogoutFlowResponse, error)
	CreateBrowserLogoutFlow(context.Context, *Exchange, *kratosgrpcv1.CreateBrowserLogoutFlowRequest) (*kratosgrpcv1.CreateBrowserLogoutFlowResponse, error)
	UpdateLogoutFlow(context.Context, *Exchange, *kratosgrpcv1.UpdateLogoutFlowRequest) (*kratosgrpcv1.UpdateLogoutFlowResponse, error)
	PerformNativeLogout(context.Context, *Exchange, *kratosgrpcv1.PerformNativeLogoutRequest) (*kratosgrpcv1.PerformNativeLogoutResponse, error)
}

// Sessions tells whose session a credential is, and ends sessions.
type Sessions interface {
	Whoami(context.Context, *Exchange, *kratosgrpcv1.WhoamiRequest) (*kratosgrpcv1.WhoamiResponse, error)
	RevokeSession(context.Context, *Exchange, *kratosgrpcv1.RevokeSessionRequest) (*kratosgrpcv1.RevokeSessionResponse, error)
	ListMySessions(context.Context, *Exchange, *kratosgrpcv1.ListMySessionsRequest) (*kratosgrpcv1.ListMySessionsResponse, error)
	DisableMySession(context.Context, *Exchange, *kratosgrpcv1.DisableMySessionRequest) (*kratosgrpcv1.DisableMySessionResponse, error)
	DisableMyOtherSessions(context.Context, *Exchange, *kratosgrpcv1.DisableMyOtherSessionsRequest) (*kratosgrpcv1.DisableMyOtherSessionsResponse, error)
	ExchangeSessionToken(context.Context, *Exchange, *kratosgrpcv1.ExchangeSessionTokenRequest) (*kratosgrpcv1.ExchangeSessionTokenResponse, error)
}

// Schemas serves the JSON Schemas of identities, and the script that their security keys need.
type Schemas interface {
	GetSchema(context.Context, *Exchange, *kratosgrpcv1.GetSchemaRequest) (*kratosgrpcv1.GetSchemaResponse, error)
	ListIdentitySchemas(context.Context, *Exchange, *kratosgrpcv1.ListIdentitySchemasRequest) (*kratosgrpcv1.ListIdentitySchemasResponse, error)
	GetWebAuthnJavaScript(context.Context, *Exchange, *kratosgrpcv1.GetWebAuthnJavaScriptRequest) (*kratosgrpcv1.GetWebAuthnJavaScriptResponse, error)
}

// SelfServiceErrors tells what went wrong in a browser flow.
type SelfServiceErrors interface {
	GetError(context.Context, *Exchange, *kratosgrpcv1.GetErrorRequest) (*kratosgrpcv1.GetErrorResponse, error)
}
