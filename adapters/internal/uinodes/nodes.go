package uinodes

import (
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// FromMethods makes one list of nodes of all methods' forms. The list is sent where the form of the active method is, or
// of the first one.
func FromMethods(methods map[string]*kratosgrpcv1.FlowMethod, said []*kratosgrpcv1.Message, active string) *kratosgrpcv1.Ui {
	names := slices.Sorted(maps.Keys(methods))
	ui := &kratosgrpcv1.Ui{Messages: slices.Clone(said)}
	if main := mainMethod(methods, names, active); main != nil {
		ui.Action, ui.Method = main.GetConfig().GetAction(), main.GetConfig().GetMethod()
	}
	ui.Nodes = nodesOf(methods, names)
	for _, name := range names {
		ui.Nodes = append(ui.Nodes, button(name, methods[name], ui))
		for _, m := range methods[name].GetConfig().GetMessages() {
			ui.Messages = append(ui.Messages, withGroup(m, name))
		}
	}
	return ui
}

func mainMethod(methods map[string]*kratosgrpcv1.FlowMethod, names []string, active string) *kratosgrpcv1.FlowMethod {
	if method := methods[active]; method != nil {
		return method
	}
	if len(names) == 0 {
		return nil
	}
	return methods[names[0]]
}

// nodesOf are the fields of all methods: what they have in common once, and each method's in its order.
func nodesOf(methods map[string]*kratosgrpcv1.FlowMethod, names []string) []*kratosgrpcv1.UiNode {
	common := commonFields(methods, names)
	left := make(map[string][]*kratosgrpcv1.FormField, len(names))
	for _, name := range names {
		left[name] = fieldsOf(methods[name])
	}
	var nodes []*kratosgrpcv1.UiNode
	emit := func(fields []*kratosgrpcv1.FormField, group string) {
		for _, field := range fields {
			nodes = append(nodes, toNode(field, group))
		}
	}
	for _, field := range common {
		for _, name := range names {
			at := slices.IndexFunc(left[name], func(f *kratosgrpcv1.FormField) bool { return f.GetName() == field.GetName() })
			if at < 0 {
				// A choice of providers, which has no part in this one.
				continue
			}
			emit(left[name][:at], name)
			left[name] = left[name][at+1:]
		}
		emit([]*kratosgrpcv1.FormField{field}, DefaultGroup)
	}
	for _, name := range names {
		emit(left[name], name)
	}
	return nodes
}

// fieldsOf are a method's fields, the providers too where they are not among them.
func fieldsOf(method *kratosgrpcv1.FlowMethod) []*kratosgrpcv1.FormField {
	fields := slices.Clone(method.GetConfig().GetFields())
	for _, provider := range method.GetConfig().GetProviders() {
		if !slices.ContainsFunc(fields, func(f *kratosgrpcv1.FormField) bool { return proto.Equal(f, provider) }) {
			fields = append(fields, provider)
		}
	}
	return fields
}

// commonFields are those that Kratos 1.x has in the group default: what all methods that would get them have alike, in the
// same order.
func commonFields(methods map[string]*kratosgrpcv1.FlowMethod, names []string) []*kratosgrpcv1.FormField {
	if len(names) == 0 {
		return nil
	}
	reference := names[0]
	if at := slices.IndexFunc(names, func(name string) bool { return name != OIDC }); at >= 0 {
		reference = names[at]
	}
	var common []*kratosgrpcv1.FormField
	for _, field := range fieldsOf(methods[reference]) {
		if isCommonName(field.GetName()) && isShared(field, methods) {
			common = append(common, field)
		}
	}
	for _, name := range names {
		if name != OIDC && !inOrder(common, fieldsOf(methods[name])) {
			return onlyToken(common)
		}
	}
	return common
}

// isShared tells whether all methods that would get a field from the group default have it, and no other.
func isShared(field *kratosgrpcv1.FormField, methods map[string]*kratosgrpcv1.FlowMethod) bool {
	for name, method := range methods {
		got := named(fieldsOf(method), field.GetName())
		if name == OIDC && field.GetName() != csrfField {
			if len(got) > 0 {
				return false
			}
			continue
		}
		if len(got) != 1 || !proto.Equal(got[0], field) {
			return false
		}
	}
	return true
}

// inOrder tells whether fields have the common ones in their order.
func inOrder(common, fields []*kratosgrpcv1.FormField) bool {
	next := 0
	for _, field := range fields {
		if next < len(common) && field.GetName() == common[next].GetName() {
			next++
		}
	}
	return next == len(common)
}

func onlyToken(fields []*kratosgrpcv1.FormField) []*kratosgrpcv1.FormField {
	return named(fields, csrfField)
}

func named(fields []*kratosgrpcv1.FormField, name string) []*kratosgrpcv1.FormField {
	var found []*kratosgrpcv1.FormField
	for _, field := range fields {
		if field.GetName() == name {
			found = append(found, field)
		}
	}
	return found
}

// isCommonName tells whether Kratos 1.x has inputs of that name in the group default.
func isCommonName(name string) bool {
	return name == csrfField || name == "identifier" || strings.HasPrefix(name, "traits.")
}

// toNode is a field as an input.
func toNode(field *kratosgrpcv1.FormField, group string) *kratosgrpcv1.UiNode {
	attributes := &kratosgrpcv1.UiNodeAttributes{
		NodeType: inputType,
		Name:     new(field.GetName()),
		Type:     new(field.GetType()),
		Disabled: new(field.GetDisabled()),
		Extra:    field.GetExtra(),
	}
	if isShown(field.GetType(), field.GetValue()) {
		attributes.Value = field.GetValue()
	}
	if field.GetRequired() {
		attributes.Required = new(true)
	}
	if field.GetPattern() != "" {
		attributes.Pattern = new(field.GetPattern())
	}
	meta := new(kratosgrpcv1.UiNodeMeta)
	if label := labelOf(field); label != "" {
		meta.Label = &kratosgrpcv1.Message{Text: label, Type: "info"}
	}
	return &kratosgrpcv1.UiNode{Type: inputType, Group: group, Attributes: attributes, Messages: field.GetMessages(), Meta: meta}
}

// labelOf is what to show beside a field. Kratos 0.x has no labels: all that can be said is its name or, of a button, what
// it stands for.
func labelOf(field *kratosgrpcv1.FormField) string {
	switch field.GetType() {
	case hiddenType:
		return ""
	case submitType:
		return field.GetValue().GetStringValue()
	default:
		return field.GetName()
	}
}

// button is what sends the form by a method, and where there stands what is said of the method as a whole.
func button(name string, method *kratosgrpcv1.FlowMethod, ui *kratosgrpcv1.Ui) *kratosgrpcv1.UiNode {
	node := toNode(&kratosgrpcv1.FormField{Name: methodField, Type: submitType, Value: structpb.NewStringValue(name)}, name)
	node.Extra = method.GetExtra()
	config := method.GetConfig()
	said := map[string]*structpb.Value{}
	maps.Copy(said, config.GetExtra().GetFields())
	if config.GetAction() != ui.GetAction() {
		said[formAction] = structpb.NewStringValue(config.GetAction())
	}
	if config.GetMethod() != ui.GetMethod() {
		said[formMethod] = structpb.NewStringValue(config.GetMethod())
	}
	if len(said) > 0 {
		node.Attributes.Extra = &structpb.Struct{Fields: said}
	}
	return node
}
