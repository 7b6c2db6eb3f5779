package adaptertest

import (
	"net/url"

	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// flow is what all kinds of flows have in common.
type flow interface {
	proto.Message
	GetId() string
	GetType() string
	GetRequestUrl() string
	GetMessages() []*kratosgrpcv1.Message
	GetMethods() map[string]*kratosgrpcv1.FlowMethod
}

// outcome is what came of a form: which of the three it was, and that.
type outcome struct {
	name    string
	message proto.Message
}

// outcomeOf reads the oneof that all completions answer.
func outcomeOf(f *fixture, res proto.Message) outcome {
	f.Helper()
	m := res.ProtoReflect()
	field := m.WhichOneof(m.Descriptor().Oneofs().ByName("outcome"))
	if field == nil {
		f.Fatalf("%s has no outcome", m.Descriptor().Name())
	}
	return outcome{string(field.Name()), m.Get(field).Message().Interface()}
}

// flow is the flow of an outcome that has to be one: the form needs other input, and its messages say so.
func (o outcome) flow(f *fixture) flow {
	f.Helper()
	again, ok := o.message.(flow)
	if !ok || o.name != "flow" {
		f.Fatalf("the outcome is %s, want the flow: %s", o.name, text(o.message))
	}
	if len(messages(again)) == 0 {
		f.Errorf("the flow does not say what is wrong: %s", text(again))
	}
	return again
}

func (o outcome) redirect(f *fixture) *kratosgrpcv1.Redirect {
	f.Helper()
	to, ok := o.message.(*kratosgrpcv1.Redirect)
	if !ok {
		f.Fatalf("the outcome is %s, want a redirect: %s", o.name, text(o.message))
	}
	checkRedirect(f, to)
	return to
}

// success checks that the outcome is a success.
func (o outcome) success(f *fixture) {
	f.Helper()
	if o.name != "success" {
		f.Fatalf("the outcome is %s, want a success: %s", o.name, text(o.message))
	}
}

// checkRedirect checks that a redirect says of its location what stands in it.
func checkRedirect(f *fixture, to *kratosgrpcv1.Redirect) *kratosgrpcv1.Redirect {
	f.Helper()
	location, err := url.Parse(to.GetLocation())
	if err != nil || !location.IsAbs() {
		f.Fatalf("the location is no absolute URL: %q", to.GetLocation())
	}
	if query := location.Query(); to.GetFlowId() != query.Get("flow") || to.GetErrorId() != query.Get("error") && to.GetErrorId() != query.Get("id") {
		f.Errorf("the redirect's ids are not those of its location: %s", text(to))
	}
	return to
}

// leadsTo is the flow that a redirect leads to.
func leadsTo(f *fixture, to *kratosgrpcv1.Redirect) string {
	f.Helper()
	if checkRedirect(f, to).GetFlowId() == "" {
		f.Fatalf("leads to no flow: %s", text(to))
	}
	return to.GetFlowId()
}

// leadsToError checks that a redirect leads to the error UI, and that there is something to show.
func leadsToError(f *fixture, b *browser, to *kratosgrpcv1.Redirect) {
	f.Helper()
	if checkRedirect(f, to).GetErrorId() == "" {
		f.Fatalf("leads to no error: %s", text(to))
	}
	shown := must(f, b, adapters.Adapter.GetError, &kratosgrpcv1.GetErrorRequest{Error: to.GetErrorId()}).GetError()
	if shown.GetId() != to.GetErrorId() || len(shown.GetErrors()) == 0 || shown.GetErrors()[0].GetCode() == 0 {
		f.Errorf("the error says nothing: %s", text(shown))
	}
}

// messages are all messages of a flow, wherever they stand.
func messages(fl flow) []*kratosgrpcv1.Message {
	all := fl.GetMessages()
	for _, method := range fl.GetMethods() {
		all = append(all, method.GetConfig().GetMessages()...)
		for _, field := range method.GetConfig().GetFields() {
			all = append(all, field.GetMessages()...)
		}
	}
	return all
}

// fieldOf finds an input of a method's form, or returns nil.
func fieldOf(fl flow, method, name string) *kratosgrpcv1.FormField {
	for _, field := range fl.GetMethods()[method].GetConfig().GetFields() {
		if field.GetName() == name {
			return field
		}
	}
	return nil
}
