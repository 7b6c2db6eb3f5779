package server

import (
	"context"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// schemaService is kratosgrpc.v1.SchemaService.
type schemaService struct {
	kratosgrpcv1.UnimplementedSchemaServiceServer

	backend *backend
}

var _ kratosgrpcv1.SchemaServiceServer = (*schemaService)(nil)

func (s *schemaService) GetSchema(ctx context.Context, req *kratosgrpcv1.GetSchemaRequest) (*kratosgrpcv1.GetSchemaResponse, error) {
	return call(ctx, s.backend, req, s.backend.GetSchema)
}
