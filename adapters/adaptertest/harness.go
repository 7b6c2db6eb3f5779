package adaptertest

import (
	"slices"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// Harness is a generation of Kratos, as the suite sees it.
type Harness struct {
	// New makes the adapter for the Kratos whose public API is at base. It has no breaker: each operation has to meet an outage
	// itself.
	New func(base string) (adapters.Adapter, error)
	// Start starts a Kratos, which ends with the test.
	Start func(t *testing.T, o Options) *Upstream
	// API is what the adapter has to call itself.
	API string
	// Differences are where the contract leaves it to the generation what happens.
	Differences Differences
}

// Options says what a Kratos is to be like. Zero values leave it to the harness; a lifespan is then to be no less than
// some minutes.
//
// Traits have to be those of package kratostest's identity schema: email, which is the identifier and by which an account
// is recovered and verified, name.first, name.last, age, newsletter and tags. A registration has to log in.
type Options struct {
	// FlowLifespan is how long flows can be completed.
	FlowLifespan time.Duration
	// SessionLifespan is how long sessions last.
	SessionLifespan time.Duration
	// PrivilegedSessionMaxAge is how long after a login the account's credentials can be changed.
	PrivilegedSessionMaxAge time.Duration
	// Codes asks for codes to type in: they are mailed for recovery and verification, and one can log in by one.
	Codes bool
	// OIDC asks for two providers that can be linked, "github" and "second".
	OIDC bool
}

// Upstream is a running Kratos.
type Upstream struct {
	// URL is the base of its public API.
	URL string
	// Schema is the identity schema, byte for byte as Kratos serves it.
	Schema []byte
	// ReturnURL is one that Kratos may send browsers to, other than where it does so by itself.
	ReturnURL string
	// Kill ends it at once. Restart brings it back with its data, at the same URL.
	Kill    func()
	Restart func(t *testing.T)
	// Links are the links that it has mailed to an address so far. Nil if it mails none.
	Links func(t *testing.T, address string) []string
	// MailedCodes are the codes that it has mailed to an address so far.
	MailedCodes func(t *testing.T, address string) []string
	// NewAccount makes an account where the generation can't register one through the adapter. It is nil where it can.
	NewAccount func(t *testing.T) Account
}

// Account is somebody who is registered and logged in.
type Account struct {
	Email, Password string
	// IdentityID is the id of the identity.
	IdentityID string
	// Token is the token of a session, if the generation has such.
	Token string
	// Cookies are those of a browser that is logged in, one "name=value" each. They are only needed where the generation
	// can't log in through the adapter.
	Cookies []string
}

// Differences are what the contract leaves to the generation.
type Differences struct {
	// UnknownError is what GetError says of an id that Kratos does not know. Kratos 0.1 and 0.5 say ACCESS_DENIED, so as
	// not to tell what exists; later ones say NOT_FOUND.
	UnknownError kratosgrpcv1.ErrorReason
	// UnknownSettingsFlow is what GetSettingsFlow says of such an id. Kratos 0.5 says ACCESS_DENIED, so as not to tell what
	// exists; later ones say NOT_FOUND.
	UnknownSettingsFlow kratosgrpcv1.ErrorReason
	// SettingsWithoutSession is what InitializeSettingsViaApiFlow says without a session. Kratos 0.5 takes this for
	// forbidden, ACCESS_DENIED; later ones say NO_ACTIVE_SESSION.
	SettingsWithoutSession kratosgrpcv1.ErrorReason
	// UnknownSession is what RevokeSession says of a token that Kratos does not know, or UNSPECIFIED if it does not tell
	// whether there was such a session, as Kratos 0.5.
	UnknownSession kratosgrpcv1.ErrorReason
	// MalformedFlow is what a completion by password says of a flow's id that no flow can have. Kratos 0.5 says
	// REJECTED_BY_UPSTREAM, for it reads the id as a number and does not get to look for the flow.
	MalformedFlow kratosgrpcv1.ErrorReason
	// Replaces names the completions that answer an expired API flow with its replacement. In Kratos 0.5 these are login
	// and registration; the API flows of the link methods have to be completed by flows of the adapter's own.
	Replaces []string
	// Irreplaceable names the completions that lead the browser to an error when its flow has expired, rather than to
	// another flow. In Kratos 0.5 these are those of settings, whose expiry it does not tell from other mistakes.
	Irreplaceable []string
	// CookiesOnly: nothing but cookies authenticates, as in Kratos 0.1; tokens are not sent on.
	CookiesOnly bool
	// Unprotected names the completions that Kratos does not protect by its anti-CSRF token. In Kratos 1.x that is the one
	// by which providers are linked; there the session's cookie, which other sites can't make a browser send along, is all.
	Unprotected []string
	// LinksNeedFlow: a link that names no flow, or none that Kratos knows, leads the browser to an error, as in Kratos 1.x,
	// all of whose links name their flow. In Kratos 0.5 the token is enough, and a bad one leads to another flow.
	LinksNeedFlow bool
	// FillsInObjects: where traits of type object are left out, the identity has empty ones, as in Kratos 1.x.
	FillsInObjects bool
	// UnlinkingNeedsLink: who has linked no provider at all and unlinks one is led to an error, as in Kratos 1.x, which
	// fails at finding what there is to unlink. Kratos 0.5 leads back to the form.
	UnlinkingNeedsLink bool
}

// has tells whether the generation has an operation, as package adapters says.
func (h *Harness) has(operation string) bool {
	return slices.Contains(adapters.AvailableIn(operation), h.API)
}
