package kratosv1_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv1"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// TestQuery: what a request says goes upstream under the name that Kratos has for it, which is the contract's, and nothing
// goes that was not said. Not all of it shows in what a real Kratos answers: some concerns others than it, such as an OAuth2
// server.
func TestQuery(t *testing.T) {
	t.Parallel()
	var asked url.Values
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Query()
		w.WriteHeader(http.StatusBadRequest)
	}))
	t.Cleanup(server.Close)
	adapter, err := kratosv1.New(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range []proto.Message{
		new(kratosgrpcv1.InitializeLoginViaApiFlowRequest),
		new(kratosgrpcv1.InitializeLoginViaBrowserFlowRequest),
		new(kratosgrpcv1.InitializeRegistrationViaApiFlowRequest),
		new(kratosgrpcv1.InitializeRegistrationViaBrowserFlowRequest),
		new(kratosgrpcv1.InitializeSettingsViaApiFlowRequest),
		new(kratosgrpcv1.InitializeSettingsViaBrowserFlowRequest),
		new(kratosgrpcv1.InitializeRecoveryViaApiFlowRequest),
		new(kratosgrpcv1.InitializeRecoveryViaBrowserFlowRequest),
		new(kratosgrpcv1.InitializeVerificationViaApiFlowRequest),
		new(kratosgrpcv1.InitializeVerificationViaBrowserFlowRequest),
		new(kratosgrpcv1.InitializeBrowserLogoutFlowRequest),
		new(kratosgrpcv1.CreateBrowserLogoutFlowRequest),
		new(kratosgrpcv1.UpdateLogoutFlowRequest),
		new(kratosgrpcv1.WhoamiRequest),
		new(kratosgrpcv1.ExchangeSessionTokenRequest),
	} {
		rpc := strings.TrimSuffix(string(request.ProtoReflect().Descriptor().Name()), "Request")
		asked = nil
		call(t.Context(), adapter, rpc, request)
		if len(asked) != 0 {
			t.Errorf("%s asks Kratos with %v, want nothing", rpc, asked)
		}
		want := fillIn(request.ProtoReflect())
		call(t.Context(), adapter, rpc, request)
		if asked.Encode() != want.Encode() {
			t.Errorf("%s asks Kratos with %v, want %v", rpc, asked, want)
		}
	}
}

// fillIn says something in every field, and returns the query that this is.
func fillIn(m protoreflect.Message) url.Values {
	query := url.Values{}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		name := string(field.Name())
		switch field.Kind() {
		case protoreflect.StringKind:
			m.Set(field, protoreflect.ValueOfString("a&b="+name))
			query.Set(name, "a&b="+name)
		case protoreflect.BoolKind:
			m.Set(field, protoreflect.ValueOfBool(true))
			query.Set(name, "true")
		default:
			// How stale an answer may be is the server's matter.
		}
	}
	return query
}

func call(ctx context.Context, adapter adapters.Adapter, rpc string, request proto.Message) {
	reflect.ValueOf(adapter).MethodByName(rpc).Call([]reflect.Value{
		reflect.ValueOf(ctx), reflect.ValueOf(new(adapters.Exchange)), reflect.ValueOf(request),
	})
}
