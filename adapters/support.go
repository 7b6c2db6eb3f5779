package adapters

import "slices"

// The generations of Kratos, as in the flag --upstream-api.
const (
	// V01 is Kratos 0.1, whose flows are "requests".
	V01 = "v0.1"
	// V05 is Kratos 0.5, whose flows have methods.
	V05 = "v0.5"
	// V1 is Kratos 1.x and later, whose flows have a list of "ui nodes".
	V1 = "v1"
)

// Generations are all of them, the oldest first.
func Generations() []string { return []string{V01, V05, V1} }

// since is the oldest generation that has an operation, by the RPC's name. What a generation has, the later ones have too.
var since = map[string]string{
	"InitializeLoginViaApiFlow":                  V05,
	"InitializeLoginViaBrowserFlow":              V01,
	"GetLoginFlow":                               V01,
	"CompleteLoginFlowWithPasswordMethod":        V05,
	"UpdateLoginFlow":                            V1,
	"InitializeRegistrationViaApiFlow":           V05,
	"InitializeRegistrationViaBrowserFlow":       V01,
	"GetRegistrationFlow":                        V01,
	"CompleteRegistrationFlowWithPasswordMethod": V05,
	"UpdateRegistrationFlow":                     V1,
	"InitializeSettingsViaApiFlow":               V05,
	"InitializeSettingsViaBrowserFlow":           V01,
	"GetSettingsFlow":                            V01,
	"CompleteSettingsFlowWithPasswordMethod":     V05,
	"CompleteSettingsFlowWithProfileMethod":      V01,
	"CompleteBrowserSettingsOidcSettingsFlow":    V05,
	"UpdateSettingsFlow":                         V1,
	"InitializeRecoveryViaApiFlow":               V05,
	"InitializeRecoveryViaBrowserFlow":           V05,
	"GetRecoveryFlow":                            V05,
	"CompleteRecoveryFlowWithLinkMethod":         V05,
	"UpdateRecoveryFlow":                         V1,
	"InitializeVerificationViaApiFlow":           V05,
	"InitializeVerificationViaBrowserFlow":       V05,
	"GetVerificationFlow":                        V05,
	"CompleteVerificationFlowWithLinkMethod":     V05,
	"UpdateVerificationFlow":                     V1,
	"InitializeBrowserLogoutFlow":                V01,
	"CreateBrowserLogoutFlow":                    V1,
	"UpdateLogoutFlow":                           V1,
	"PerformNativeLogout":                        V1,
	"Whoami":                                     V01,
	// These ask for the one before: it is the server that has them.
	"WatchSession":           V01,
	"BatchWhoami":            V01,
	"RevokeSession":          V05,
	"ListMySessions":         V1,
	"DisableMySession":       V1,
	"DisableMyOtherSessions": V1,
	"ExchangeSessionToken":   V1,
	"GetSchema":              V05,
	"ListIdentitySchemas":    V1,
	"GetWebAuthnJavaScript":  V1,
	"GetError":               V01,
}

// AvailableIn are the generations that have an operation, the oldest first: none if there is no such operation.
func AvailableIn(operation string) []string {
	first, ok := since[operation]
	if !ok {
		return nil
	}
	generations := Generations()
	return generations[slices.Index(generations, first):]
}
