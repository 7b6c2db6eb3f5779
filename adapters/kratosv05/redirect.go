package kratosv05

import (
	"context"
	"net/url"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// navigate is get for operations that send a browser on.
func (a *Adapter) navigate(ctx context.Context, x *adapters.Exchange, path string, query url.Values) (*kratosgrpcv1.Redirect, error) {
	res, err := a.get(ctx, x, browserClient, path, query)
	if err != nil {
		return nil, err
	}
	if !selfservice.IsRedirect(res) {
		return nil, refusal(res)
	}
	return selfservice.Redirect(res)
}
