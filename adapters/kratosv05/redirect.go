package kratosv05

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// navigate is get for operations that send a browser on.
func (a *Adapter) navigate(ctx context.Context, x *adapters.Exchange, path string, query url.Values) (*kratosgrpcv1.Redirect, error) {
	res, err := a.get(ctx, x, browserClient, path, query)
	if err != nil {
		return nil, err
	}
	if !isRedirect(res.Status) {
		return nil, refusal(res)
	}
	return redirect(res)
}

func isRedirect(status int) bool {
	return status == http.StatusFound || status == http.StatusSeeOther
}

// redirect reads where an answer leads. The location is data for the browser: it is read, but never followed.
func redirect(res *upstream.Response) (*kratosgrpcv1.Redirect, error) {
	location := res.Header.Get("Location")
	u, err := url.Parse(location)
	if err != nil || location == "" {
		return nil, res.NotKratos(errors.New("its Location is missing or malformed"))
	}
	query := u.Query()
	return &kratosgrpcv1.Redirect{
		Location: location,
		FlowId:   query.Get("flow"),
		ErrorId:  query.Get("error"),
	}, nil
}

// replacement tells whether an answer leads an API client to the flow that Kratos started in place of an expired one:
// to the path that fetches a flow, with the new one's id.
func replacement(to *kratosgrpcv1.Redirect) (id string, ok bool) {
	u, err := url.Parse(to.GetLocation())
	if err != nil || !strings.HasSuffix(u.Path, "/flows") {
		return "", false
	}
	id = u.Query().Get("id")
	return id, id != ""
}

// returnTo is the query of the operations that start a browser flow.
func returnTo(to string) url.Values {
	if to == "" {
		return nil
	}
	return url.Values{"return_to": {to}}
}
