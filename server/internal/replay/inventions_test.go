package replay

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratosreplay"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// invention adds to answers what no Kratos has said so far. Where it is added follows from the answer, not from what this
// contract knows of it.
type invention struct {
	name string
	// add changes an object of the answer, of which at is the key that it stands at, or the one of the list that it is in;
	// empty for the answer itself.
	add func(at string, object map[string]any)
}

var inventions = []invention{
	{"unknown fields", addFields},
	{"unknown values", addValues},
	{"unknown elements", addElements},
}

// invented is a field's value of each type that JSON has, null in a list among them: there it counts.
func invented() map[string]any {
	return map[string]any{
		"x_text":      "invented \u2028 <&> \"\\",
		"x_empty":     "",
		"x_number":    -1.5e-7,
		"x_integer":   9007199254740991.0,
		"x_zero":      0.0,
		"x_true":      true,
		"x_false":     false,
		"x_list":      []any{1.0, "two", nil, []any{}, map[string]any{"three": []any{3.0}}},
		"x_object":    map[string]any{"x_inner": map[string]any{"x_text": "", "x_object": map[string]any{}}},
		"x odd/\"key": "",
		"":            "a key may be empty",
		// By these names this contract keeps what it has no field for.
		"extra":  map[string]any{"extra": true},
		"beside": "invented",
	}
}

// addFields adds fields that are not there yet, and to an error what Kratos says for developers.
func addFields(at string, object map[string]any) {
	if at == "error" {
		object["debug"] = "goroutine 1 [running]"
	}
	for name, value := range invented() {
		if _, ok := object[name]; !ok {
			object[name] = value
		}
	}
}

// vocabularies are the fields whose values are words of Kratos's.
var vocabularies = []string{
	"aal", "action", "active", "authenticator_assurance_level", "group", "method", "node_type", "requested_aal", "state", "status", "type", "via",
}

// addValues replaces each word by another one.
func addValues(at string, object map[string]any) {
	for name, value := range object {
		if word, ok := value.(string); ok && slices.Contains(vocabularies, name) && !strings.Contains(word, "://") {
			object[name] = "x_" + word
		}
		if at == "error" && name == "id" {
			object[name] = "x_invented"
		}
	}
}

// addElements adds an element to each list of objects: a copy of another one with unknown fields, and those that
// elements lists for it.
func addElements(at string, object map[string]any) {
	if _, ok := object["continue_with"]; !ok && at == "" && (object["session_token"] != nil || object["ui"] != nil) {
		object["continue_with"] = []any{}
	}
	for name, value := range object {
		list, ok := value.([]any)
		if !ok {
			continue
		}
		if len(list) > 0 {
			if first, ok := list[0].(map[string]any); ok {
				other := maps.Clone(first)
				addFields(name, other)
				list = append(list, other)
			}
		}
		object[name] = append(list, elements(name)...)
	}
}

// elements are what is added to a list of that name, empty or not.
func elements(name string) []any {
	switch name {
	case "messages":
		return []any{
			map[string]any{"id": 9999999.0, "text": "invented", "type": "x_type", "context": invented(), "x_hint": invented()},
			map[string]any{"id": -1.0, "text": "", "type": "", "context": map[string]any{}},
		}
	case "continue_with":
		return []any{
			map[string]any{"action": "x_action", "x_action": invented()},
			map[string]any{"action": "show_x_ui", "flow": invented()},
			map[string]any{"action": "redirect_browser_to", "redirect_browser_to": "https://ui.example.org/?a=b", "x_delay": 5.0},
			map[string]any{"x_no_action": true},
		}
	case "nodes":
		return nodes()
	}
	return nil
}

