package adapters

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// Exchange is what travels beside a call's messages. The caller's half is read by the adapter, the answer's half is
// filled by it, also where the call ends in an error.
type Exchange struct {
	Caller Caller
	Answer Answer
}

// Caller is what a call brings along: the one credential that goes upstream and, for browsers, their cookies.
type Caller struct {
	// Credential proves who calls.
	Credential Credential
	// Cookies are the values of the Cookie header, as they came. An adapter forwards Kratos's own, and only where
	// Credential is not a token: see [Caller.CookieHeader].
	Cookies []string
	// Accept is the Accept header to send upstream; it decides whether Kratos answers a browser flow's errors as JSON or
	// sends the browser to its error UI. Empty means that none is sent.
	Accept string
	// AcceptUnsaid says that the caller sent no such header, so that Accept is what is best for most callers. Operations
	// that start a browser flow answer a redirect then, and not the flow.
	AcceptUnsaid bool
	// SentForm says that the caller sent an HTML form, in which every value is a text, whatever it stands for: it has to
	// go upstream as a form too, so that Kratos makes of it what the identity's schema asks for.
	SentForm bool
	// Address is where the caller is: one without a zone, and no IPv4 address within IPv6. UserAgent is what the caller calls
	// itself, in printable ASCII. Kratos 1.x keeps both with a session that begins. Either may be missing.
	Address   netip.Addr
	UserAgent string
	// RequestID is the id that the caller gave to its request, if it gave one.
	RequestID string
}

// Anonymous is the caller without what proves who it is, and without wishes.
func (c *Caller) Anonymous() *Caller {
	return &Caller{Address: c.Address, UserAgent: c.UserAgent, RequestID: c.RequestID}
}

// CredentialKind says how a credential is sent.
type CredentialKind int

// The kinds of credentials.
const (
	// NoCredential: the caller proves nothing, or with cookies only.
	NoCredential CredentialKind = iota
	// BearerToken is a session token, sent as `Authorization: Bearer`.
	BearerToken
	// SessionToken is a session token, sent as `X-Session-Token`.
	SessionToken
)

// Credential is a session token and how it is sent. It is a secret: it formats as its kind only.
type Credential struct {
	Kind  CredentialKind
	Token string
}

// String names the kind, never the token.
func (c Credential) String() string {
	switch c.Kind {
	case BearerToken:
		return "bearer token (redacted)"
	case SessionToken:
		return "session token (redacted)"
	case NoCredential:
	}
	return "no credential"
}

// Format writes String, whatever the verb, so that none of package fmt shows the token.
func (c Credential) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, c.String()) }

// MarshalText is String, so that neither JSON nor a log shows the token.
func (c Credential) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// IsToken reports whether the caller authenticates by a token, which makes it an API client.
func (c Credential) IsToken() bool { return c.Kind != NoCredential }

// SetHeader sets the credential's header.
func (c Credential) SetHeader(h http.Header) {
	switch c.Kind {
	case BearerToken:
		h.Set("Authorization", "Bearer "+c.Token)
	case SessionToken:
		h.Set("X-Session-Token", c.Token)
	case NoCredential:
	}
}

// CookieHeader is the value of the Cookie header to send upstream: those of the caller's cookies that own says are
// Kratos's. It is empty for a caller that authenticates by a token, for only one credential goes upstream.
func (c *Caller) CookieHeader(own func(name string) bool) string {
	if c.Credential.IsToken() || len(c.Cookies) == 0 {
		return ""
	}
	parsed := (&http.Request{Header: http.Header{"Cookie": c.Cookies}}).Cookies()
	kept := make([]string, 0, len(parsed))
	for _, cookie := range parsed {
		if own(cookie.Name) {
			kept = append(kept, cookie.Name+"="+cookie.Value)
		}
	}
	return strings.Join(kept, "; ")
}

// Answer is what an answer brings along.
type Answer struct {
	// SetCookies are Set-Cookie headers for the caller's browser, one cookie each, as Kratos wrote them.
	SetCookies []string
	// HTTPStatus is the status that Kratos answered with, where an operation can have more than one that is no error; or 0.
	HTTPStatus int
	// CacheFor is for how long Kratos lets a cache keep its answer to whoami, or nil if it does not say.
	CacheFor *time.Duration
	// IdentityID is the id of the identity whose session was checked. Kratos says it in a header.
	IdentityID string
}
