package server_test

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// resourceCases are those of schemas and of errors.
func resourceCases() []testCase {
	const (
		schema  = kratosgrpcv1.SchemaService_GetSchema_FullMethodName
		failure = kratosgrpcv1.ErrorService_GetError_FullMethodName
	)
	get := func(id string) func(*fixture) (proto.Message, caller) {
		return func(*fixture) (proto.Message, caller) { return &kratosgrpcv1.GetSchemaRequest{Id: id}, caller{} }
	}
	return []testCase{
		{
			name: "schema: the default", rpc: schema, prepare: get("default"),
			want: want{check: func(t *testing.T, _ *fixture, r reply) {
				if r.text("title") != "Person" || r.text("properties.traits.properties.age.type") != "integer" {
					t.Errorf("this is not the schema: %v", r.body)
				}
			}},
		},
		{name: "schema: unknown", rpc: schema, prepare: get("unknown"), want: want{code: codes.NotFound, reason: "NOT_FOUND", status: 404}},
		{name: "schema: unknown, and in need of escaping", rpc: schema, prepare: get("a b?c#d%2F☃"), want: want{code: codes.NotFound, reason: "NOT_FOUND", status: 404}},
		{name: "schema: another operation", rpc: schema, prepare: get("../x"), want: want{code: codes.NotFound, reason: "NOT_FOUND", status: 404, ours: true, restReason: "UNKNOWN_METHOD"}},
		{name: "schema: the session", rpc: schema, prepare: get("../sessions/whoami"), want: want{code: codes.NotFound, reason: "NOT_FOUND", status: 404, ours: true, restReason: "UNKNOWN_METHOD"}},
		{
			name: "error: the example", rpc: failure,
			prepare: func(*fixture) (proto.Message, caller) {
				return &kratosgrpcv1.GetErrorRequest{Error: "stub:500"}, caller{}
			},
			want: want{check: func(t *testing.T, _ *fixture, r reply) {
				if r.at("errors.0.code") != float64(500) || r.text("errors.0.reason") != "This is a stub error." {
					t.Errorf("this is not the example: %v", r.body)
				}
				verifyNoDebug(t, jsonText(t, r.body))
			}},
		},
		{
			name: "error: unknown", rpc: failure,
			prepare: func(*fixture) (proto.Message, caller) {
				return &kratosgrpcv1.GetErrorRequest{Error: unknownID}, caller{}
			},
			want: want{code: codes.PermissionDenied, reason: "ACCESS_DENIED", status: 403},
		},
	}
}
