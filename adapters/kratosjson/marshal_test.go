package kratosjson_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

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
