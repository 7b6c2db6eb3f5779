package uinodes_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters/internal/uinodes"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// TestThereAndBack is the property that whatever forms a Kratos 0.x can show, they survive as nodes: made into nodes and
// back, they are the same. Only which fields are providers is said afterwards even where it was left open.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	lifted := 0
	for seed := range uint64(5000) {
		r := rand.New(rand.NewPCG(seed, 1))
		methods, said, active := forms(r)
		given := &kratosgrpcv1.LoginFlow{Methods: methods, Messages: said, Active: active}
		before := proto.CloneOf(given)
		want := proto.CloneOf(given)
		nameProviders(want.GetMethods()[uinodes.OIDC].GetConfig())

		ui := uinodes.FromMethods(methods, said, active)
		for _, node := range ui.GetNodes() {
			if node.GetGroup() == uinodes.DefaultGroup {
				lifted++
			}
		}
		shown := proto.CloneOf(ui)
		backMethods, backSaid := uinodes.ToMethods(ui)
		got := &kratosgrpcv1.LoginFlow{Methods: backMethods, Messages: backSaid, Active: active}
		if !proto.Equal(got, want) {
			t.Fatalf("seed %d:\ngot  %v\nwant %v\nby way of %v", seed, got, want, ui)
		}
		if !proto.Equal(before, given) || !proto.Equal(shown, ui) {
			t.Fatalf("seed %d: the conversion has changed its input", seed)
		}
		checkNodes(t, ui, methods)
	}
	if lifted < 1000 {
		t.Errorf("only %d nodes were common to all methods: the test says little of those", lifted)
	}
}

// nameProviders makes all buttons of a form providers, and all providers fields.
func nameProviders(config *kratosgrpcv1.FlowMethodConfig) {
	if config == nil {
		return
	}
	for _, provider := range config.GetProviders() {
		if !slices.ContainsFunc(config.GetFields(), func(f *kratosgrpcv1.FormField) bool { return proto.Equal(f, provider) }) {
			config.Fields = append(config.Fields, provider)
		}
	}
	config.Providers = slices.DeleteFunc(slices.Clone(config.GetFields()), func(f *kratosgrpcv1.FormField) bool { return f.GetType() != "submit" })
}

// checkNodes checks what those who render nodes rely on.
func checkNodes(t *testing.T, ui *kratosgrpcv1.Ui, methods map[string]*kratosgrpcv1.FlowMethod) {
	t.Helper()
	buttons := map[string]bool{}
	for _, node := range ui.GetNodes() {
		a := node.GetAttributes()
		if node.GetType() != a.GetNodeType() || a.Name == nil || a.Type == nil || a.Disabled == nil || node.GetMeta() == nil || node.GetGroup() == "" {
			t.Fatalf("the node lacks something: %v", node)
		}
		if uinodes.IsButton(node) {
			if node.GetGroup() != a.GetValue().GetStringValue() {
				t.Fatalf("the button of %s sends %s", node.GetGroup(), a.GetValue())
			}
			buttons[node.GetGroup()] = true
		}
	}
	if !slices.Equal(slices.Sorted(maps.Keys(buttons)), slices.Sorted(maps.Keys(methods))) {
		t.Fatalf("the methods are %v, but there are buttons for %v", slices.Sorted(maps.Keys(methods)), buttons)
	}
}

// forms are any that Kratos 0.x can show, and stranger ones.
func forms(r *rand.Rand) (methods map[string]*kratosgrpcv1.FlowMethod, said []*kratosgrpcv1.Message, active string) {
	common := []*kratosgrpcv1.FormField{field(r, "csrf_token"), field(r, "traits.email"), field(r, "identifier")}
	methods = map[string]*kratosgrpcv1.FlowMethod{}
	for _, name := range []string{"password", "oidc", "link", "profile"} {
		if r.IntN(2) == 0 {
			continue
		}
		config := &kratosgrpcv1.FlowMethodConfig{
			Action: pick(r, "https://a.example.org/1", "https://a.example.org/1", "https://b.example.org/2", ""),
			Method: pick(r, "POST", "POST", "GET", ""),
			Extra:  extra(r, "errors"),
		}
		for range r.IntN(4) {
			config.Fields = append(config.Fields, field(r, pick(r, "password", "traits.age", "email", "link", "unlink", "provider", "")))
		}
		for _, shared := range common {
			if r.IntN(5) == 0 {
				// The same name, with something else about it.
				shared = field(r, shared.GetName())
			}
			if r.IntN(6) > 0 && (name != uinodes.OIDC || shared.GetName() == "csrf_token" || r.IntN(3) == 0) {
				config.Fields = append(config.Fields, proto.CloneOf(shared))
			}
		}
		if r.IntN(3) == 0 {
			r.Shuffle(len(config.GetFields()), func(i, j int) { config.Fields[i], config.Fields[j] = config.Fields[j], config.Fields[i] })
		}
		for range r.IntN(3) {
			config.Messages = append(config.Messages, message(r))
		}
		if name == uinodes.OIDC {
			// Kratos 0.5 has the providers among the fields only, and says of itself that they stand by themselves.
			isButton := func(f *kratosgrpcv1.FormField) bool { return f.GetType() == "submit" }
			switch r.IntN(3) {
			case 0:
				nameProviders(config)
			case 1:
				nameProviders(config)
				config.Fields = slices.DeleteFunc(config.GetFields(), isButton)
			}
		}
		methods[name] = &kratosgrpcv1.FlowMethod{Method: name, Config: config, Extra: extra(r, "config")}
	}
	for range r.IntN(3) {
		said = append(said, message(r))
	}
	return methods, said, pick(r, "", "password", "oidc", "nobody's")
}

