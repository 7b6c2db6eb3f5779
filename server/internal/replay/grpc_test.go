package replay

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratosjson"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosreplay"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// operation is an RPC and how HTTP says it.
type operation struct {
	rpc  protoreflect.MethodDescriptor
	rule *annotations.HttpRule
	// path are the parameters that stand in the path.
	path map[string]string
}

// operationOf finds the RPC that a recorded request is for.
func operationOf(t *testing.T, method, path string, hasBody bool) operation {
	t.Helper()
	if method == http.MethodDelete && path == "/sessions" && !hasBody {
		// The contract's own path for it: see SessionService.RevokeSession.
		path = "/sessions/others"
	}
	var found []operation
	protoregistry.GlobalFiles.RangeFilesByPackage("kratosgrpc.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				rule, _ := proto.GetExtension(methods.Get(j).Options(), annotations.E_Http).(*annotations.HttpRule)
				for _, binding := range append(rule.GetAdditionalBindings(), rule) {
					if parameters, ok := matches(binding, method, path); ok {
						found = append(found, operation{methods.Get(j), rule, parameters})
					}
				}
			}
		}
		return true
	})
	// A path without parameters is more specific than one with.
	slices.SortFunc(found, func(a, b operation) int { return len(a.path) - len(b.path) })
	if len(found) == 0 {
		t.Fatalf("no RPC is for %s %s", method, path)
	}
	return found[0]
}

// matches compares a request's path with a rule's, and returns the parameters that stand in it.
func matches(rule *annotations.HttpRule, method, path string) (parameters map[string]string, ok bool) {
	var template string
	switch method {
	case http.MethodGet:
		template = rule.GetGet()
	case http.MethodPost:
		template = rule.GetPost()
	case http.MethodDelete:
		template = rule.GetDelete()
	}
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if template == "" || len(want) != len(got) {
		return nil, false
	}
	parameters = map[string]string{}
	for i := range want {
		if name, ok := strings.CutPrefix(want[i], "{"); ok {
			parameters[strings.TrimSuffix(name, "}")] = got[i]
		} else if want[i] != got[i] {
			return nil, false
		}
	}
	return parameters, true
}

// askGRPC makes the call that says the same as a recorded request.
func askGRPC(t *testing.T, s *facade, e kratosreplay.Exchange) answer {
	t.Helper()
	method, target, err := e.Request.Target()
	if err != nil {
		t.Fatal(err)
	}
	op := operationOf(t, method, target.Path, len(e.Request.Bytes()) > 0)
	req, res := newMessage(t, op.rpc.Input()), newMessage(t, op.rpc.Output())
	op.fill(t, req, target.Query(), e.Request.Bytes())

	ctx := metadata.NewOutgoingContext(t.Context(), metadataOf(e.Request.Header.HTTP()))
	name := "/" + string(op.rpc.Parent().FullName()) + "/" + string(op.rpc.Name())
	var header, trailer metadata.MD
	err = s.conn.Invoke(ctx, name, req, res, grpc.Header(&header), grpc.Trailer(&trailer))

	a := answer{header: http.Header{}}
	for _, key := range []string{"set-cookie", "x-kratos-authenticated-identity-id"} {
		for _, value := range slices.Concat(header.Get(key), trailer.Get(key)) {
			a.header.Add(key, value)
		}
	}
	if err != nil {
		a.readStatus(t, status.Convert(err))
	} else {
		a.read(t, op, res.ProtoReflect())
	}
	return a
}

func newMessage(t *testing.T, d protoreflect.MessageDescriptor) proto.Message {
	t.Helper()
	kind, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		t.Fatal(err)
	}
	return kind.New().Interface()
}

// metadataOf is a request's header in gRPC's terms.
func metadataOf(header http.Header) metadata.MD {
	md := metadata.MD{}
	for name, values := range header {
		if name != "Content-Type" {
			md.Append(name, values...)
		}
	}
	return md
}

// fill writes what a request says into an RPC's request message.
func (op operation) fill(t *testing.T, m proto.Message, query url.Values, body []byte) {
	t.Helper()
	r := m.ProtoReflect()
	for name, value := range op.path {
		setField(t, r, name, value)
	}
	for name, values := range query {
		switch {
		case op.rpc.Name() == "GetError" && name == "id":
			name = "error"
		case name == "request" && r.Descriptor().Fields().ByName("flow") != nil:
			name = "flow"
		case name == "request":
			name = "id"
		}
		setField(t, r, name, values[0])
	}
	if len(body) == 0 {
		return
	}
	if name := op.rule.GetBody(); name != "*" {
		m = r.Mutable(r.Descriptor().Fields().ByName(protoreflect.Name(name))).Message().Interface()
	}
	filled := m.ProtoReflect().New().Interface()
	if payload, ok := filled.(*kratosgrpcv1.SettingsProfilePayload); ok {
		fillForm(t, payload, body)
	} else if err := protojson.Unmarshal(body, filled); err != nil {
		t.Fatal(err)
	}
	proto.Merge(m, filled)
}

