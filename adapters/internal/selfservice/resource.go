package selfservice

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// Schema reads a JSON Schema, or has the generation's refusal translate what is none.
func Schema(res *upstream.Response, refusal func(*upstream.Response) *adapters.Error) (*kratosgrpcv1.GetSchemaResponse, error) {
	if res.Status != http.StatusOK {
		return nil, refusal(res)
	}
	if !json.Valid(res.Body) {
		return nil, res.NotKratos(errors.New("the schema is not JSON"))
	}
	return &kratosgrpcv1.GetSchemaResponse{Schema: res.Body}, nil
}
