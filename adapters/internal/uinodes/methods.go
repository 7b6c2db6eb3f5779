package uinodes

import (
	"maps"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// Names that mean something here. All others are groups, methods and fields like any.
const (
	DefaultGroup = "default"
	OIDC         = "oidc"

	csrfField   = "csrf_token"
	methodField = "method"

	inputType    = "input"
	submitType   = "submit"
	passwordType = "password"
	hiddenType   = "hidden"

	// What nodes say of a method as a whole.
	formAction = "formaction"
	formMethod = "formmethod"
	groupKey   = "group"
)

// ToMethods makes a form of each group, and leaves the messages that concern no method in particular. Fields are in the
// order of the nodes.
func ToMethods(ui *kratosgrpcv1.Ui) (methods map[string]*kratosgrpcv1.FlowMethod, said []*kratosgrpcv1.Message) {
	methods = map[string]*kratosgrpcv1.FlowMethod{}
	for _, node := range ui.GetNodes() {
		group := node.GetGroup()
		if node.GetType() != inputType || isDefault(group) || methods[group] != nil {
			continue
		}
		methods[group] = &kratosgrpcv1.FlowMethod{
			Method: group,
			Config: &kratosgrpcv1.FlowMethodConfig{Action: ui.GetAction(), Method: ui.GetMethod()},
		}
	}
	for _, node := range ui.GetNodes() {
		switch {
		case node.GetType() != inputType:
		case IsButton(node):
			if method := methods[node.GetGroup()]; method != nil {
				readButton(node, method)
			}
		default:
			field := toField(node)
			for group, method := range methods {
				if belongsTo(node, group) {
					method.Config.Fields = append(method.Config.Fields, field)
				}
			}
		}
	}
	for _, m := range ui.GetMessages() {
		if method := methods[groupOf(m)]; method != nil {
			method.Config.Messages = append(method.Config.Messages, withoutGroup(m))
		} else {
			said = append(said, m)
		}
	}
	if oidc := methods[OIDC]; oidc != nil {
		oidc.Config.Providers = providersIn(oidc.GetConfig().GetFields())
	}
	return methods, said
}

func isDefault(group string) bool { return group == DefaultGroup || group == "" }

// IsButton tells whether a node is the button that says which method a form is sent by.
func IsButton(node *kratosgrpcv1.UiNode) bool {
	return node.GetType() == inputType && node.GetAttributes().GetName() == methodField && node.GetAttributes().GetType() == submitType
}

// belongsTo tells whether an input is a field of a method.
func belongsTo(node *kratosgrpcv1.UiNode, group string) bool {
	switch {
	case node.GetGroup() == group:
		return true
	case !isDefault(node.GetGroup()):
		return false
	default:
		// The choice of a provider needs nothing filled in: in 0.5 its form has no identifier and no traits.
		return group != OIDC || node.GetAttributes().GetName() == csrfField
	}
}

// toField is an input as a field.
func toField(node *kratosgrpcv1.UiNode) *kratosgrpcv1.FormField {
	a := node.GetAttributes()
	field := &kratosgrpcv1.FormField{
		Name:     a.GetName(),
		Type:     a.GetType(),
		Pattern:  a.GetPattern(),
		Disabled: a.GetDisabled(),
		Required: a.GetRequired(),
		Value:    a.GetValue(),
		Messages: node.GetMessages(),
		Extra:    a.GetExtra(),
	}
	if !isShown(field.GetType(), field.GetValue()) {
		field.Value = nil
	}
	return field
}

// isShown tells whether a value is one that is shown. What was typed in as a password is not to be shown again, whatever
// Kratos does.
func isShown(inputType string, value *structpb.Value) bool {
	if _, isNull := value.GetKind().(*structpb.Value_NullValue); isNull || value.GetKind() == nil {
		return false
	}
	return inputType != passwordType
}

// readButton reads what a method's button says of the method and its form.
func readButton(node *kratosgrpcv1.UiNode, method *kratosgrpcv1.FlowMethod) {
	if node.GetExtra() != nil {
		method.Extra = node.GetExtra()
	}
	said := maps.Clone(node.GetAttributes().GetExtra().GetFields())
	if action, ok := said[formAction].GetKind().(*structpb.Value_StringValue); ok {
		method.Config.Action = action.StringValue
		delete(said, formAction)
	}
	if sentBy, ok := said[formMethod].GetKind().(*structpb.Value_StringValue); ok {
		method.Config.Method = sentBy.StringValue
		delete(said, formMethod)
	}
	if len(said) > 0 {
		method.Config.Extra = &structpb.Struct{Fields: said}
	}
}

// providersIn are the buttons of the form of OpenID Connect.
func providersIn(fields []*kratosgrpcv1.FormField) []*kratosgrpcv1.FormField {
	var providers []*kratosgrpcv1.FormField
	for _, field := range fields {
		if field.GetType() == submitType {
			providers = append(providers, field)
		}
	}
	return providers
}

// groupOf is the method that a message concerns, or "".
func groupOf(m *kratosgrpcv1.Message) string {
	return m.GetExtra().GetFields()[groupKey].GetStringValue()
}

// withGroup is a message that says which method it concerns.
func withGroup(m *kratosgrpcv1.Message, group string) *kratosgrpcv1.Message {
	marked := proto.CloneOf(m)
	if marked.GetExtra() == nil {
		marked.Extra = &structpb.Struct{}
	}
	if marked.Extra.Fields == nil {
		marked.Extra.Fields = map[string]*structpb.Value{}
	}
	marked.Extra.Fields[groupKey] = structpb.NewStringValue(group)
	return marked
}

func withoutGroup(m *kratosgrpcv1.Message) *kratosgrpcv1.Message {
	plain := proto.CloneOf(m)
	delete(plain.GetExtra().GetFields(), groupKey)
	if len(plain.GetExtra().GetFields()) == 0 {
		plain.Extra = nil
	}
	return plain
}
