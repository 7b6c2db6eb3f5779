package server

import (
	"context"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// schemaService is kratosgrpc.v1.SchemaService.
type schemaService struct {
	kratosgrpcv1.UnimplementedSchemaServiceServer

	backend *backend
}

var _ kratosgrpcv1.SchemaServiceServer = (*schemaService)(nil)

func (s *schemaService) GetSchema(ctx context.Context, req *kratosgrpcv1.GetSchemaRequest) (*kratosgrpcv1.GetSchemaResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.GetSchema)
}

func (s *schemaService) ListIdentitySchemas(ctx context.Context, req *kratosgrpcv1.ListIdentitySchemasRequest) (*kratosgrpcv1.ListIdentitySchemasResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.ListIdentitySchemas)
}

func (s *schemaService) GetWebAuthnJavaScript(ctx context.Context, req *kratosgrpcv1.GetWebAuthnJavaScriptRequest) (*kratosgrpcv1.GetWebAuthnJavaScriptResponse, error) {
	return call(ctx, s.backend, req, adapters.Adapter.GetWebAuthnJavaScript)
}
