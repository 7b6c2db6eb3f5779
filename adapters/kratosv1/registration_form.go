package kratosv1

import (
	"slices"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

const passwordMethod = "password"

// oneStep hides that registration has two steps: the step that only asks for traits is no method, and the form of the
// method password has its password from the beginning.
//
// Kratos does not say in the first step which methods the second will offer. Where passwords are turned off, the form is
// there all the same, and its completion is refused.
func oneStep(inputs []input) []input {
	inputs = slices.DeleteFunc(inputs, func(in input) bool { return in.group == profileMethod })
	at := slices.IndexFunc(inputs, func(in input) bool { return in.field.GetName() == "password" })
	if at < 0 {
		return append(inputs, input{passwordMethod, &kratosgrpcv1.FormField{Name: "password", Type: "password", Required: true}})
	}
	// Where Kratos complains of a password in the first step, it has no such node, and makes one: a plain text, of the
	// default group.
	in := inputs[at]
	in.group = passwordMethod
	in.field.Type, in.field.Required, in.field.Value = "password", true, nil
	inputs = slices.Delete(inputs, at, at+1)
	return append(inputs, in)
}
