// Package mesh holds tests that run kratosgrpc as people do who have a mesh: behind a real Envoy and a real nginx, with the
// configuration files that the README tells people to copy, in front of a real Kratos, and with services that believe what
// they are told. They see all of that only from outside.
package mesh
