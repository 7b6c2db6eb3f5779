package kratosv1

import (
	"encoding/json"
	"errors"

	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// flowMessage is what the five kinds of flows have in common.
type flowMessage interface {
	proto.Message
	GetId() string
	GetType() string
	GetActive() string
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

// readFlow reads a flow: what is called as in 0.5, and the nodes, which are the methods.
func readFlow(data []byte, flow flowMessage) error {
	if err := upstream.Unmarshal(data, flow); err != nil {
		return err
	}
	var body struct {
		UI      *ui   `json:"ui"`
		Refresh *bool `json:"refresh"`
	}
	if err := json.Unmarshal(data, &body); err != nil || body.UI == nil {
		// The error of package json may quote the input.
		return errors.New("the flow has no ui, or a malformed one")
	}
	if flow.GetId() == "" {
		return errors.New("the flow has no id")
	}
	inputs, err := body.UI.inputs()
	if err != nil {
		return err
	}
	if _, ok := flow.(*kratosgrpcv1.RegistrationFlow); ok {
		inputs = oneStep(inputs)
	}
	said, err := messages(body.UI.Messages)
	if err != nil {
		return err
	}
	methods := body.UI.methods(inputs)

	var ofFlow []*kratosgrpcv1.Message
	active := methods[flow.GetActive()]
	for _, m := range said {
		if active != nil && m.GetType() == "error" {
			active.Config.Messages = append(active.Config.Messages, m)
		} else {
			ofFlow = append(ofFlow, m)
		}
	}
	setForms(flow, methods, ofFlow)
	if login, ok := flow.(*kratosgrpcv1.LoginFlow); ok {
		login.Forced = body.Refresh
	}
	return nil
}

func setForms(flow flowMessage, methods map[string]*kratosgrpcv1.FlowMethod, said []*kratosgrpcv1.Message) {
	switch f := flow.(type) {
	case *kratosgrpcv1.LoginFlow:
		f.Methods, f.Messages = methods, said
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