// nodes are elements of a form of an unknown type, with attributes of every name that is known, and values of every type.
func nodes() []any {
	list := []any{
		map[string]any{"type": "x_bare", "group": "x_group"},
		map[string]any{"type": "x_empty", "group": "x_group", "attributes": map[string]any{}, "messages": nil, "meta": map[string]any{"label": nil}},
		map[string]any{
			"type": "input", "group": "x_group", "messages": []any{}, "meta": map[string]any{"x_meta": invented()},
			// The names of two fields of the contract, which Kratos spells otherwise.
			"attributes": map[string]any{"node_type": "input", "name": "x", "onclick_trigger": "a", "onload_trigger": 1.0, "onclickTrigger": "b"},
		},
	}
	names := []string{"x_attribute"}
	known := (*kratosgrpcv1.UiNodeAttributes)(nil).ProtoReflect().Descriptor().Fields()
	for i := range known.Len() {
		if known.Get(i).Name() != "extra" {
			names = append(names, nameOf(known.Get(i)))
		}
	}
	message := map[string]any{"id": 1.0, "text": "invented", "type": "x_type", "x_field": "invented"}
	for _, value := range []any{
		"text", "", 3.0, 1.5, 1e12, true, false, []any{}, []any{nil, map[string]any{"a": 1.0}}, map[string]any{}, message, invented(),
	} {
		attributes := map[string]any{}
		for _, name := range names {
			if name == "node_type" && value == "" {
				// Kratos always says which type it is. To say that it is none is to say nothing.
				continue
			}
			attributes[name] = value
		}
		list = append(list, map[string]any{"type": "x_type", "group": "default", "attributes": attributes, "messages": []any{}, "meta": map[string]any{}})
	}
	return list
}

// nameOf is Kratos's name of an attribute.
func nameOf(field protoreflect.FieldDescriptor) string {
	switch field.Name() {
	case "onclick_trigger":
		return "onclickTrigger"
	case "onload_trigger":
		return "onloadTrigger"
	}
	return string(field.Name())
}

// of is an exchange whose answer holds the invention, wherever it can. There is none if the answer is no JSON.
func (i invention) of(t *testing.T, e kratosreplay.Exchange) (kratosreplay.Exchange, bool) {
	t.Helper()
	if e.Response.JSON == nil {
		return e, false
	}
	var body any
	if err := json.Unmarshal(e.Response.JSON, &body); err != nil {
		t.Fatal(err)
	}
	visit("", body, i.add)
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	e.Response.JSON = data
	return e, true
}

// visit visits all objects of a value, the innermost first, so that what is added is not visited.
func visit(at string, value any, f func(at string, object map[string]any)) {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			visit(name, inner, f)
		}
		f(at, value)
	case []any:
		for _, inner := range value {
			visit(at, inner, f)
		}
	}
}

// TestInventions looks at what is invented: much of nothing would pass unseen.
func TestInventions(t *testing.T) {
	t.Parallel()
	e := kratosreplay.Exchange{Response: kratosreplay.Response{Status: http.StatusOK}}
	e.Response.JSON = []byte(`{"session_token": "t", "session": {"devices": [{"id": "1"}]}, "error": {"id": "a", "state": "b"}}`)
	for _, c := range []struct {
		invention string
		at        []any
		want      string
	}{
		{"unknown fields", []any{"x_text"}, `"invented`},
		{"unknown fields", []any{"session", "devices", 0, "x_list", 2}, `null`},
		{"unknown fields", []any{"error", "extra", "extra"}, `true`},
		{"unknown values", []any{"error", "id"}, `"x_invented"`},
		{"unknown values", []any{"error", "state"}, `"x_b"`},
		{"unknown values", []any{"session", "devices", 0, "id"}, `"1"`},
		{"unknown elements", []any{"session", "devices", 1, "x_true"}, `true`},
		{"unknown elements", []any{"continue_with", 0, "action"}, `"x_action"`},
	} {
		i := inventions[slices.IndexFunc(inventions, func(i invention) bool { return i.name == c.invention })]
		changed, _ := i.of(t, e)
		var value any
		if err := json.Unmarshal(changed.Response.JSON, &value); err != nil {
			t.Fatal(err)
		}
		for _, key := range c.at {
			switch key := key.(type) {
			case string:
				value = value.(map[string]any)[key]
			case int:
				value = value.([]any)[key]
			}
		}
		if got, err := json.Marshal(value); err != nil || !strings.HasPrefix(string(got), c.want) {
			t.Errorf("%s: %v is %s, want %s", c.invention, c.at, got, c.want)
		}
	}
	if got := len(nodes()); got < 10 {
		t.Errorf("there are %d nodes", got)
	}
}
