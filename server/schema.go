package server

import (
	"context"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// schemaService is kratosgrpc.v1.SchemaService.
type schemaService struct {
	kratosgrpcv1.UnimplementedSchemaServiceServer

	adapter adapters.Adapter
}

var _ kratosgrpcv1.SchemaServiceServer = (*schemaService)(nil)

func (s *schemaService) GetSchema(ctx context.Context, req *kratosgrpcv1.GetSchemaRequest) (*kratosgrpcv1.GetSchemaResponse, error) {
	return call(ctx, s.adapter, req, s.adapter.GetSchema)
}
