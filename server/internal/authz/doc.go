// Package authz is the translation between Envoy's external authorization and sessions: what a check asks about, what a
// route asks of a session, and how Envoy is told the verdict. It asks nobody for anything; package server does.
//
// # Design
//
// Request reads of a check what counts, in both forms that Envoy sends headers in. Rules say what a route asks for: the
// server's own, changed by the context extensions of the route. A Path finds a value in a session as it was encoded, so that
// a session that is known need not be decoded for each who asks. Verdicts makes the answers.
//
// An answer is always a verdict, and never an error: what Envoy does after an error is up to failure_mode_allow, and letting
// a request pass that nobody has checked is not what an authorization service may leave to a setting. For the same reason
// the field error_response is not used, which Envoy takes for an error.
//
// Whatever a request brings along under a name that a verdict owns is overwritten or removed, in every answer that lets a
// request pass.
package authz
