package server

import (
	"context"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// errorService is kratosgrpc.v1.ErrorService.
type errorService struct {
	kratosgrpcv1.UnimplementedErrorServiceServer

	backend *backend
}

var _ kratosgrpcv1.ErrorServiceServer = (*errorService)(nil)

func (s *errorService) GetError(ctx context.Context, req *kratosgrpcv1.GetErrorRequest) (*kratosgrpcv1.GetErrorResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.GetError)
}
