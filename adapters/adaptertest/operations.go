package adaptertest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/kratosgrpc/kratosgrpc/adapters"
)

// anyOperation is one of the adapter's methods, for what is the same for all of them.
type anyOperation struct {
	name    string
	request proto.Message
}

// operations are all operations of the contract, with requests that have every field filled in; but a link is either sent
// or opened, and so these are there twice.
func operations(t *testing.T) []anyOperation {
	t.Helper()
	exchange := reflect.TypeFor[*adapters.Exchange]()
	var all []anyOperation
	for method := range reflect.TypeFor[adapters.Adapter]().Methods() {
		if method.Type.NumIn() != 3 || method.Type.In(1) != exchange {
			continue
		}
		req, ok := reflect.TypeAssert[proto.Message](reflect.New(method.Type.In(2).Elem()))
		if !ok {
			t.Fatalf("%s takes a %v, want a message", method.Name, method.Type.In(2))
		}
		fillIn(req.ProtoReflect())
		all = append(all, anyOperation{method.Name, req})
		if token := req.ProtoReflect().Descriptor().Fields().ByName("token"); token != nil {
			other := proto.Clone(req)
			other.ProtoReflect().Clear(token)
			all = append(all, anyOperation{method.Name, other})
		}
	}
	if len(all) < 41 {
		t.Fatalf("found %d operations, want all", len(all))
	}
	return all
}

// supported are those that the generation has.
func supported(t *testing.T, h *Harness) []anyOperation {
	t.Helper()
	return slices.DeleteFunc(operations(t), func(o anyOperation) bool { return !h.has(o.name) })
}

// isLater tells whether a field of a request means something to Kratos 1.x only.
func isLater(field protoreflect.FieldDescriptor) bool {
	switch field.Name() {
	case "aal", "via", "organization", "login_challenge", "after_verification_return_to", "return_session_token_exchange_code", "tokenize_as":
		return true
	case "return_to":
		return strings.HasSuffix(string(field.Parent().Name()), "ViaApiFlowRequest")
	}
	return false
}

func fillIn(m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		switch field := fields.Get(i); {
		case isLater(field):
		case field.IsMap():
			// Traits: none is needed.
		case field.Kind() == protoreflect.StringKind:
			m.Set(field, protoreflect.ValueOfString(unknownID))
		case field.Message() != nil:
			fillIn(m.Mutable(field).Message())
		}
	}
}

// do makes the call. It checks what holds for every error.
func (o anyOperation) do(ctx context.Context, t *testing.T, adapter adapters.Adapter, x *adapters.Exchange) error {
	t.Helper()
	results := reflect.ValueOf(adapter).MethodByName(o.name).Call([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(x), reflect.ValueOf(proto.Clone(o.request))})
	if results[1].IsNil() {
		return nil
	}
	err, _ := reflect.TypeAssert[error](results[1])
	if !results[0].IsNil() {
		t.Errorf("%s answers beside its error: %v", o.name, err)
	}
	if !errors.Is(err, errors.ErrUnsupported) {
		checkError(t, o.name, err, secretsOfCaller(x.Caller))
	}
	return err
}

// supportIsWhatItIsSaidToBe: what a generation does not have is an error of its own kind, and nothing else is.
func supportIsWhatItIsSaidToBe(f *fixture) {
	for _, o := range operations(f.T) {
		err := o.do(f.Context(), f.T, f.adapter, new(adapters.Exchange))
		if is, want := errors.Is(err, errors.ErrUnsupported), !f.harness.has(o.name); is != want {
			f.Errorf("%s: unsupported %t, want %t: %v", o.name, is, want, err)
		}
	}
}

// laterFieldsAreNotIgnored: a request for what only Kratos 1.x can do must not pass for one for less.
func laterFieldsAreNotIgnored(f *fixture) {
	for _, o := range operations(f.T) {
		fields := o.request.ProtoReflect().Descriptor().Fields()
		for i := range fields.Len() {
			field := fields.Get(i)
			if !isLater(field) || !f.harness.has(o.name) {
				continue
			}
			asked := anyOperation{o.name, proto.Clone(o.request)}
			value := protoreflect.ValueOfString("aal2")
			if field.Kind() == protoreflect.BoolKind {
				value = protoreflect.ValueOfBool(true)
			}
			asked.request.ProtoReflect().Set(field, value)
			err := asked.do(f.Context(), f.T, f.adapter, new(adapters.Exchange))
			if is, want := errors.Is(err, errors.ErrUnsupported), f.harness.API != adapters.V1; is != want {
				f.Errorf("%s with %s: unsupported %t, want %t: %v", o.name, field.Name(), is, want, err)
			}
		}
	}
}
