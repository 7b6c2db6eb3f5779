package server_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratosjson"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// grpcClient makes calls over gRPC.
type grpcClient struct {
	conn grpc.ClientConnInterface
}

var _ client = (*grpcClient)(nil)

// metadata is the caller in gRPC's terms.
func (c caller) metadata() metadata.MD {
	md := metadata.MD{}
	if c.sessionToken != "" {
		md.Set("x-session-token", c.sessionToken)
	}
	if c.bearer != "" {
		md.Set("authorization", "Bearer "+c.bearer)
	}
	if len(c.cookies) > 0 {
		md.Set("cookie", strings.Join(c.cookies, "; "))
	}
	switch {
	case c.html:
		md.Set("accept", "text/html")
	case c.json:
		md.Set("accept", "application/json")
	}
	return md
}

func (g *grpcClient) do(t *testing.T, c call) reply {
	t.Helper()
	output, err := protoregistry.GlobalTypes.FindMessageByName(method(t, c.rpc).Output().FullName())
	if err != nil {
		t.Fatal(err)
	}
	res := output.New().Interface()
	var header, trailer metadata.MD
	err = g.conn.Invoke(metadata.NewOutgoingContext(t.Context(), c.caller.metadata()), c.rpc, c.message, res, grpc.Header(&header), grpc.Trailer(&trailer))

	r := reply{cookies: slices.Concat(header.Get("set-cookie"), trailer.Get("set-cookie"))}
	if ids := header.Get("x-kratos-authenticated-identity-id"); len(ids) > 0 {
		r.identityID = ids[0]
	}
	for key := range metadata.Join(header, trailer) {
		if !slices.Contains([]string{"content-type", "set-cookie", "x-kratos-authenticated-identity-id", "grpc-status-details-bin"}, key) {
			t.Errorf("%s is in the answer's metadata", key)
		}
	}
	if err != nil {
		r.failure = status.Convert(err)
		return r
	}
	r.read(t, c.rpc, res)
	return r
}

// read takes what a response holds: what REST would show of it.
func (r *reply) read(t *testing.T, rpc string, res proto.Message) {
	t.Helper()
	switch one := res.(type) {
	case *kratosgrpcv1.GetSchemaResponse:
		r.body = decodeObject(t, one.GetSchema())
		return
	case *kratosgrpcv1.GetWebAuthnJavaScriptResponse:
		r.script = string(one.GetScript())
		return
	case interface {
		GetNextPageToken() string
		GetTotalSize() int32
	}:
		r.next, r.total = one.GetNextPageToken(), int(one.GetTotalSize())
		r.list, _ = jsonOf(t, res)[fieldOfList[rpc]].([]any)
		return
	}
	inner := res.ProtoReflect()
	fields := inner.Descriptor().Fields()
	if outcome := inner.Descriptor().Oneofs().ByName("outcome"); outcome != nil {
		chosen := inner.WhichOneof(outcome)
		if chosen == nil {
			t.Fatalf("%s has no outcome", inner.Descriptor().Name())
		}
		r.outcome, inner = string(chosen.Name()), inner.Get(chosen).Message()
		// The success of a recovery is its flow, and so is that of settings by the path that Kratos 1.x has.
		if flow := inner.Descriptor().Fields().ByName("flow"); flow != nil && (inner.Descriptor().Fields().Len() == 1 || isUpdate(rpc)) {
			inner = inner.Get(flow).Message()
		}
	} else if to := fields.ByName("redirect"); to != nil {
		if !inner.Has(to) {
			to = fields.ByName("flow")
		}
		if to != nil {
			inner = inner.Get(to).Message()
		}
	} else if fields.Len() == 1 && fields.Get(0).Kind() == protoreflect.MessageKind {
		inner = inner.Get(fields.Get(0)).Message()
	}
	if to, ok := inner.Interface().(*kratosgrpcv1.Redirect); ok {
		r.outcome, r.location = "redirect", to.GetLocation()
		return
	}
	r.body = jsonOf(t, inner.Interface())
}

// fieldOfList is the field of a list in its response.
var fieldOfList = map[string]string{
	kratosgrpcv1.SessionService_ListMySessions_FullMethodName:     "sessions",
	kratosgrpcv1.SchemaService_ListIdentitySchemas_FullMethodName: "identity_schemas",
}

