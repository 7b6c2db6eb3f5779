package kratosv01

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// GetError is GET /self-service/errors.
func (a *Adapter) GetError(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.GetErrorRequest) (*kratosgrpcv1.GetErrorResponse, error) {
	res, err := a.get(ctx, x, "/self-service/errors", url.Values{"error": {req.GetError()}})
	if err != nil {
		return nil, err
	}
	container, err := readError(res)
	if err != nil {
		return nil, err
	}
	return &kratosgrpcv1.GetErrorResponse{Error: container}, nil
}

// readError reads what the error UI shows. The first of the errors, and there never is another, has the name of 1.x too.
func readError(res *upstream.Response) (*kratosgrpcv1.SelfServiceError, error) {
	if res.Status != http.StatusOK {
		return nil, refusal(res)
	}
	container := new(kratosgrpcv1.SelfServiceError)
	if err := res.Decode(container); err != nil {
		return nil, err
	}
	if container.GetId() == "" {
		return nil, res.NotKratos(errors.New("it has no id"))
	}
	if said := container.GetErrors(); len(said) > 0 {
		container.Error = said[0]
	}
	return container, nil
}
