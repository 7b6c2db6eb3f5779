// Package upstream is the one HTTP client that adapters ask Kratos with.
//
// # Design
//
// The base URL is fixed when the client is made; a request's path is a constant of an adapter plus at most one escaped
// id ([Segment]), so that nothing a caller or Kratos says can lead a request elsewhere. Redirects are answers, never
// followed. Answers are bounded in size and read whole, and what is not JSON where JSON is due is an outage of Kratos,
// not an answer: a proxy's error page must never be taken for "no session".
//
// It has two ways to ask. net/http's is for everything. A lookup that many wait for, so that nobody can call it off
// ([adapters.Unattended]), goes by another client that takes half of the time (lean.go) and, if that had no answer, by
// net/http's again: a whoami changes nothing, so it can be asked twice.
package upstream