func field(r *rand.Rand, name string) *kratosgrpcv1.FormField {
	f := &kratosgrpcv1.FormField{
		Name:     name,
		Type:     pick(r, "text", "hidden", "submit", "checkbox", "number", "email", ""),
		Pattern:  pick(r, "", "", "^[a-z]+$"),
		Disabled: r.IntN(4) == 0,
		Required: r.IntN(2) == 0,
	}
	switch r.IntN(7) {
	case 0:
		f.Value = structpb.NewStringValue("")
	case 1:
		f.Value = structpb.NewStringValue("<&ünï>")
	case 2:
		f.Value = structpb.NewBoolValue(false)
	case 3:
		f.Value = structpb.NewNumberValue(1.5e300)
	case 4:
		f.Value = structpb.NewListValue(&structpb.ListValue{Values: []*structpb.Value{structpb.NewNullValue(), structpb.NewNumberValue(0)}})
	case 5:
		f.Value = structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{"a": structpb.NewStringValue("b")}})
	}
	for range r.IntN(2) {
		f.Messages = append(f.Messages, message(r))
	}
	if r.IntN(8) == 0 {
		// What was typed in there is not shown: see TestNothingIsTypedAgain.
		f.Type, f.Value = "password", nil
	}
	f.Extra = extra(r, "errors")
	return f
}

// extra is what a later release says besides.
func extra(r *rand.Rand, name string) *structpb.Struct {
	if r.IntN(4) > 0 {
		return nil
	}
	return &structpb.Struct{Fields: map[string]*structpb.Value{name: structpb.NewListValue(&structpb.ListValue{}), "new": structpb.NewNumberValue(1)}}
}

func message(r *rand.Rand) *kratosgrpcv1.Message {
	m := &kratosgrpcv1.Message{Id: r.Int32(), Text: pick(r, "", "It is wrong."), Type: pick(r, "info", "error", "invented")}
	if r.IntN(2) == 0 {
		m.Context = &structpb.Struct{Fields: map[string]*structpb.Value{"value": structpb.NewStringValue("x")}}
	}
	if r.IntN(3) == 0 {
		m.Extra = &structpb.Struct{Fields: map[string]*structpb.Value{"more": structpb.NewBoolValue(true)}}
	}
	return m
}

func pick[T any](r *rand.Rand, choices ...T) T { return choices[r.IntN(len(choices))] }

// TestNothingIsTypedAgain: what was typed in as a password is in neither form.
func TestNothingIsTypedAgain(t *testing.T) {
	t.Parallel()
	ui := uinodes.FromMethods(map[string]*kratosgrpcv1.FlowMethod{"password": {Method: "password", Config: &kratosgrpcv1.FlowMethodConfig{
		Fields: []*kratosgrpcv1.FormField{{Name: "password", Type: "password", Value: structpb.NewStringValue("secret")}},
	}}}, nil, "")
	if got := ui.GetNodes()[0].GetAttributes().GetValue(); got != nil {
		t.Errorf("the node has the value %v", got)
	}
	ui.Nodes[0].Attributes.Value = structpb.NewStringValue("secret")
	methods, _ := uinodes.ToMethods(ui)
	if got := methods["password"].GetConfig().GetFields()[0].GetValue(); got != nil {
		t.Errorf("the field has the value %v", got)
	}
}

// TestEmpty: a flow can have no form at all.
func TestEmpty(t *testing.T) {
	t.Parallel()
	methods, said := uinodes.ToMethods(nil)
	if len(methods) != 0 || len(said) != 0 {
		t.Errorf("got %v and %v of nothing", methods, said)
	}
	if ui := uinodes.FromMethods(nil, nil, "password"); len(ui.GetNodes()) != 0 {
		t.Errorf("got %v of nothing", ui)
	}
	// What no Kratos answers, but a fault on the way could make of it.
	uinodes.FromMethods(map[string]*kratosgrpcv1.FlowMethod{"password": nil, "": {}}, nil, "")
	uinodes.ToMethods(&kratosgrpcv1.Ui{Nodes: []*kratosgrpcv1.UiNode{nil, {}, {Type: "input", Group: "code"}}})
}

// FuzzConversion: no message that can be sent makes a conversion panic.
func FuzzConversion(f *testing.F) {
	for seed := range uint64(20) {
		methods, said, active := forms(rand.New(rand.NewPCG(seed, 2)))
		flow := &kratosgrpcv1.LoginFlow{Methods: methods, Messages: said, Active: active, Ui: uinodes.FromMethods(methods, said, active)}
		data, err := proto.Marshal(flow)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		flow := new(kratosgrpcv1.LoginFlow)
		if proto.Unmarshal(data, flow) != nil {
			return
		}
		uinodes.FromMethods(flow.GetMethods(), flow.GetMessages(), flow.GetActive())
		uinodes.ToMethods(flow.GetUi())
	})
}
