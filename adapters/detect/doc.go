// Package detect finds out which generation of Kratos is behind a URL, by asking its public API.
//
// # Design
//
// It asks for what changes nothing: no flow is started. Only old generations say their version on the public API, and not
// always, so each is told by the form of several answers, as no other has them; a page that something on the way shows for
// everything is none. What speaks against each other is not decided, and what does not answer, or says of itself that it
// has failed, is asked again later rather than decided by what is left.
//
// Releases between those that there are adapters for are none of them: 0.2 to 0.4, and 0.6. From 0.7 on they answer as 1.x
// does.
package detect
