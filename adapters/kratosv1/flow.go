package kratosv1

import (
	"errors"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/uinodes"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// flowMessage is what the five kinds of flows have in common.
type flowMessage interface {
	proto.Message
	GetId() string
	GetType() string
	GetActive() string
	GetState() string
	GetUi() *kratosgrpcv1.Ui
	GetMessages() []*kratosgrpcv1.Message
	GetMethods() map[string]*kratosgrpcv1.FlowMethod
}

// isFlow tells whether a body is a flow, rather than an error: all flows have a ui.
func isFlow(res *upstream.Response) bool { return selfservice.HasField(res, "ui") }

// decodeFlow reads a flow from the answer that should hold it.
func decodeFlow(res *upstream.Response, flow flowMessage) error {
	if err := readFlow(res.Body, flow); err != nil {
		return res.NotKratos(err)
	}
	return nil
}

// readFlow reads a flow as it is, and makes of its nodes the methods that they are in the contract's words.
func readFlow(data []byte, flow flowMessage) error {
	if err := upstream.Unmarshal(data, flow); err != nil {
		return err
	}
	if flow.GetUi() == nil {
		return errors.New("the flow has no ui, or a malformed one")
	}
	if flow.GetId() == "" {
		return errors.New("the flow has no id")
	}
	ui := flow.GetUi()
	if _, ok := flow.(*kratosgrpcv1.RegistrationFlow); ok {
		ui = oneStep(ui)
	}
	methods, said := uinodes.ToMethods(ui)
	for name, method := range methods {
		method.Config.Fields = append(method.Config.Fields, methodNamed(name))
	}

	var ofFlow []*kratosgrpcv1.Message
	for _, m := range said {
		if method := methods[concerned(m, methods, flow.GetActive())]; method != nil {
			method.Config.Messages = append(method.Config.Messages, m)
		} else {
			ofFlow = append(ofFlow, m)
		}
	}
	setForms(flow, methods, ofFlow)
	return nil
}

// methodNamed is the field that says by which method a form is sent. All methods' forms lead to one path in Kratos 1.x, and
// who shows a form by its fields has no button that says it.
func methodNamed(name string) *kratosgrpcv1.FormField {
	return &kratosgrpcv1.FormField{Name: methodField, Type: "hidden", Value: structpb.NewStringValue(name)}
}

// wrongCredentials is the id of the message that says that a password is wrong, or nobody's.
const wrongCredentials = 4000006

// concerned is the method that a message concerns, or "". In 0.5 an error stands with the method that was tried; Kratos
// 1.x does not always say which that was, but a form with one method to fill in leaves no choice.
func concerned(m *kratosgrpcv1.Message, methods map[string]*kratosgrpcv1.FlowMethod, active string) string {
	// Ids that begin with 400 are of what was filled in. The others are of the flow, such as that a link is good for nothing.
	if m.GetType() != "error" || m.GetId()/10000 != 400 {
		return ""
	}
	if methods[active] != nil {
		return active
	}
	if m.GetId() == wrongCredentials && methods[passwordMethod] != nil {
		return passwordMethod
	}
	only := ""
	for name := range methods {
		switch {
		case name == uinodes.OIDC:
		case only != "":
			return ""
		default:
			only = name
		}
	}
	return only
}

func setForms(flow flowMessage, methods map[string]*kratosgrpcv1.FlowMethod, said []*kratosgrpcv1.Message) {
	switch f := flow.(type) {
	case *kratosgrpcv1.LoginFlow:
		f.Methods, f.Messages, f.Forced = methods, said, f.Refresh //nolint:protogetter // Unset and false are not the same.
	case *kratosgrpcv1.RegistrationFlow:
		f.Methods, f.Messages = methods, said
	case *kratosgrpcv1.SettingsFlow:
		f.Methods, f.Messages = methods, said
	case *kratosgrpcv1.RecoveryFlow:
		f.Methods, f.Messages = methods, said
	case *kratosgrpcv1.VerificationFlow:
		f.Methods, f.Messages = methods, said
	}
}
