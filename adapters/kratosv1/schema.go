package kratosv1

import (
	"context"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// GetSchema is GET /schemas/{id}. Kratos takes an id as it is, and as it stands in a schema's URL, which is in base64url.
func (a *Adapter) GetSchema(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.GetSchemaRequest) (*kratosgrpcv1.GetSchemaResponse, error) {
	id, ok := upstream.Segment(req.GetId())
	if !ok {
		return nil, selfservice.UnknownResource("no schema can have this id")
	}
	res, err := a.get(ctx, x, browserClient, wantJSON, "/schemas/"+id, nil)
	if err != nil {
		return nil, err
	}
	return selfservice.Schema(res, refusal)
}
