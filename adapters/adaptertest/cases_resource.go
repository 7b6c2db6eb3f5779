package adaptertest

import (
	"bytes"
	"slices"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

var resourceCases = []func(*fixture){schemaIsServed, schemaIsUnknown, errorIsServed, errorIsUnknown, supportIsWhatItIsSaidToBe, laterFieldsAreNotIgnored, kratosIsReady}

// schemaIsServed: byte for byte, for the order of its properties says something.
func schemaIsServed(f *fixture) {
	a := f.account()
	id := f.whoami(f.logIn(a)).GetIdentity().GetSchemaId()
	for _, c := range []client{anonymous(), f.open(), withToken(a.Token), withToken("unknown")} {
		got := must(f, c, adapters.Adapter.GetSchema, &kratosgrpcv1.GetSchemaRequest{Id: id}).GetSchema()
		if !bytes.Equal(got, f.upstream.Schema) {
			f.Errorf("got the schema %s\nwant %s", got, f.upstream.Schema)
		}
	}
}

func schemaIsUnknown(f *fixture) {
	for _, id := range slices.Concat(oddIDs, []string{
		unknownID, "../sessions/whoami", "..%2fsessions%2fwhoami", "a/b", "a?b", "a#b", "default/", "default/.", "default/..", "./default", "default?", "\\default",
	}) {
		e := refusalOf(f, anonymous(), adapters.Adapter.GetSchema, &kratosgrpcv1.GetSchemaRequest{Id: id}, kratosgrpcv1.ErrorReason_ERROR_REASON_NOT_FOUND)
		if e.Reason != kratosgrpcv1.ErrorReason_ERROR_REASON_NOT_FOUND {
			f.Errorf("id %q", id)
		}
	}
}

func errorIsServed(f *fixture) {
	for _, c := range []client{anonymous(), f.open()} {
		shown := must(f, c, adapters.Adapter.GetError, &kratosgrpcv1.GetErrorRequest{Error: "stub:500"}).GetError()
		if shown.GetId() == "" || len(shown.GetErrors()) != 1 || shown.GetErrors()[0].GetCode() != 500 || shown.GetErrors()[0].GetMessage() == "" {
			f.Errorf("want the example of an error 500, got %s", text(shown))
		}
	}
}

func errorIsUnknown(f *fixture) {
	for _, id := range append(slices.Clone(oddIDs), unknownID, "stub:404") {
		refused(f, anonymous(), adapters.Adapter.GetError, &kratosgrpcv1.GetErrorRequest{Error: id}, f.harness.Differences.UnknownError)
	}
}

func kratosIsReady(f *fixture) {
	if err := f.adapter.Ready(f.Context()); err != nil {
		f.Errorf("Kratos is said not to be ready: %v", err)
	}
}
