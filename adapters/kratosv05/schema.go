package kratosv05

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// GetSchema is GET /schemas/{id}.
func (a *Adapter) GetSchema(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.GetSchemaRequest) (*kratosgrpcv1.GetSchemaResponse, error) {
	id, ok := upstream.Segment(req.GetId())
	if !ok {
		return nil, &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_NOT_FOUND, Message: "no schema can have this id"}
	}
	res, err := a.get(ctx, x, browserClient, "/schemas/"+id, nil)
	if err != nil {
		return nil, err
	}
	if res.Status != http.StatusOK {
		return nil, refusal(res)
	}
	if !json.Valid(res.Body) {
		return nil, res.NotKratos(errors.New("the schema is not JSON"))
	}
	return &kratosgrpcv1.GetSchemaResponse{Schema: res.Body}, nil
}
