package server_test

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// resourceCases are those of schemas and of errors.
func resourceCases() []testCase {
	const (
		schema  = kratosgrpcv1.SchemaService_GetSchema_FullMethodName
		schemas = kratosgrpcv1.SchemaService_ListIdentitySchemas_FullMethodName
		script  = kratosgrpcv1.SchemaService_GetWebAuthnJavaScript_FullMethodName
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
			name: "schemas", rpc: schemas, only: kratostest.V13,
			prepare: func(*fixture) (proto.Message, caller) { return &kratosgrpcv1.ListIdentitySchemasRequest{}, caller{} },
			want: want{check: func(t *testing.T, _ *fixture, r reply) {
				if len(r.list) != 1 || r.total != 1 || r.next != "" || at(r.list[0], "id") != "default" {
					t.Fatalf("this is not the one schema there is: %v of %d, then %q", r.list, r.total, r.next)
				}
				if r.response != nil && at(r.list[0], "schema.title") != "Person" {
					t.Errorf("this is not the schema: %v", r.list[0])
				}
			}},
		},
		{
			name: "schemas: token that is too long", rpc: schemas, want: invalid("page_token"),
			prepare: func(*fixture) (proto.Message, caller) {
				return &kratosgrpcv1.ListIdentitySchemasRequest{PageToken: strings.Repeat("x", 1025)}, caller{}
			},
		},
		{
			name: "script for security keys", rpc: script, only: kratostest.V13,
			prepare: func(*fixture) (proto.Message, caller) {
				return &kratosgrpcv1.GetWebAuthnJavaScriptRequest{}, caller{}
			},
			want: want{check: func(t *testing.T, _ *fixture, r reply) {
				if !strings.Contains(r.script, "oryWebAuthnLogin") {
					t.Errorf("this is not the script: %.100s", r.script)
				}
				if r.response != nil && r.response.Header.Get("Content-Type") != "text/javascript; charset=UTF-8" {
					t.Errorf("the script is said to be %s", r.response.Header.Get("Content-Type"))
				}
			}},
		},
		{
			name: "error: the example", rpc: failure,
			prepare: func(*fixture) (proto.Message, caller) {
				return &kratosgrpcv1.GetErrorRequest{Error: "stub:500"}, caller{}
			},
			want: want{check: func(t *testing.T, _ *fixture, r reply) {
				if r.at("errors.0.code") != float64(500) || r.text("errors.0.reason") != "This is a stub error." || r.text("error.reason") != r.text("errors.0.reason") {
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
			want:  want{code: codes.PermissionDenied, reason: "ACCESS_DENIED", status: 403},
			later: &want{code: codes.NotFound, reason: "NOT_FOUND", status: 404},
		},
	}
}