// fillForm writes the form of a profile into a message.
func fillForm(t *testing.T, payload *kratosgrpcv1.SettingsProfilePayload, body []byte) {
	t.Helper()
	form, err := url.ParseQuery(string(body))
	if err != nil {
		t.Fatal(err)
	}
	payload.CsrfToken = form.Get("csrf_token")
	payload.Traits = &structpb.Struct{Fields: map[string]*structpb.Value{}}
	for key, values := range form {
		name, ok := strings.CutPrefix(key, "traits.")
		if !ok {
			continue
		}
		value := structpb.NewStringValue(values[0])
		if len(values) > 1 {
			list := new(structpb.ListValue)
			for _, each := range values {
				list.Values = append(list.Values, structpb.NewStringValue(each))
			}
			value = structpb.NewListValue(list)
		}
		payload.Traits.Fields[name] = value
	}
}

func setField(t *testing.T, r protoreflect.Message, name, value string) {
	t.Helper()
	field := r.Descriptor().Fields().ByName(protoreflect.Name(name))
	if field == nil {
		t.Fatalf("%s has no field %s", r.Descriptor().Name(), name)
	}
	if field.Kind() == protoreflect.BoolKind {
		r.Set(field, protoreflect.ValueOfBool(value == "true"))
		return
	}
	r.Set(field, protoreflect.ValueOfString(value))
}

// readStatus reads what the details of an error say of Kratos's answer.
func (a *answer) readStatus(t *testing.T, st *status.Status) {
	t.Helper()
	var infos int
	for _, detail := range st.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			infos++
			a.status, _ = strconv.Atoi(detail.GetMetadata()["upstream_http_status"])
			if a.status == http.StatusFound {
				a.location = detail.GetMetadata()["redirect_to"]
			}
		case *kratosgrpcv1.UpstreamError:
			a.body = marshal(t, &kratosgrpcv1.ErrorBody{Error: detail, Extra: detail.GetBeside()})
		default:
			t.Errorf("there is a detail %v", detail)
		}
	}
	if infos != 1 {
		t.Errorf("there are %d ErrorInfos in %v", infos, st)
	}
}

// read reads a response.
func (a *answer) read(t *testing.T, op operation, res protoreflect.Message) {
	t.Helper()
	fields := res.Descriptor().Fields()
	if total := fields.ByName("total_size"); total != nil {
		a.header.Set("X-Total-Count", res.Get(total).String())
	}
	if fields.Len() == 0 {
		a.status = http.StatusNoContent
		return
	}
	a.status = http.StatusOK
	if schema, ok := res.Interface().(*kratosgrpcv1.GetSchemaResponse); ok {
		a.body = schema.GetSchema()
		return
	}
	if to, ok := res.Interface().(interface {
		GetRedirect() *kratosgrpcv1.Redirect
	}); ok && to.GetRedirect() != nil {
		a.status, a.location = http.StatusSeeOther, to.GetRedirect().GetLocation()
		return
	}
	if outcome := res.Descriptor().Oneofs().ByName("outcome"); outcome != nil {
		chosen := res.WhichOneof(outcome)
		if chosen == nil {
			t.Fatalf("%s has no outcome", res.Descriptor().Name())
		}
		if chosen.Name() == "flow" {
			a.status = http.StatusBadRequest
		}
		res = res.Get(chosen).Message()
		if flow := res.Descriptor().Fields().ByName("flow"); flow != nil {
			// What Kratos answers to a form that leads to no session is the flow.
			res = res.Get(flow).Message()
		}
		a.body = marshal(t, res.Interface())
		return
	}
	if name := op.rule.GetResponseBody(); name != "" {
		field := fields.ByName(protoreflect.Name(name))
		if field.IsList() {
			a.body = marshalList(t, res.Get(field).List())
			return
		}
		res = res.Get(field).Message()
	} else if flow := fields.ByName("flow"); flow != nil {
		res = res.Get(flow).Message()
	}
	a.body = marshal(t, res.Interface())
}

func marshal(t *testing.T, m proto.Message) []byte {
	t.Helper()
	data, err := kratosjson.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func marshalList(t *testing.T, list protoreflect.List) []byte {
	t.Helper()
	items := make([][]byte, list.Len())
	for i := range items {
		items[i] = marshal(t, list.Get(i).Message().Interface())
	}
	return slices.Concat([]byte("["), bytes.Join(items, []byte(",")), []byte("]"))
}