func jsonOf(t *testing.T, m proto.Message) map[string]any {
	t.Helper()
	data, err := kratosjson.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return decodeObject(t, data)
}

// isUpdate says whether an RPC is one of those that complete a flow with any method.
func isUpdate(rpc string) bool { return strings.HasPrefix(path.Base(rpc), "Update") }

func (*grpcClient) verify(t *testing.T, r reply, w want) {
	t.Helper()
	if got := r.failure.Code(); got != w.code {
		t.Fatalf("the code is %s, want %s: %v, outcome %q, location %q, body %v", got, w.code, r.failure, r.outcome, r.location, r.body)
	}
	if w.code == codes.OK {
		if r.outcome != w.outcome {
			t.Fatalf("the outcome is %q, want %q: %v", r.outcome, w.outcome, r.body)
		}
		return
	}
	info := verifyDetails(t, r.failure)
	if info.GetReason() != w.reason {
		t.Errorf("the reason is %s, want %s: %v", info.GetReason(), w.reason, r.failure)
	}
	if _, answered := info.GetMetadata()["upstream_http_status"]; answered == w.ours {
		t.Errorf("the metadata is %v, but Kratos has answered: %t", info.GetMetadata(), !w.ours)
	}
	if w.violation != "" {
		if got := violations(r.failure); !slices.Contains(got, w.violation) {
			t.Errorf("the violations are of %v, want %s", got, w.violation)
		}
	}
	if w.replaced {
		md := info.GetMetadata()
		if id := md["replacement_flow_id"]; id == "" || (md["redirect_to"] != "" && !strings.HasSuffix(md["redirect_to"], "/flows?id="+id)) {
			t.Errorf("the metadata does not name the replacement: %v", md)
		}
	}
}

// verifyDetails checks what all errors have in common, and returns their ErrorInfo.
func verifyDetails(t *testing.T, st *status.Status) *errdetails.ErrorInfo {
	t.Helper()
	var infos []*errdetails.ErrorInfo
	var worded []*kratosgrpcv1.UpstreamError
	for _, detail := range st.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			infos = append(infos, detail)
		case *kratosgrpcv1.UpstreamError:
			worded = append(worded, detail)
		case *errdetails.BadRequest, *errdetails.RetryInfo:
		default:
			t.Errorf("there is a detail %v", detail)
		}
	}
	if len(infos) != 1 || infos[0].GetDomain() != "kratosgrpc" {
		t.Fatalf("there is not one ErrorInfo of the domain, but %v, in %v", infos, st)
	}
	if _, ok := kratosgrpcv1.ErrorReason_value["ERROR_REASON_"+infos[0].GetReason()]; !ok {
		t.Errorf("the contract has no reason %s", infos[0].GetReason())
	}
	md := infos[0].GetMetadata()
	switch _, answered := md["upstream_http_status"]; {
	case len(worded) > 1, len(worded) == 1 && !answered:
		t.Errorf("there are unexpected words of Kratos's: %v", worded)
	case len(worded) == 0 && answered && md["redirect_to"] == "" && st.Code() != codes.Unavailable && infos[0].GetReason() != "FLOW_EXPIRED":
		t.Errorf("Kratos's own words are missing: %v", st)
	}
	if st.Message() == "" {
		t.Errorf("there is no message: %v", st)
	}
	verifyNoDebug(t, protojson.Format(st.Proto()))
	return infos[0]
}

// verifyNoDebug looks for what Kratos says for developers: its `debug`, and stack traces wherever they are.
func verifyNoDebug(t *testing.T, text string) {
	t.Helper()
	for _, trace := range []string{`"debug"`, ".go:", "goroutine "} {
		if strings.Contains(text, trace) {
			t.Errorf("%s is in %s", trace, text)
		}
	}
}

// violations are the fields that an error blames.
func violations(st *status.Status) []string {
	var fields []string
	for _, detail := range st.Details() {
		if bad, ok := detail.(*errdetails.BadRequest); ok {
			for _, v := range bad.GetFieldViolations() {
				fields = append(fields, v.GetField())
			}
		}
	}
	return fields
}
