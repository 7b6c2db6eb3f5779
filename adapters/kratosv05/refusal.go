package kratosv05

import (
	"bytes"
	"errors"
	"strings"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
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
	if selfservice.IsTurnedOff(res) {
		return selfservice.TurnedOff(res)
	}
	e := selfservice.Failure(res)
	for _, r := range reasons {
		if strings.Contains(e.Upstream.GetReason(), r.text) {
			e.Reason = r.reason
		}
	}
	return e
}

// loginRequired is the refusal of a browser that has no session, which Kratos sends to the login.
func loginRequired(res *upstream.Response) error {
	to, err := selfservice.Redirect(res)
	if err != nil {
		return err
	}
	if !selfservice.IsKratos(res) {
		// A proxy that has a login of its own sends everybody there, whatever their session with Kratos.
		return res.NotKratos(errors.New("it leads elsewhere, and lacks what Kratos sets"))
	}
	return &adapters.Error{
		Reason:     kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION,
		Message:    "there is no valid session; Kratos sends the browser to the login",
		HTTPStatus: res.Status,
		RedirectTo: to.GetLocation(),
	}
}

// isFlow tells whether a body is a flow, rather than an error: all flows have methods.
func isFlow(res *upstream.Response) bool { return selfservice.HasField(res, "methods") }

// isSession tells whether a body is a session, rather than what has one in it.
func isSession(res *upstream.Response) bool { return selfservice.HasField(res, "authenticated_at") }

// refusedForCookies tells whether a form was refused, unread, because cookies came with it although the flow is an API
// flow. Kratos says so in a message of the flow.
func refusedForCookies(res *upstream.Response) bool {
	return bytes.Contains(res.Body, []byte(`The HTTP Request Header included the \"Cookie\" key`))
}
