package kratosv1

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"

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

// ListIdentitySchemas is GET /schemas.
func (a *Adapter) ListIdentitySchemas(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.ListIdentitySchemasRequest) (*kratosgrpcv1.ListIdentitySchemasResponse, error) {
	p := pageOf(req)
	res, err := a.get(ctx, x, browserClient, wantJSON, "/schemas", p.byNumber(0).Values)
	if err != nil {
		return nil, err
	}
	items, total, err := list(res)
	if err != nil {
		return nil, err
	}
	answer := &kratosgrpcv1.ListIdentitySchemasResponse{NextPageToken: p.next(total), TotalSize: total}
	for _, item := range items {
		schema, err := readSchema(item)
		if err != nil {
			return nil, res.NotKratos(err)
		}
		answer.IdentitySchemas = append(answer.IdentitySchemas, schema)
	}
	return answer, nil
}

// readSchema reads one item of the list. The schema itself stays as it is: its order counts.
func readSchema(item []byte) (*kratosgrpcv1.IdentitySchema, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(item, &object); err != nil || len(object["schema"]) == 0 {
		return nil, errors.New("one of the schemas is none")
	}
	verbatim := object["schema"]
	delete(object, "schema")
	rest, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	schema := new(kratosgrpcv1.IdentitySchema)
	if err := upstream.Unmarshal(rest, schema); err != nil || schema.GetId() == "" {
		return nil, errors.New("one of the schemas has no id")
	}
	schema.Schema = verbatim
	return schema, nil
}

// GetWebAuthnJavaScript is GET /.well-known/ory/webauthn.js.
func (a *Adapter) GetWebAuthnJavaScript(ctx context.Context, x *adapters.Exchange, _ *kratosgrpcv1.GetWebAuthnJavaScriptRequest) (*kratosgrpcv1.GetWebAuthnJavaScriptResponse, error) {
	// It is nobody's in particular.
	res, err := a.get(ctx, &adapters.Exchange{Caller: *x.Caller.Anonymous()}, apiClient, "", "/.well-known/ory/webauthn.js", nil)
	if err != nil {
		return nil, err
	}
	if res.Status != http.StatusOK {
		return nil, refusal(res)
	}
	if media, _, err := mime.ParseMediaType(res.Header.Get("Content-Type")); err != nil || media != "text/javascript" || len(res.Body) == 0 {
		// A page that says that something is wrong must not run as a script.
		return nil, res.NotKratos(errors.New("it is no script"))
	}
	return &kratosgrpcv1.GetWebAuthnJavaScriptResponse{Script: res.Body}, nil
}
