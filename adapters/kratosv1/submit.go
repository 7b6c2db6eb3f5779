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

// addTraits adds traits as they are.
func (f form) addTraits(traits *structpb.Struct) {
	if traits != nil {
		f["traits"] = traits.AsMap()
	}
}

// encode is the form as JSON.
func (f form) encode() (string, error) {
	encoded, err := json.Marshal(f)
	if err != nil {
		// The error may quote a trait.
		return "", &adapters.Error{
			Reason:     kratosgrpcv1.ErrorReason_ERROR_REASON_INVALID_REQUEST,
			Message:    "the traits hold a number that JSON can't say",
			Violations: []adapters.Violation{{Field: "payload.traits", Description: "holds a number that is not finite"}},
		}
	}
	return string(encoded), nil
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
	body, err := f.encode()
	if err != nil {
		return nil, err
	}
	cookies := x.Caller.CookieHeader(ownCookie)
	answer, err := a.postAs(ctx, &x.Caller, cookies, path, query, body)
	if err == nil && cookies != "" && refusedForCookies(answer) {
		return a.postAs(ctx, &x.Caller, "", path, query, body)
	}
	return answer, err
}

func (a *Adapter) postAs(ctx context.Context, c *adapters.Caller, cookies, path string, query url.Values, body string) (*upstream.Response, error) {
	return a.client.Do(ctx, upstream.Request{
		Method:      http.MethodPost,
		Path:        path,
		Query:       query,
		Header:      selfservice.Header(c, cookies, c.Accept),
		ContentType: jsonBody,
		Body:        body,
	})
}

// refusedForCookies tells whether a form was refused, unread, because cookies came with it although the flow is an API
// flow. Kratos says so in a message of the flow.
func refusedForCookies(res *upstream.Response) bool {
	return res.Status == http.StatusBadRequest && bytes.Contains(res.Body, []byte(`The HTTP Request Header included the \"Cookie\" key`))
}
