package kratosv01

import (
	"context"
	"net/url"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// navigate is get for operations that send a browser on.
func (a *Adapter) navigate(ctx context.Context, x *adapters.Exchange, path string, query url.Values) (*kratosgrpcv1.Redirect, error) {
	res, err := a.get(ctx, x, path, query)
	if err != nil {
		return nil, err
	}
	return redirect(res)
}

// redirect reads where an answer leads. The flow that it shows is called request here.
func redirect(res *upstream.Response) (*kratosgrpcv1.Redirect, error) {
	if !selfservice.IsRedirect(res) {
		return nil, refusal(res)
	}
	to, err := selfservice.Redirect(res)
	if err != nil {
		return nil, err
	}
	if u, err := url.Parse(to.GetLocation()); err == nil {
		to.FlowId = u.Query().Get("request")
	}
	return to, nil
}
