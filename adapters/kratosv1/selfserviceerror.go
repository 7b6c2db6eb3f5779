package kratosv1

import (
	"context"
	"errors"
	"net/url"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

const errorPath = "/self-service/errors"

// GetError is GET /self-service/errors. What was a list in 0.5 is one error now.
func (a *Adapter) GetError(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.GetErrorRequest) (*kratosgrpcv1.GetErrorResponse, error) {
	res, err := a.get(ctx, x, browserClient, wantJSON, errorPath, url.Values{"id": {req.GetError()}})
	if err != nil {
		return nil, err
	}
	container := new(kratosgrpcv1.SelfServiceError)
	if err := decode(res, container); err != nil {
		return nil, err
	}
	if container.GetId() == "" || container.GetError() == nil {
		return nil, res.NotKratos(errors.New("it has no error"))
	}
	container.Errors = append(container.Errors, container.GetError())
	return &kratosgrpcv1.GetErrorResponse{Error: container}, nil
}
