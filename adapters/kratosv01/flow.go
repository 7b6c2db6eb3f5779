package kratosv01

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/uinodes"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

const profileMethod = "profile"

// flowMessage is what the flows that this generation has have in common.
type flowMessage interface {
	proto.Message
	GetId() string
}

// fetchFlow reads a request into a flow. Where Kratos wants a session first it sends the browser to the login.
func (a *Adapter) fetchFlow(ctx context.Context, x *adapters.Exchange, path, id string, flow flowMessage) error {
	res, err := a.get(ctx, x, path, url.Values{"request": {id}})
	switch {
	case err != nil:
		return err
	case selfservice.IsRedirect(res):
		return a.confirmNoSession(ctx, x, res)
	default:
		return readFlow(res, flow)
	}
}

// confirmNoSession is loginRequired, if whoami says the same: Kratos sends a browser to the login as well when it can't
// read its sessions.
func (a *Adapter) confirmNoSession(ctx context.Context, x *adapters.Exchange, res *upstream.Response) error {
	asked := &adapters.Exchange{Caller: x.Caller}
	_, err := a.Whoami(ctx, asked, nil)
	if e := new(adapters.Error); errors.As(err, &e) && e.Reason != kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION {
		return e
	}
	return loginRequired(res)
}

// readFlow reads a request into a flow.
func readFlow(res *upstream.Response, flow flowMessage) error {
	if res.Status != http.StatusOK {
		return refusal(res)
	}
	if err := res.Decode(flow); err != nil {
		return err
	}
	if flow.GetId() == "" {
		return res.NotKratos(errors.New("it has no id"))
	}
	if err := complete(res.Body, flow); err != nil {
		return res.NotKratos(err)
	}
	return nil
}

// complete fills in what the contract calls otherwise.
func complete(body []byte, flow flowMessage) error {
	switch f := flow.(type) {
	case *kratosgrpcv1.LoginFlow:
		f.Type = browserFlow
		if len(f.GetMethods()) == 0 {
			return errNoForm
		}
		addErrors(f.GetMethods())
		f.Ui = uinodes.FromMethods(f.GetMethods(), f.GetMessages(), f.GetActive())
	case *kratosgrpcv1.RegistrationFlow:
		f.Type = browserFlow
		if len(f.GetMethods()) == 0 {
			return errNoForm
		}
		addErrors(f.GetMethods())
		f.Ui = uinodes.FromMethods(f.GetMethods(), f.GetMessages(), f.GetActive())
	case *kratosgrpcv1.SettingsFlow:
		f.Type = browserFlow
		if err := completeSettings(body, f); err != nil {
			return err
		}
		addErrors(f.GetMethods())
		f.Ui = uinodes.FromMethods(f.GetMethods(), f.GetMessages(), f.GetActive())
	}
	return nil
}

// browserFlow is the type of all flows here.
const browserFlow = "browser"

// Where a settings flow stands, in the words of later generations.
const (
	stateShowForm = "show_form"
	stateSuccess  = "success"
)

var errNoForm = errors.New("it has no form")

// completeSettings makes a settings flow of a request to change the profile: its one form is that of the method profile.
func completeSettings(body []byte, flow *kratosgrpcv1.SettingsFlow) error {
	var request struct {
		Form             json.RawMessage `json:"form"`
		UpdateSuccessful bool            `json:"update_successful"`
	}
	if err := json.Unmarshal(body, &request); err != nil || len(request.Form) == 0 {
		return errNoForm
	}
	config := new(kratosgrpcv1.FlowMethodConfig)
	if err := upstream.Unmarshal(request.Form, config); err != nil {
		return err
	}
	flow.Methods = map[string]*kratosgrpcv1.FlowMethod{profileMethod: {Method: profileMethod, Config: config}}
	flow.State = stateShowForm
	if request.UpdateSuccessful {
		flow.State = stateSuccess
	}
	completeIdentity(flow.GetIdentity())
	return nil
}

// addErrors makes messages of a form's errors, and of those of its fields.
func addErrors(methods map[string]*kratosgrpcv1.FlowMethod) {
	for _, method := range methods {
		config := method.GetConfig()
		if config == nil {
			continue
		}
		config.Messages = append(config.Messages, errorsOf(config.GetExtra())...)
		for _, field := range config.GetFields() {
			field.Messages = append(field.Messages, errorsOf(field.GetExtra())...)
		}
	}
}

// errorsOf reads the errors that a form or a field has.
func errorsOf(extra *structpb.Struct) []*kratosgrpcv1.Message {
	var said []*kratosgrpcv1.Message
	for _, e := range extra.GetFields()["errors"].GetListValue().GetValues() {
		said = append(said, &kratosgrpcv1.Message{
			Type: "error", Text: e.GetStructValue().GetFields()["message"].GetStringValue(),
		})
	}
	return said
}

// completeIdentity fills in what is called otherwise of an identity.
func completeIdentity(identity *kratosgrpcv1.Identity) {
	said := identity.GetExtra().GetFields()
	if identity == nil || said == nil {
		return
	}
	identity.SchemaId = said["traits_schema_id"].GetStringValue()
	if url, ok := said["traits_schema_url"].GetKind().(*structpb.Value_StringValue); ok {
		identity.SchemaUrl = &url.StringValue
	}
}
