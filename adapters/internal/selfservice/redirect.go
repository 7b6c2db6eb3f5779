package selfservice

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// IsRedirect tells whether an answer sends a browser on.
func IsRedirect(res *upstream.Response) bool {
	return res.Status == http.StatusFound || res.Status == http.StatusSeeOther
}

// Redirect reads where an answer leads. The location is data for the browser: it is read, but never followed.
func Redirect(res *upstream.Response) (*kratosgrpcv1.Redirect, error) {
	to := RedirectTo(res.Header.Get("Location"))
	if to == nil {
		return nil, res.NotKratos(errors.New("its Location is missing or malformed"))
	}
	return to, nil
}

// RedirectTo reads a location, or returns nil if it is none.
func RedirectTo(location string) *kratosgrpcv1.Redirect {
	u, err := url.Parse(location)
	if err != nil || location == "" {
		return nil
	}
	query := u.Query()
	return &kratosgrpcv1.Redirect{
		Location: location,
		FlowId:   query.Get("flow"),
		ErrorId:  query.Get("error"),
	}
}

// Replacement tells whether a redirect leads an API client to the flow that Kratos started in place of one that can no
// longer be completed: to the path that fetches a flow, with the new one's id.
func Replacement(to *kratosgrpcv1.Redirect) (id string, ok bool) {
	u, err := url.Parse(to.GetLocation())
	if err != nil || !strings.HasSuffix(u.Path, "/flows") {
		return "", false
	}
	id = u.Query().Get("id")
	return id, id != ""
}

// Expired is the refusal of a flow that Kratos has replaced by another one.
func Expired(res *upstream.Response, to *kratosgrpcv1.Redirect, id string) *adapters.Error {
	return &adapters.Error{
		Reason:            kratosgrpcv1.ErrorReason_ERROR_REASON_FLOW_EXPIRED,
		Message:           "the flow can no longer be completed; Kratos has started another one in its place",
		HTTPStatus:        res.Status,
		ReplacementFlowID: id,
		RedirectTo:        to.GetLocation(),
	}
}
