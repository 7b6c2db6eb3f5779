package kratosv1

import (
	"slices"

	"google.golang.org/protobuf/proto"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

const passwordMethod = "password"

// oneStep hides from the methods that registration has two steps: the step that only asks for traits is no method, and
// the form of the method password has its password from the beginning.
//
// Kratos does not say in the first step which methods the second will offer. Where passwords are turned off, the form is
// there all the same, and its completion is refused.
func oneStep(ui *kratosgrpcv1.Ui) *kratosgrpcv1.Ui {
	password := &kratosgrpcv1.UiNode{Type: "input", Attributes: new(kratosgrpcv1.UiNodeAttributes)}
	nodes := make([]*kratosgrpcv1.UiNode, 0, len(ui.GetNodes())+1)
	for _, node := range ui.GetNodes() {
		switch {
		case node.GetAttributes().GetName() == passwordMethod:
			// Where Kratos complains of a password in the first step, it has no such node, and makes one: a plain text, of
			// the default group.
			password = proto.CloneOf(node)
		case node.GetGroup() != profileMethod:
			nodes = append(nodes, node)
		}
	}
	password.Group = passwordMethod
	password.Attributes.Name, password.Attributes.Type = new(passwordMethod), new("password")
	password.Attributes.Required = new(true)
	return &kratosgrpcv1.Ui{Action: ui.GetAction(), Method: ui.GetMethod(), Nodes: slices.Clip(append(nodes, password)), Messages: ui.GetMessages()}
}
