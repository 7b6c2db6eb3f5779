package server_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest/testpki"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// servedRPCs are all RPCs of a server, as it says itself.
func servedRPCs(t *testing.T, conn *grpc.ClientConn) []protoreflect.MethodDescriptor {
	t.Helper()
	ask := &reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}
	answer := new(reflectionpb.ServerReflectionResponse)
	if err := stream(t, conn, reflectionpb.ServerReflection_ServerReflectionInfo_FullMethodName, ask, answer); err != nil {
		t.Fatal(err)
	}
	var all []protoreflect.MethodDescriptor
	for _, service := range answer.GetListServicesResponse().GetService() {
		found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service.GetName()))
		if err != nil {
			t.Fatal(err)
		}
		methods := found.(protoreflect.ServiceDescriptor).Methods()
		for i := range methods.Len() {
			all = append(all, methods.Get(i))
		}
	}
	return all
}

// fullMethod is an RPC as policies write it.
func fullMethod(rpc protoreflect.MethodDescriptor) string {
	return fmt.Sprintf("%s/%s", rpc.Parent().FullName(), rpc.Name())
}

// mayCall tells whether a connection's caller may call an RPC. What else is wrong with the call does not matter.
func mayCall(t *testing.T, conn *grpc.ClientConn, rpc protoreflect.MethodDescriptor) bool {
	t.Helper()
	in, out := dynamicpb.NewMessage(rpc.Input()), dynamicpb.NewMessage(rpc.Output())
	method := "/" + fullMethod(rpc)
	if rpc.IsStreamingServer() {
		return !refused(t, stream(t, conn, method, in, out))
	}
	err := conn.Invoke(t.Context(), method, in, out)
	if method != authv3.Authorization_Check_FullMethodName {
		return !refused(t, err)
	}
	verdict := new(authv3.CheckResponse)
	if data, marshalErr := proto.Marshal(out); err != nil || marshalErr != nil || proto.Unmarshal(data, verdict) != nil {
		t.Fatalf("Check answers an error, which Envoy may take for a yes: %v", err)
	}
	return !strings.HasPrefix(told(verdict), "PermissionDenied 403 CALLER_NOT_ALLOWED ")
}

// route is a path by which REST leads to an RPC.
type route struct{ method, path, body string }

var pathParameter = regexp.MustCompile(`\{[^}]*\}`)

// routesOf are an RPC's.
func routesOf(t *testing.T, rpc protoreflect.MethodDescriptor) []route {
	t.Helper()
	rule, _ := proto.GetExtension(rpc.Options(), annotations.E_Http).(*annotations.HttpRule)
	if rule == nil {
		return nil
	}
	var all []route
	for _, r := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
		one := route{method: "GET", path: r.GetGet()}
		for method, path := range map[string]string{"POST": r.GetPost(), "PUT": r.GetPut(), "PATCH": r.GetPatch(), "DELETE": r.GetDelete()} {
			if path != "" {
				one = route{method: method, path: path}
			}
		}
		if one.path == "" {
			t.Fatalf("%s has a route of a kind that is not known: %v", rpc.FullName(), r)
		}
		if r.GetBody() != "" {
			one.body = "{}"
		}
		one.path = pathParameter.ReplaceAllString(one.path, "3fa85f64-5717-4562-b3fc-2c963f66afa6")
		all = append(all, one)
	}
	return all
}

// mayRequest is mayCall for REST.
func mayRequest(t *testing.T, client *http.Client, s *testServer, r route) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), r.method, secure(s, r.path), strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Session-Token", "t")
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode != http.StatusForbidden || !strings.Contains(string(body), `"CALLER_NOT_ALLOWED"`)
}

// TestPolicyOfEveryRPC: of all RPCs that there are, by gRPC and by each path of REST, a caller may make those that a rule gives
// to it, and a caller of another rule may not. Kratos hears of none that is refused.
func TestPolicyOfEveryRPC(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	all := servedRPCs(t, startServer(t, new(recorder)).conn)
	var rules strings.Builder
	rules.WriteString("rules:\n")
	// Each RPC has a caller of its own, who is named like it.
	for _, rpc := range all {
		fmt.Fprintf(&rules, "  - { callers: [spiffe://example.org/%[1]s], methods: [%[1]s] }\n", fullMethod(rpc))
	}
	path := testpki.Write(t, m.dir, "policy.yaml", []byte(rules.String()))
	policy := func(c *server.Config) { c.PolicyFile = path }
	answering := startWithSession(t, m.serve, policy)
	upstream := startStub(t, answers(http.StatusOK, stubSession))
	refusing := startServer(t, newAdapter(t, upstream.URL), m.serve, policy)

	routes := 0
	for i, rpc := range all {
		own, others := m.config("spiffe://example.org/"+fullMethod(rpc)), m.config("spiffe://example.org/"+fullMethod(all[(i+1)%len(all)]))
		if !mayCall(t, m.dial(answering, own), rpc) {
			t.Errorf("%s: its caller may not call it", rpc.FullName())
		}
		if mayCall(t, m.dial(refusing, others), rpc) {
			t.Errorf("%s: another one's caller may call it", rpc.FullName())
		}
		ownClient, othersClient := m.browse(own), m.browse(others)
		for _, r := range routesOf(t, rpc) {
			routes++
			if !mayRequest(t, ownClient, answering, r) {
				t.Errorf("%s: its caller may not request %s %s", rpc.FullName(), r.method, r.path)
			}
			if mayRequest(t, othersClient, refusing, r) {
				t.Errorf("%s: another one's caller may request %s %s", rpc.FullName(), r.method, r.path)
			}
		}
	}
	for _, asked := range upstream.requests() {
		if asked.URL.Path != "/health/ready" {
			t.Errorf("Kratos was asked for %s", asked.URL)
		}
	}
	if len(all) < 45 || routes < 45 {
		t.Errorf("there are only %d RPCs and %d routes", len(all), routes)
	}
	t.Logf("%d RPCs, %d routes", len(all), routes)
}
