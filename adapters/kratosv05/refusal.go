package kratosv05

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// Kratos 0.5 has no ids for its errors: what the status leaves open is told by the reason's text.
var reasons = []struct {
	text   string
	reason kratosgrpcv1.ErrorReason
}{
	{"A valid session was detected", kratosgrpcv1.ErrorReason_ERROR_REASON_SESSION_ALREADY_AVAILABLE},
	{"without a login session", kratosgrpcv1.ErrorReason_ERROR_REASON_SESSION_ALREADY_AVAILABLE},
	{"The login session is too old", kratosgrpcv1.ErrorReason_ERROR_REASON_PRIVILEGED_SESSION_REQUIRED},
	{"initiated by another person", kratosgrpcv1.ErrorReason_ERROR_REASON_ACCESS_DENIED},
	{"CSRF token is missing or invalid", kratosgrpcv1.ErrorReason_ERROR_REASON_CSRF_VIOLATION},
	{"missing or invalid csrf_token", kratosgrpcv1.ErrorReason_ERROR_REASON_CSRF_VIOLATION},
	// Of the five kinds of flows only settings are not replaced when they have expired.
	{"The settings flow expired", kratosgrpcv1.ErrorReason_ERROR_REASON_FLOW_EXPIRED},
}

// refusal translates an answer that is neither a success nor data.
func refusal(res *upstream.Response) *adapters.Error {
	if isTurnedOff(res) {
		return &adapters.Error{
			Reason:     kratosgrpcv1.ErrorReason_ERROR_REASON_UNSUPPORTED_BY_UPSTREAM,
			Message:    "the Kratos behind this server has no such operation: it is turned off in its configuration",
			HTTPStatus: res.Status,
		}
	}
	e := res.Failure()
	if e.HTTPStatus == http.StatusConflict {
		// The words are those of Kratos's database.
		e.Message = "a value that has to be unique, such as the e-mail address, is another identity's already"
		e.Upstream = &kratosgrpcv1.UpstreamError{
			Code: int32(http.StatusConflict), Status: http.StatusText(http.StatusConflict), Reason: e.Message, Message: http.StatusText(http.StatusConflict),
		}
	}
	for _, r := range reasons {
		if strings.Contains(e.Upstream.GetReason(), r.text) {
			e.Reason = r.reason
		}
	}
	return e
}

// isTurnedOff tells whether Kratos itself, which sets Vary on every answer, has no such route: those of a method or a
// flow exist only where it is enabled. The same words from a proxy on the way mean an outage.
func isTurnedOff(res *upstream.Response) bool {
	return res.Status == http.StatusNotFound && res.Header.Get("Vary") == "Cookie" && string(res.Body) == "404 page not found\n"
}

// expired is the refusal of an API flow that Kratos has replaced by another one.
func expired(res *upstream.Response, to *kratosgrpcv1.Redirect, id string) *adapters.Error {
	return &adapters.Error{
		Reason:            kratosgrpcv1.ErrorReason_ERROR_REASON_FLOW_EXPIRED,
		Message:           "the flow can no longer be completed; Kratos has started another one in its place",
		HTTPStatus:        res.Status,
		ReplacementFlowID: id,
		RedirectTo:        to.GetLocation(),
	}
}

// loginRequired is the refusal of a browser that has no session, which Kratos sends to the login.
func loginRequired(res *upstream.Response) *adapters.Error {
	return &adapters.Error{
		Reason:     kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION,
		Message:    "there is no valid session; Kratos sends the browser to the login",
		HTTPStatus: res.Status,
		RedirectTo: res.Header.Get("Location"),
	}
}

// isFlow tells whether a body is a flow, rather than an error: all flows have methods.
func isFlow(res *upstream.Response) bool { return hasField(res, "methods") }

// isSession tells whether a body is a session, rather than what has one in it.
func isSession(res *upstream.Response) bool { return hasField(res, "authenticated_at") }

func hasField(res *upstream.Response, name string) bool {
	var body map[string]json.RawMessage
	return json.Unmarshal(res.Body, &body) == nil && len(body[name]) > 0
}

// refusedForCookies tells whether a form was refused, unread, because cookies came with it although the flow is an API
// flow. Kratos says so in a message of the flow.
func refusedForCookies(res *upstream.Response) bool {
	return bytes.Contains(res.Body, []byte(`The HTTP Request Header included the \"Cookie\" key`))
}
