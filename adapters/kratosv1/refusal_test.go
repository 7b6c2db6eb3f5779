package kratosv1

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// said is an answer with an error as Kratos words it, and what it says beside it.
func said(status int, id, reason, besideIt string) *upstream.Response {
	return &upstream.Response{
		Status: status,
		Header: http.Header{"Vary": {"Cookie"}, "Content-Type": {"application/json"}},
		Body: fmt.Appendf(nil, `{"error":{"id":%q,"code":%d,"status":%q,"reason":%q,"message":"m","debug":"a stack trace"}%s}`,
			id, status, http.StatusText(status), reason, besideIt),
	}
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status     int
		id, reason string
		want       kratosgrpcv1.ErrorReason
	}{
		{401, "session_inactive", "No active session was found in this request.", kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION},
		{400, "session_already_available", "A valid session was detected", kratosgrpcv1.ErrorReason_ERROR_REASON_SESSION_ALREADY_AVAILABLE},
		{400, "session_aal_already_fulfilled", "", kratosgrpcv1.ErrorReason_ERROR_REASON_SESSION_ALREADY_AVAILABLE},
		{403, "session_aal2_required", "", kratosgrpcv1.ErrorReason_ERROR_REASON_HIGHER_AAL_REQUIRED},
		{403, "session_refresh_required", "The login session is too old", kratosgrpcv1.ErrorReason_ERROR_REASON_PRIVILEGED_SESSION_REQUIRED},
		{403, "session_verified_address_required", "", kratosgrpcv1.ErrorReason_ERROR_REASON_ACCESS_DENIED},
		{403, "security_csrf_violation", "", kratosgrpcv1.ErrorReason_ERROR_REASON_CSRF_VIOLATION},
		{403, "security_identity_mismatch", "", kratosgrpcv1.ErrorReason_ERROR_REASON_ACCESS_DENIED},
		{410, "self_service_flow_expired", "", kratosgrpcv1.ErrorReason_ERROR_REASON_FLOW_EXPIRED},
		{410, "self_service_flow_replaced", "", kratosgrpcv1.ErrorReason_ERROR_REASON_FLOW_EXPIRED},
		{400, "self_service_flow_return_to_forbidden", "", kratosgrpcv1.ErrorReason_ERROR_REASON_REJECTED_BY_UPSTREAM},
		{400, "self_service_flow_disabled", "", kratosgrpcv1.ErrorReason_ERROR_REASON_UNSUPPORTED_BY_UPSTREAM},
		{404, "", "This endpoint was disabled by system administrator. Please check your url.", kratosgrpcv1.ErrorReason_ERROR_REASON_UNSUPPORTED_BY_UPSTREAM},
		{404, "", "", kratosgrpcv1.ErrorReason_ERROR_REASON_NOT_FOUND},
		{410, "", "The settings flow has expired.", kratosgrpcv1.ErrorReason_ERROR_REASON_FLOW_EXPIRED},
		{400, "an_id_of_tomorrow", "", kratosgrpcv1.ErrorReason_ERROR_REASON_REJECTED_BY_UPSTREAM},
		{403, "an_id_of_tomorrow", "", kratosgrpcv1.ErrorReason_ERROR_REASON_ACCESS_DENIED},
		{422, "browser_location_change_required", "", kratosgrpcv1.ErrorReason_ERROR_REASON_REJECTED_BY_UPSTREAM},
		{500, "session_inactive", "", kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE},
	} {
		e := refusal(said(c.status, c.id, c.reason, ""))
		if e.Reason != c.want || e.HTTPStatus != c.status || e.Upstream.GetId() != c.id || e.Message == "" {
			t.Errorf("%d %s: got %v with status %d and id %q, want %v", c.status, c.id, e, e.HTTPStatus, e.Upstream.GetId(), c.want)
		}
		if text := fmt.Sprintf("%+v %v", *e, e.Upstream); strings.Contains(text, "stack trace") {
			t.Errorf("%d %s: the error holds Kratos's debug: %s", c.status, c.id, text)
		}
	}
}

// TestRefusalSaysWhatToDo: which flow to go on with, and where a browser has to go.
func TestRefusalSaysWhatToDo(t *testing.T) {
	t.Parallel()
	const flow, login = "6ee9bd29-6b4a-4f7f-a3b5-0e2f4f2e0d11", "https://kratos.example.org/self-service/login/browser?refresh=true"
	for name, c := range map[string]struct {
		answer       *upstream.Response
		flow, leadTo string
	}{
		"replaced":     {said(410, "self_service_flow_expired", "", `,"use_flow_id":"`+flow+`","since":1`), flow, ""},
		"not replaced": {said(410, "self_service_flow_expired", "", `,"use_flow_id":"`+noFlow+`"`), "", ""},
		"not expired":  {said(403, "security_csrf_violation", "", `,"use_flow_id":"`+flow+`"`), "", ""},
		"refresh":      {said(403, "session_refresh_required", "", `,"redirect_browser_to":"`+login+`"`), "", login},
		"malformed":    {said(410, "self_service_flow_expired", "", `,"use_flow_id":7`), "", ""},
	} {
		e := refusal(c.answer)
		if e.ReplacementFlowID != c.flow || e.RedirectTo != c.leadTo {
			t.Errorf("%s: got the flow %q and the location %q, want %q and %q", name, e.ReplacementFlowID, e.RedirectTo, c.flow, c.leadTo)
		}
	}
}

// TestRefusalIsKratoss: what others say, on the way to Kratos, is nothing about the caller.
func TestRefusalIsKratoss(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]*upstream.Response{
		"no code":      {Status: 401, Body: []byte(`{"error":{"id":"session_inactive"}}`)},
		"no error":     {Status: 403, Body: []byte(`{"id":"security_csrf_violation"}`)},
		"proxy's 404":  {Status: 404, Body: []byte("404 page not found\n")},
		"proxy's page": {Status: 410, Body: []byte("<html>")},
	} {
		if e := refusal(answer); e.Reason != kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE {
			t.Errorf("%s: %v", name, e)
		}
	}
	conflict := refusal(said(409, "", "UNIQUE constraint failed: identity_credential_identifiers", ""))
	if text := fmt.Sprintf("%+v %v", *conflict, conflict.Upstream); strings.Contains(text, "UNIQUE") {
		t.Errorf("the error has the words of the database: %s", text)
	}
}
