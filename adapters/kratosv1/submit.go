package kratosv1

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// jsonBody is the media type of completions: see the package's Design for what the parameter is for.
const jsonBody = "application/json; charset=utf-8"

// Fields that every form has.
const (
	methodField = "method"
	csrfField   = "csrf_token"
)

// form is a filled-in form.
type form map[string]any

// newForm begins the form of a method. The token is always part of it: API flows don't look at it.
func newForm(method, csrfToken string) form {
	return form{methodField: method, csrfField: csrfToken}
}

// addText adds a field that was filled in. What was not is left out, so that Kratos says that it is missing, rather than
// too short.
func (f form) addText(key, value string) {
	if value != "" {
		f[key] = value
	}
}

// newPayload is a form of which everything stands in a payload, but maybe the method.
func newPayload(method string, payload *structpb.Struct) form {
	f := form(payload.AsMap())
	if method != "" {
		f[methodField] = method
	}
	return f
}

// addTraits adds traits as they are.
func (f form) addTraits(traits *structpb.Struct) {
	if traits != nil {
		f["traits"] = traits.AsMap()
	}
}

// encode is the form as it goes upstream: as JSON, in which nothing is lost, unless the caller sent a form itself.
func (f form) encode(asForm bool) (contentType, body string, err error) {
	fields, err := structpb.NewStruct(f)
	if err != nil {
		return "", "", unsayable("it holds text that is not valid UTF-8")
	}
	if asForm {
		values := url.Values{}
		selfservice.AddFields(values, fields)
		return "application/x-www-form-urlencoded", values.Encode(), nil
	}
	encoded, err := json.Marshal(f)
	if err != nil {
		// The error may quote a trait.
		return "", "", unsayable("it holds a number that is not finite")
	}
	return jsonBody, string(encoded), nil
}

func unsayable(why string) error {
	return &adapters.Error{
		Reason:     kratosgrpcv1.ErrorReason_ERROR_REASON_INVALID_REQUEST,
		Message:    "the payload can't be sent: " + why,
		Violations: []adapters.Violation{{Field: "payload", Description: why}},
	}
}

// submit completes a form, and sets the outcome of res, the response message of a completion.
func (a *Adapter) submit(ctx context.Context, x *adapters.Exchange, path, flowID string, f form, res proto.Message) error {
	answer, err := a.post(ctx, x, path, selfservice.FlowQuery(flowID), f)
	if err != nil {
		return err
	}
	return a.setOutcome(ctx, x, answer, res)
}

// post sends a form, at most twice: an API flow is refused unread because of cookies.
func (a *Adapter) post(ctx context.Context, x *adapters.Exchange, path string, query url.Values, f form) (*upstream.Response, error) {
	contentType, body, err := f.encode(x.Caller.SentForm)
	if err != nil {
		return nil, err
	}
	request := upstream.Request{Method: http.MethodPost, Path: path, Query: query, ContentType: contentType, Body: body}
	cookies := x.Caller.CookieHeader(a.ownCookie)
	request.Header = selfservice.Header(&x.Caller, cookies, x.Caller.Accept)
	answer, err := a.client.Do(ctx, request)
	if err == nil && cookies != "" && refusedForCookies(answer) {
		request.Header = selfservice.Header(&x.Caller, "", x.Caller.Accept)
		return a.client.Do(ctx, request)
	}
	return answer, err
}

// refusedForCookies tells whether a form was refused, unread, because cookies came with it although the flow is an API
// flow. Kratos says so in a message of the flow.
func refusedForCookies(res *upstream.Response) bool {
	return res.Status == http.StatusBadRequest && bytes.Contains(res.Body, []byte(`The HTTP Request Header included the \"Cookie\" key`))
}
