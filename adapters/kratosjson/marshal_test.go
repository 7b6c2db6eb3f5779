package kratosjson_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratosjson"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// TestNothingIsLost: what Kratos says comes out as it went in, the fields of later releases included.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		message proto.Message
		// out is what comes out, if that is something else.
		in, out string
	}{
		{name: "session", message: new(kratosgrpcv1.Session), in: `{"id":"a","active":false,"expires_at":"2026-11-23T05:39:47.1Z","identity":{"id":"b","traits":{"n":1.5,"l":[null,{}]},"metadata_public":[1],"new":{"a":null}},"devices":[{"id":"d","location":"","os":"x"}]}`},
		{name: "null and absent are the same", message: new(kratosgrpcv1.Session), in: `{"id":"a","identity":null,"devices":null,"organization":null}`, out: `{"id":"a","organization":null}`},
		{
			name: "node", message: new(kratosgrpcv1.UiNode),
			in: `{"type":"input","group":"password","attributes":{"node_type":"input","name":"x","type":"text","value":0,"required":false,"disabled":true,"maxlength":6,"onclickTrigger":"f","onloadTrigger":"g","options":[{"label":"l"}],"invented":[1]},"messages":[],"meta":{"label":{"id":1,"text":"","type":"info","new":true}},"new":1}`,
		},
		{
			name: "node of an unknown type", message: new(kratosgrpcv1.UiNode),
			in: `{"type":"map","group":"new","attributes":{"node_type":"map","text":"no message","width":"wide","src":{"a":1},"name":7,"options":{}},"messages":[],"meta":{}}`,
		},
		{name: "what Kratos never leaves out", message: new(kratosgrpcv1.Ui), in: `{"nodes":[{}]}`, out: `{"action":"","method":"","nodes":[{"messages":[]}]}`},
		{name: "nodes that are null", message: new(kratosgrpcv1.Ui), in: `{"action":"a","method":"POST","nodes":null}`, out: `{"action":"a","method":"POST","nodes":[]}`},
		{name: "methods", message: new(kratosgrpcv1.LoginFlow), in: `{"id":"a","methods":{"a":{"method":"a","config":{"fields":[{"name":"b","value":false,"errors":[]}]}},"b":{}},"forced":false}`},
		{name: "a field that is called as ours", message: new(kratosgrpcv1.Session), in: `{"id":"a","extra":{"id":"b"}}`},
		{name: "error", message: new(kratosgrpcv1.UpstreamError), in: `{"code":404,"reason":"r","debug":"secret","new":1,"beside":2}`, out: `{"code":404,"reason":"r","beside":2,"new":1}`},
		{name: "a key may be empty", message: new(kratosgrpcv1.Session), in: `{"id":"a","":1}`},
		{name: "none", message: new(kratosgrpcv1.DisableMyOtherSessionsResponse), in: `{"count":0}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.out == "" {
				c.out = c.in
			}
			if err := kratosjson.Unmarshal([]byte(c.in), c.message); err != nil {
				t.Fatal(err)
			}
			got, err := kratosjson.Marshal(c.message)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(parse(t, c.out), parse(t, string(got))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if again, err := kratosjson.Marshal(c.message); err != nil || string(again) != string(got) {
				t.Errorf("once it is written %s, and once %s (%v)", got, again, err)
			}
		})
	}
}

// TestEveryMessage fills in each message that has a place for what Kratos says besides, and reads what was written.
func TestEveryMessage(t *testing.T) {
	t.Parallel()
	tried := 0
	protoregistry.GlobalTypes.RangeMessages(func(kind protoreflect.MessageType) bool {
		if kind.Descriptor().ParentFile().Package() != "kratosgrpc.v1" || kind.Descriptor().Fields().ByName("extra") == nil {
			return true
		}
		tried++
		m := kind.New()
		fill(m, 0)
		data, err := kratosjson.Marshal(m.Interface())
		if err != nil {
			t.Errorf("%s: %v", kind.Descriptor().Name(), err)
			return true
		}
		back := kind.New()
		if err := kratosjson.Unmarshal(data, back.Interface()); err != nil || !proto.Equal(back.Interface(), m.Interface()) {
			t.Errorf("%v, written as %s, is read as %v (%v)", m, data, back, err)
		}
		if again, err := kratosjson.Marshal(back.Interface()); err != nil || string(again) != string(data) {
			t.Errorf("%s is written again as %s (%v)", data, again, err)
		}
		return true
	})
	if tried < 15 {
		t.Errorf("there are only %d messages", tried)
	}
}

// fill sets all fields of a message, some levels deep.
func fill(m protoreflect.Message, depth int) {
	switch m := m.Interface().(type) {
	case *timestamppb.Timestamp:
		m.Seconds, m.Nanos = 1606812158, 670742000
		return
	case *structpb.Struct:
		m.Fields = map[string]*structpb.Value{"of_later": structpb.NewNullValue(), "": structpb.NewNumberValue(-1.5), "<&\u2028": structpb.NewListValue(&structpb.ListValue{})}
		return
	case *structpb.ListValue:
		m.Values = []*structpb.Value{structpb.NewBoolValue(false), structpb.NewStringValue("")}
		return
	case *structpb.Value:
		m.Kind = structpb.NewStringValue("").GetKind()
		return
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		switch {
		case field.Name() == "beside" || field.Kind() == protoreflect.BytesKind:
			// Not part of the message's own JSON, and to be read by its reader.
		case field.Message() != nil && !field.IsMap() && field.Name() != "extra" && depth > 4:
		case field.IsMap():
			value := m.Mutable(field).Map().NewValue()
			fill(value.Message(), depth+1)
			m.Mutable(field).Map().Set(protoreflect.ValueOfString("password").MapKey(), value)
		case field.IsList() && field.Message() != nil:
			fill(m.Mutable(field).List().AppendMutable().Message(), depth+1)
		case field.IsList():
			m.Mutable(field).List().Append(scalar(field))
		case field.Message() != nil:
			fill(m.Mutable(field).Message(), depth+1)
		default:
			m.Set(field, scalar(field))
		}
	}
}

func scalar(field protoreflect.FieldDescriptor) protoreflect.Value {
	switch field.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(string(field.Name()) + " <&\"\u2028ünï")
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(-4000006)
	default:
		return field.Default()
	}
}

// TestMarshalKeepsDebug: what somebody has put where it is not read does not come out.
func TestMarshalKeepsDebug(t *testing.T) {
	t.Parallel()
	got, err := kratosjson.Marshal(&kratosgrpcv1.UpstreamError{Code: 500, Extra: &structpb.Struct{Fields: map[string]*structpb.Value{
		"debug": structpb.NewStringValue("secret"), "new": structpb.NewBoolValue(true),
	}}})
	if want := `{"code":500,"new":true}`; err != nil || string(got) != want {
		t.Errorf("got %s (%v), want %s", got, err, want)
	}
}

func parse(t *testing.T, data string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(data), &value); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return value
}

// TestMismatch: what is half understood is not understood.
func TestMismatch(t *testing.T) {
	t.Parallel()
	for _, data := range []string{
		``, `7`, `[]`, `null`, `"a"`, `{"id":7}`, `{"active":"true"}`, `{"identity":[]}`, `{"devices":{}}`, `{"devices":[null]}`, `{"expires_at":"soon"}`, `{"expires_at":1}`,
		`{"identity":{"traits":[]}}`, `{"identity":{"schema_url":1}}`, `{"id":"a"} {}`, `{"id":"a"`, `{"new":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`,
		`{"identity":{"metadata_public":` + strings.Repeat(`{"a":`, 200) + `1` + strings.Repeat("}", 200) + `}}`,
	} {
		if m := new(kratosgrpcv1.Session); kratosjson.Unmarshal([]byte(data), m) == nil {
			t.Errorf("%.100s is read as %v", data, m)
		}
	}
	for _, data := range []string{`{"id":1.5}`, `{"id":3e9}`, `{"id":"1"}`} {
		if m := new(kratosgrpcv1.Message); kratosjson.Unmarshal([]byte(data), m) == nil {
			t.Errorf("%s is read as %v", data, m)
		}
	}
}

func TestMarshalList(t *testing.T) {
	t.Parallel()
	got, err := kratosjson.MarshalList([]*kratosgrpcv1.IdentitySchema{{Id: "a", Schema: []byte(`{"z":1,"a":2}`)}, {Id: "b", Schema: []byte(`{}`)}})
	if want := `[{"id":"a","schema":{"z":1,"a":2}},{"id":"b","schema":{}}]`; err != nil || string(got) != want {
		t.Errorf("got %s (%v), want %s", got, err, want)
	}
	if got, err := kratosjson.MarshalList[*kratosgrpcv1.Session](nil); err != nil || string(got) != "[]" {
		t.Errorf("an empty list is %s (%v)", got, err)
	}
}
