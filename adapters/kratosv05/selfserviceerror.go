package kratosv05

import (
	"context"
	"errors"
	"net/url"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// GetError is GET /self-service/errors.
func (a *Adapter) GetError(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.GetErrorRequest) (*kratosgrpcv1.GetErrorResponse, error) {
	container := new(kratosgrpcv1.SelfServiceError)
	if err := a.fetch(ctx, x, browserClient, "/self-service/errors", url.Values{"error": {req.GetError()}}, container); err != nil {
		// Kratos says of an error that it does not know that the anti-CSRF token is wrong. It checks none.
		if e := new(adapters.Error); errors.As(err, &e) && e.Reason == kratosgrpcv1.ErrorReason_ERROR_REASON_CSRF_VIOLATION {
			e.Reason = kratosgrpcv1.ErrorReason_ERROR_REASON_ACCESS_DENIED
		}
		return nil, err
	}
	if said := container.GetErrors(); len(said) > 0 {
		container.Error = said[0]
	}
	return &kratosgrpcv1.GetErrorResponse{Error: container}, nil
}
