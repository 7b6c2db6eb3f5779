package kratostest

import (
	"cmp"
	"os"
	"time"
)

// noSMTP is the address of no mail server.
const noSMTP = "smtp://127.0.0.1:1/"

// Options says what a Kratos started by [Start] is like. The zero value is a
// good choice for most tests.
type Options struct {
	// Version is the generation to run. Default: [V05].
	Version Version

	// PublicAddr and AdminAddr are the "host:port" to listen on.
	// Default: a free port on 127.0.0.1.
	PublicAddr, AdminAddr string

	// PublicBaseURL is where browsers are told to find the public API: form
	// actions, links in mails and the scope of the CSRF cookie follow from it.
	// Set it to the address of whatever stands in front of Kratos.
	// Default: Kratos itself.
	PublicBaseURL string

	// UIURL is the base of the pages that Kratos redirects browsers to. Nothing
	// has to listen there. Default: http://127.0.0.1:4455.
	UIURL string

	// ReturnURLs are accepted in ?return_to= besides everything below UIURL.
	ReturnURLs []string

	// PrivilegedSessionMaxAge is how long after a login credentials may be
	// changed. Default: 15 minutes.
	PrivilegedSessionMaxAge time.Duration

	// FlowLifespan is how long a flow of any kind can be completed, and links
	// in mails followed. Default: one hour.
	FlowLifespan time.Duration

	// SessionLifespan is how long a login lasts. Default: one day.
	SessionLifespan time.Duration

	// SMTPURL is the server that mails are sent to. Default: one that does not
	// exist; mails then stay in Kratos's queue.
	SMTPURL string

	// MailCodes has Kratos mail codes to type in instead of links to follow, for
	// recovery and verification. [V05] has no codes and mails links all the same.
	MailCodes bool

	// CodeLogin offers to sign up and in with a mailed code instead of a
	// password. [V05] has no codes and does not offer it.
	CodeLogin bool

	// Production runs Kratos without --dev: cookies are Secure and thus useless
	// over plain HTTP, and errors hold no stack traces.
	Production bool

	// OIDC enables social sign-in with the made-up providers "github" and
	// "second". Redirects to them can be looked at, not followed.
	OIDC bool

	// BreachedPasswords are refused as if known from a data breach.
	BreachedPasswords []string

	// Online lets Kratos reach the internet, such as the real list of breached
	// passwords at api.pwnedpasswords.com. BreachedPasswords is then ignored.
	Online bool

	// LogLevel is Kratos's. Default: info.
	LogLevel string

	// ExtraConfig may change the configuration before it is written. Keys are
	// those of Kratos's configuration file.
	ExtraConfig func(config map[string]any)

	// Output takes what Kratos writes, at no cost to this process. Default: it is
	// kept for [Kratos.Logs].
	Output *os.File

	// Logf is told about builds and retries. Default: nobody is.
	Logf func(format string, args ...any)
}

func (o Options) withDefaults() Options {
	o.Version = cmp.Or(o.Version, V05)
	o.UIURL = cmp.Or(o.UIURL, "http://127.0.0.1:4455")
	o.PrivilegedSessionMaxAge = cmp.Or(o.PrivilegedSessionMaxAge, 15*time.Minute)
	o.FlowLifespan = cmp.Or(o.FlowLifespan, time.Hour)
	o.SessionLifespan = cmp.Or(o.SessionLifespan, 24*time.Hour)
	o.SMTPURL = cmp.Or(o.SMTPURL, noSMTP)
	o.LogLevel = cmp.Or(o.LogLevel, "info")
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	return o
}
