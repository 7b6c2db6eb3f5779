package kratosv1

import (
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// ui is how Kratos 1.x describes a flow's forms.
type ui struct {
	Action   string            `json:"action"`
	Method   string            `json:"method"`
	Nodes    []node            `json:"nodes"`
	Messages []json.RawMessage `json:"messages"`
}

// node is one element of a form. Its attributes depend on its type.
type node struct {
	Type       string            `json:"type"`
	Group      string            `json:"group"`
	Attributes json.RawMessage   `json:"attributes"`
	Messages   []json.RawMessage `json:"messages"`
}

// Groups and names that mean something here. All others are methods and fields like any.
const (
	defaultGroup = "default"
	oidcGroup    = "oidc"

	csrfField   = "csrf_token"
	methodField = "method"
)

// input is a node that is a form's field, in the contract's terms.
type input struct {
	group string
	field *kratosgrpcv1.FormField
}

// inputs are the nodes that fields can say. Images, links, texts, scripts and what Kratos will think of are no fields:
// they are left out.
func (u *ui) inputs() ([]input, error) {
	inputs := make([]input, 0, len(u.Nodes))
	for _, n := range u.Nodes {
		if n.Type != "input" {
			continue
		}
		field := new(kratosgrpcv1.FormField)
		if err := upstream.Unmarshal(n.Attributes, field); err != nil {
			return nil, fmt.Errorf("an input of the flow: %w", err)
		}
		said, err := messages(n.Messages)
		if err != nil {
			return nil, err
		}
		field.Messages = said
		if field.GetType() == "password" {
			// What was typed in there is not to be shown again, whatever Kratos does.
			field.Value = nil
		}
		if _, isNull := field.GetValue().GetKind().(*structpb.Value_NullValue); isNull {
			field.Value = nil
		}
		inputs = append(inputs, input{n.Group, field})
	}
	return inputs, nil
}

// methods makes a form of each group. Its fields are in the order in which Kratos shows them.
func (u *ui) methods(inputs []input) map[string]*kratosgrpcv1.FlowMethod {
	methods := map[string]*kratosgrpcv1.FlowMethod{}
	for _, in := range inputs {
		if in.group != defaultGroup && in.group != "" && methods[in.group] == nil {
			methods[in.group] = &kratosgrpcv1.FlowMethod{
				Method: in.group,
				Config: &kratosgrpcv1.FlowMethodConfig{Action: u.Action, Method: u.Method},
			}
		}
	}
	for _, in := range inputs {
		for group, method := range methods {
			if in.belongsTo(group) {
				method.Config.Fields = append(method.Config.Fields, in.field)
			}
		}
	}
	if oidc := methods[oidcGroup]; oidc != nil {
		for _, field := range oidc.GetConfig().GetFields() {
			if field.GetType() == "submit" {
				oidc.Config.Providers = append(oidc.Config.Providers, field)
			}
		}
	}
	return methods
}

// belongsTo tells whether an input is a field of a method. The button that names the method is none: it is the completion
// that says which method it is by.
func (in input) belongsTo(group string) bool {
	switch {
	case in.field.GetName() == methodField && in.field.GetType() == "submit":
		return false
	case in.group == group:
		return true
	case in.group != defaultGroup && in.group != "":
		return false
	default:
		// The choice of a provider needs nothing filled in: in 0.5 its form has no identifier and no traits.
		return group != oidcGroup || in.field.GetName() == csrfField
	}
}

func messages(raw []json.RawMessage) ([]*kratosgrpcv1.Message, error) {
	var said []*kratosgrpcv1.Message
	for _, r := range raw {
		m := new(kratosgrpcv1.Message)
		if err := upstream.Unmarshal(r, m); err != nil {
			return nil, fmt.Errorf("a message of the flow: %w", err)
		}
		said = append(said, m)
	}
	return said, nil
}
