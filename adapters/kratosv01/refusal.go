package kratosv01

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// What debug begins with where Kratos knows what it says: all else is a fault of its own.
const (
	debugNoSession = "error=request does not have a valid authentication session"
	debugUnknown   = "Unable to locate the resource"
	debugForeign   = "The requested action was forbidden"
)

// refusal translates an answer that is neither a success nor data.
func refusal(res *upstream.Response) *adapters.Error {
	res = withFirstValue(res)
	e := selfservice.Failure(res)
	if e.Reason == kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE {
		return e
	}
	debug := debugOf(res)
	switch {
	case isFault(res.Status, debug):
		return res.NotKratos(errors.New("it refuses the caller, but not because it has looked for what it is asked for"))
	case strings.Contains(e.Upstream.GetReason(), "CSRF token is missing or invalid"):
		e.Reason = kratosgrpcv1.ErrorReason_ERROR_REASON_CSRF_VIOLATION
	case res.Status == http.StatusForbidden && debug == debugUnknown:
		e.Reason = kratosgrpcv1.ErrorReason_ERROR_REASON_NOT_FOUND
	case strings.Contains(e.Upstream.GetReason(), "missing or invalid csrf_token"):
		e.Reason = kratosgrpcv1.ErrorReason_ERROR_REASON_CSRF_VIOLATION
	}
	return e
}

// isFault tells whether a refusal hides that Kratos can't read its storage, or its configuration: to callers it says the same
// then as of what does not exist, or is not theirs.
func isFault(status int, debug string) bool {
	switch status {
	case http.StatusUnauthorized:
		return debug != "" && !strings.HasPrefix(debug, debugNoSession)
	case http.StatusForbidden:
		return debug != "" && debug != debugUnknown && debug != debugForeign
	default:
		return false
	}
}

// withFirstValue is an answer with the first JSON value of its body: of an unknown request Kratos says everything twice.
func withFirstValue(res *upstream.Response) *upstream.Response {
	var first json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(res.Body)).Decode(&first); err != nil {
		return res
	}
	return &upstream.Response{Status: res.Status, Header: res.Header, Body: first}
}

// debugOf is what an error says for developers. It is looked at, and never handed on.
func debugOf(res *upstream.Response) string {
	var body struct {
		Error struct {
			Debug string `json:"debug"`
		} `json:"error"`
	}
	if err := json.Unmarshal(res.Body, &body); err != nil {
		return ""
	}
	return body.Error.Debug
}

// loginRequired is the refusal of a browser that has no session, which Kratos sends to the login.
func loginRequired(res *upstream.Response) error {
	to, err := redirect(res)
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
