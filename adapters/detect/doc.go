// Package detect finds out which generation of Kratos is behind a URL, by asking its public API.
//
// # Design
//
// It asks for what changes nothing: no flow is started. No generation says its version on the public API, so each is told
// by the form of several answers, as no other has them; a page that something on the way shows for everything is none.
// What speaks against each other is not decided, and what does not answer, or says of itself that it has failed, is asked
// again later rather than decided by what is left.
package detect
