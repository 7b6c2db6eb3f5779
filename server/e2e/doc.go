// Package e2e holds tests that need what no importer of kratosgrpc should inherit: the official Go SDK of Kratos 0.5, a
// mail server, an OpenID provider and a browser. They are a module of their own for that alone: whatever a module's
// tests require is in its go.mod, takes part in choosing versions for whoever imports the stubs, and is theirs to audit.
//
// Every test starts a real Kratos with a kratosgrpc in front of it (harness_test.go) and sees both only from outside.
package e2e
