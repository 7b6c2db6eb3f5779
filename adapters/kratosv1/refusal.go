package kratosv1

import (
	"net/http"
	"strings"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// reasons are what the ids of Kratos's errors mean, where the status alone does not say. An id that is not here means what
// the status says.
var reasons = map[string]kratosgrpcv1.ErrorReason{
	"session_inactive":                  kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION,
	"session_already_available":         kratosgrpcv1.ErrorReason_ERROR_REASON_SESSION_ALREADY_AVAILABLE,
	"session_aal_already_fulfilled":     kratosgrpcv1.ErrorReason_ERROR_REASON_SESSION_ALREADY_AVAILABLE,
	"session_refresh_required":          kratosgrpcv1.ErrorReason_ERROR_REASON_PRIVILEGED_SESSION_REQUIRED,
	"session_aal2_required":             kratosgrpcv1.ErrorReason_ERROR_REASON_HIGHER_AAL_REQUIRED,
	"session_verified_address_required": kratosgrpcv1.ErrorReason_ERROR_REASON_ACCESS_DENIED,
	"security_identity_mismatch":        kratosgrpcv1.ErrorReason_ERROR_REASON_ACCESS_DENIED,
	"security_csrf_violation":           kratosgrpcv1.ErrorReason_ERROR_REASON_CSRF_VIOLATION,
	"self_service_flow_expired":         kratosgrpcv1.ErrorReason_ERROR_REASON_FLOW_EXPIRED,
	"self_service_flow_replaced":        kratosgrpcv1.ErrorReason_ERROR_REASON_FLOW_EXPIRED,
	"self_service_flow_disabled":        kratosgrpcv1.ErrorReason_ERROR_REASON_UNSUPPORTED_BY_UPSTREAM,
	// Who sent the request has to send another one: a browser can't mend it.
	"self_service_flow_return_to_forbidden": kratosgrpcv1.ErrorReason_ERROR_REASON_REJECTED_BY_UPSTREAM,
}

// turnedOff is how Kratos says that a method is turned off, with the status of what does not exist and no id.
const turnedOff = "This endpoint was disabled by system administrator"

// What Kratos says beside its error.
const (
	// useFlowID is the flow that it started in place of an expired one.
	useFlowID = "use_flow_id"
	// redirectBrowserTo is where a browser has to go, to a login for example.
	redirectBrowserTo = "redirect_browser_to"
)

func besideError(e *kratosgrpcv1.UpstreamError, name string) string {
	return e.GetBeside().GetFields()[name].GetStringValue()
}

// refusal translates an answer that is neither a success nor data.
func refusal(res *upstream.Response) *adapters.Error {
	if selfservice.IsTurnedOff(res) {
		return selfservice.TurnedOff(res)
	}
	e := selfservice.Failure(res)
	if e.Reason == kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE {
		return e
	}
	if reason, ok := reasons[e.Upstream.GetId()]; ok {
		e.Reason = reason
	}
	if res.Status == http.StatusNotFound && strings.HasPrefix(e.Upstream.GetReason(), turnedOff) {
		e.Reason = kratosgrpcv1.ErrorReason_ERROR_REASON_UNSUPPORTED_BY_UPSTREAM
	}
	if id := besideError(e.Upstream, useFlowID); e.Reason == kratosgrpcv1.ErrorReason_ERROR_REASON_FLOW_EXPIRED && id != noFlow {
		e.ReplacementFlowID = id
	}
	e.RedirectTo = besideError(e.Upstream, redirectBrowserTo)
	return e
}

// noFlow is how Kratos says that there is no flow to use instead.
const noFlow = "00000000-0000-0000-0000-000000000000"

// locationChange is where an answer says that the browser has to go, or nil if it does not say so. It is how scripts are
// told, who could not follow a redirect to another site.
func locationChange(res *upstream.Response) *kratosgrpcv1.Redirect {
	if res.Status != http.StatusUnprocessableEntity {
		return nil
	}
	e := refusal(res)
	if e.RedirectTo == "" || e.Upstream.GetId() != "browser_location_change_required" {
		return nil
	}
	return selfservice.RedirectTo(e.RedirectTo)
}

// refusedInFlow is the refusal that a flow's message is, or nil if the flow is one to be filled in again. In a login that
// is under way Kratos says so of somebody who is logged in already; no form can mend that.
func refusedInFlow(res *upstream.Response, flow flowMessage) error {
	const loggedIn = "A valid session was detected and thus login is not possible"
	for _, m := range flow.GetUi().GetMessages() {
		if m.GetType() == "error" && strings.HasPrefix(m.GetText(), loggedIn) {
			return &adapters.Error{
				Reason:     kratosgrpcv1.ErrorReason_ERROR_REASON_SESSION_ALREADY_AVAILABLE,
				Message:    m.GetText(),
				HTTPStatus: res.Status,
				Upstream: &kratosgrpcv1.UpstreamError{
					Code: int32(http.StatusBadRequest), Status: http.StatusText(http.StatusBadRequest), Id: "session_already_available", Reason: m.GetText(),
				},
			}
		}
	}
	return nil
}
