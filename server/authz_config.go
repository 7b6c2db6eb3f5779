package server

import (
	"time"

	"github.com/kratosgrpc/kratosgrpc/server/internal/authz"
)

// AuthzConfig is how requests are authorized for Envoy (envoy.service.auth.v3.Authorization). What concerns a route can be
// changed by that route's context extensions.
type AuthzConfig struct {
	// Timeout is how long a verdict may take; then the request is denied. It has to be less than Envoy's own timeout.
	Timeout time.Duration
	// Session is "required" or "optional". Empty is the former.
	Session string
	// RequiredAAL is the least authenticator assurance level of a session: "aal1" or "aal2". Empty is the former.
	RequiredAAL string
	// RequiredTraits are the values that traits of an identity must have, by the trait's path: "role", "address.country". A
	// value that begins with "[" is a JSON list, of which one will do.
	RequiredTraits map[string]string
	// Headers are the headers, beside x-kratos-authenticated-identity-id, that tell a service of a session, by their names.
	// Each is a path in the session as Kratos's JSON has it: "id", "identity.traits.email".
	Headers map[string]string
	// LoginURL is where browsers are sent that have to log in. Without one they are answered like other clients.
	LoginURL string
	// ReturnToURL is the base URL at which browsers reach what is behind Envoy, if Envoy can't tell it by the request.
	ReturnToURL string
	// RemoveCredential removes Kratos's credentials from requests that pass.
	RemoveCredential bool
}

// defaultAuthzConfig returns the defaults of the command line. Envoy itself waits for 200 ms, if it is not told otherwise.
func defaultAuthzConfig() AuthzConfig {
	return AuthzConfig{Timeout: 150 * time.Millisecond}
}

// validate says what is wrong with a configuration.
func (c *AuthzConfig) validate() error {
	_, err := c.verdicts()
	return err
}

func (c *AuthzConfig) verdicts() (*authz.Verdicts, error) { return authz.New(authz.Options(*c)) }
