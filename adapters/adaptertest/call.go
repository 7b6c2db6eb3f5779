package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// operation is a method of an adapter, as in adapters.Adapter.Whoami.
type operation[Req, Res proto.Message] = func(adapters.Adapter, context.Context, *adapters.Exchange, Req) (Res, error)

// fixture is what a case has at hand.
type fixture struct {
	*testing.T
	harness  *Harness
	upstream *Upstream
	adapter  adapters.Adapter
}

// call makes a call, checks what holds for every call, and skips the case if the generation has no such operation.
func call[Req, Res proto.Message](ctx context.Context, f *fixture, c client, op operation[Req, Res], req Req) (Res, error) {
	f.Helper()
	name := rpcOf(req)
	if !f.harness.has(name) {
		f.Skipf("this generation has no %s", name)
	}
	x := c.exchange()
	sent, caller := proto.Clone(req), x.Caller
	caller.Cookies = slices.Clone(caller.Cookies)

	res, err := op(f.adapter, ctx, x, req)

	if !proto.Equal(req, sent) {
		f.Errorf("%s changed its request", name)
	}
	if !reflect.DeepEqual(x.Caller, caller) {
		f.Errorf("%s changed the caller's half of the exchange", name)
	}
	if x.Caller.Credential.IsToken() && len(x.Answer.SetCookies) > 0 {
		f.Errorf("%s: a caller that authenticates by a token gets cookies", name)
	}
	if err != nil {
		checkError(f.T, name, err, append(secretsOf(req.ProtoReflect()), secretsOfCaller(caller)...))
	}
	if answered := res.ProtoReflect().IsValid(); answered == (err != nil) {
		f.Errorf("%s: answered %t, error %v: want one of the two", name, answered, err)
	}
	c.keep(x.Answer)
	return res, err
}

// must makes a call that has to succeed.
func must[Req, Res proto.Message](f *fixture, c client, op operation[Req, Res], req Req) Res {
	f.Helper()
	res, err := call(f.Context(), f, c, op, req)
	if err != nil {
		f.Fatalf("%s: %s", rpcOf(req), describe(err))
	}
	return res
}

// refused makes a call that has to fail, for one of the reasons.
func refused[Req, Res proto.Message](f *fixture, c client, op operation[Req, Res], req Req, reasons ...kratosgrpcv1.ErrorReason) {
	f.Helper()
	_ = refusalOf(f, c, op, req, reasons...)
}

// refusalOf is refused, and returns the error.
func refusalOf[Req, Res proto.Message](f *fixture, c client, op operation[Req, Res], req Req, reasons ...kratosgrpcv1.ErrorReason) *adapters.Error {
	f.Helper()
	res, err := call(f.Context(), f, c, op, req)
	if err == nil {
		f.Fatalf("%s: want %v, got the answer %s", rpcOf(req), reasons, text(res))
	}
	wantReason(f.T, rpcOf(req), err, reasons...)
	e, ok := errors.AsType[*adapters.Error](err)
	if !ok {
		f.FailNow()
	}
	return e
}

func wantReason(t *testing.T, name string, err error, reasons ...kratosgrpcv1.ErrorReason) {
	t.Helper()
	if e, ok := errors.AsType[*adapters.Error](err); !ok || !slices.Contains(reasons, e.Reason) {
		t.Errorf("%s: want %v, got %s", name, reasons, describe(err))
	}
}

// checkError checks what holds for every error.
func checkError(t *testing.T, name string, err error, secrets []string) {
	t.Helper()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%s is not supported, but not named among the operations that are not", name)
		return
	}
	e, ok := errors.AsType[*adapters.Error](err)
	if !ok {
		t.Errorf("%s: the error is a %T, want an *adapters.Error: %v", name, err, err)
		return
	}
	if e.Reason == kratosgrpcv1.ErrorReason_ERROR_REASON_UNSPECIFIED || e.Message == "" {
		t.Errorf("%s: the error has no reason or no message: %s", name, describe(err))
	}
	if e.Reason == kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION && e.HTTPStatus == 0 {
		t.Errorf("%s says that there is no session, although Kratos has said nothing: %s", name, describe(err))
	}
	for _, secret := range secrets {
		if said := describe(err); strings.Contains(said, secret) {
			t.Errorf("%s: the error holds the secret %q: %s", name, secret, said)
		}
	}
}

// describe is everything that an error says.
func describe(err error) string {
	e, ok := errors.AsType[*adapters.Error](err)
	if !ok {
		return fmt.Sprint(err)
	}
	return fmt.Sprintf("%v (status %d, replacement %q, redirect %q, upstream %s, %+v)", e, e.HTTPStatus, e.ReplacementFlowID, e.RedirectTo, text(e.Upstream), *e)
}

func text(m proto.Message) string {
	if !m.ProtoReflect().IsValid() {
		return "none"
	}
	return protojson.Format(m)
}

// secretsOf are the values of the fields that the contract marks as secrets. Short ones are left out: they turn up by
// chance.
func secretsOf(m protoreflect.Message) []string {
	var secrets []string
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		options, _ := field.Options().(*descriptorpb.FieldOptions)
		switch {
		case field.Kind() == protoreflect.StringKind && options.GetDebugRedact():
			if s := value.String(); len(s) >= 8 {
				secrets = append(secrets, s)
			}
		case field.Message() != nil && !field.IsList() && !field.IsMap():
			secrets = append(secrets, secretsOf(value.Message())...)
		}
		return true
	})
	return secrets
}

func secretsOfCaller(c adapters.Caller) []string {
	var secrets []string
	for _, s := range append(slices.Clone(c.Cookies), c.Credential.Token) {
		if _, value, ok := strings.Cut(s, "="); ok {
			s = value
		}
		if len(s) >= 8 {
			secrets = append(secrets, s)
		}
	}
	return secrets
}

// rpcOf is the name of the RPC that a message is the request of.
func rpcOf(req proto.Message) string {
	return strings.TrimSuffix(string(req.ProtoReflect().Descriptor().Name()), "Request")
}

// caseName is the name of the function that a case is, for example "loginWithWrongPassword".
func caseName(c func(*fixture)) string {
	name := runtime.FuncForPC(reflect.ValueOf(c).Pointer()).Name()
	return name[strings.LastIndexByte(name, '.')+1:]
}

// replacementIn is the flow that an error says was started in place of the one that has expired.
func replacementIn(err error) string {
	e, ok := errors.AsType[*adapters.Error](err)
	if !ok {
		return ""
	}
	return e.ReplacementFlowID
}
