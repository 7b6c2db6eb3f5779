// Package adaptertest is the conformance suite that the adapter of every Kratos generation passes. Only tests import it.
//
//	func TestConformance(t *testing.T) {
//		adaptertest.Run(t, adaptertest.Harness{New: …, Start: …})
//	}
//
// # Design
//
// The suite knows nothing of any generation: it speaks [adapters.Adapter] and the contract's messages, and what it
// expects stands in the protos' comments. Where the contract leaves something to the generation, the [Harness] says
// which way it goes, in a field that says why ([Differences]). What a generation has no operation for is named in
// [Harness.Unsupported]; the suite checks that exactly these operations are [errors.ErrUnsupported], and leaves out the
// cases that need them.
//
// Some rules hold for every call, whatever it is about: a client that authenticates by a token gets no cookies, no error
// holds a secret, an error has a reason. They are checked by the one function that makes calls (see call.go), not by the
// cases.
//
// What can't be had from a real Kratos (an answer cut short, a proxy's error page, a redirect to another host) comes from
// an HTTP server in place of Kratos that knows no generation either.
package adaptertest
