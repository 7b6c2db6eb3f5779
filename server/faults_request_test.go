package server_test

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// startUnasked serves a Kratos that no bad request may reach. When the test ends, it has to be served still.
func startUnasked(t *testing.T) *testServer {
	t.Helper()
	upstream := startStub(t, answers(http.StatusOK, stubSession))
	s := startServer(t, newAdapter(t, upstream.URL))
	t.Cleanup(func() {
		if asked := upstream.requests(); len(asked) > 0 {
			t.Errorf("Kratos was asked: %s %s", asked[0].Method, asked[0].URL)
		}
	})
	return s
}

// stillServes checks that a server is none the worse for what it was sent.
func stillServes(t *testing.T, s *testServer) {
	t.Helper()
	if status, _ := getPath(t, s, "/healthz"); status != http.StatusOK {
		t.Errorf("/healthz answers %d", status)
	}
	schema := &kratosgrpcv1.GetSchemaRequest{Id: ".."} // Answered without Kratos.
	if _, err := kratosgrpcv1.NewSchemaServiceClient(s.conn).GetSchema(t.Context(), schema); status.Code(err) != codes.NotFound {
		t.Errorf("the server no longer serves: %v", err)
	}
}

// TestBadRESTRequests sends what is no request of the REST view.
func TestBadRESTRequests(t *testing.T) {
	t.Parallel()
	const (
		flow       = "/self-service/login/methods/password?flow=f"
		asJSON     = "application/json"
		asForm     = "application/x-www-form-urlencoded"
		invalid    = "INVALID_REQUEST"
		unknown    = "UNKNOWN_METHOD"
		twentyMega = 20 << 20
	)
	s := startUnasked(t)
	for name, c := range map[string]struct {
		method, path, contentType, body string
		header                          http.Header
		status                          int
		reason                          string
	}{
		"JSON that breaks off":            {method: "POST", path: flow, contentType: asJSON, body: `{"identifier": "a`, status: 400, reason: invalid},
		"JSON that is none":               {method: "POST", path: flow, contentType: asJSON, body: `identifier=a`, status: 400, reason: invalid},
		"JSON of another kind":            {method: "POST", path: flow, contentType: asJSON, body: `["identifier"]`, status: 400, reason: invalid},
		"JSON twice":                      {method: "POST", path: flow, contentType: asJSON, body: `{}{}`, status: 400, reason: invalid},
		"JSON with a number for a text":   {method: "POST", path: flow, contentType: asJSON, body: `{"password": 1}`, status: 400, reason: invalid},
		"JSON with an object for a text":  {method: "POST", path: flow, contentType: asJSON, body: `{"password": {"$ne": ""}}`, status: 400, reason: invalid},
		"JSON that is too deep":           {method: "POST", path: flow, contentType: asJSON, body: strings.Repeat(`{"a":`, 20000), status: 400, reason: invalid},
		"form that is malformed":          {method: "POST", path: flow, contentType: asForm, body: `password=%zz`, status: 400, reason: invalid},
		"multipart":                       {method: "POST", path: flow, contentType: "multipart/form-data; boundary=x", body: "--x--", status: 400, reason: invalid},
		"plain text":                      {method: "POST", path: flow, contentType: "text/plain", body: `{"password":"x"}`, status: 400, reason: invalid},
		"unknown content type":            {method: "POST", path: flow, contentType: "application/x-unknown", body: `{}`, status: 400, reason: invalid},
		"no content type":                 {method: "POST", path: flow, body: `{}`, status: 400, reason: invalid},
		"20 MiB of JSON":                  {method: "POST", path: flow, contentType: asJSON, body: `{"password":"` + strings.Repeat("x", twentyMega) + `"}`, status: 413, reason: "MESSAGE_TOO_LARGE"},
		"20 MiB of a form":                {method: "POST", path: flow, contentType: asForm, body: "password=" + strings.Repeat("x", twentyMega), status: 413, reason: "MESSAGE_TOO_LARGE"},
		"20 MiB in another type":          {method: "POST", path: flow, contentType: "text/plain", body: strings.Repeat("x", twentyMega), status: 400, reason: invalid},
		"number that a double can't hold": {method: "POST", path: "/self-service/registration/methods/password?flow=f", contentType: asJSON, body: `{"traits.id": 9007199254740993}`, status: 400, reason: invalid},
		"number in a form for any method": {method: "POST", path: "/self-service/login?flow=f", contentType: asJSON, body: `{"deep": [{"n": 9007199254740993}]}`, status: 400, reason: invalid},
		"no UTF-8, in one for any method": {method: "POST", path: "/self-service/login?flow=f", contentType: asForm, body: "password=%ff", status: 400, reason: invalid},
		"depth, in one for any method":    {method: "POST", path: "/self-service/login?flow=f", contentType: asJSON, body: strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000), status: 400, reason: invalid},
		"text, in one for any method":     {method: "POST", path: "/self-service/login?flow=f", contentType: "text/plain", body: `{"method":"password"}`, status: 400, reason: invalid},
		"list, in one for any method":     {method: "POST", path: "/self-service/login?flow=f", contentType: asJSON, body: `[]`, status: 400, reason: invalid},
		"two methods":                     {method: "POST", path: "/self-service/login?flow=f&method=code", contentType: asJSON, body: `{"method":"password"}`, status: 400, reason: invalid},
		"two methods, one of them odd":    {method: "POST", path: "/self-service/login?flow=f&method=code", contentType: asForm, body: "method=code&method=code", status: 400, reason: invalid},
		"text that is no UTF-8":           {method: "POST", path: "/self-service/registration/methods/password?flow=f", contentType: asForm, body: "traits.email=%ff", status: 400, reason: invalid},
		"text that is no UTF-8, password": {method: "POST", path: flow, contentType: asForm, body: "password=%ff", status: 400, reason: invalid},
		"unknown path":                    {method: "GET", path: "/nowhere", status: 404, reason: unknown},
		"root":                            {method: "GET", path: "/", status: 404, reason: unknown},
		"Kratos's admin API":              {method: "GET", path: "/identities", status: 404, reason: unknown},
		"wrong method":                    {method: "PUT", path: "/sessions", status: 405, reason: unknown},
		"form for what is no form":        {method: "POST", path: "/self-service/login/api", contentType: asForm, body: "a=b", status: 405, reason: unknown},
		"method in a header":              {method: "POST", path: "/self-service/login/api", contentType: asForm, header: http.Header{"X-Http-Method-Override": {"GET"}}, status: 405, reason: unknown},
		"conflicting authorization":       {method: "GET", path: "/sessions/whoami", header: http.Header{"Authorization": {"Bearer a", "Bearer b"}}, status: 400, reason: invalid},
		"conflicting session tokens":      {method: "GET", path: "/sessions/whoami", header: http.Header{"X-Session-Token": {"a", "b"}}, status: 400, reason: invalid},
		"tab in the authorization":        {method: "GET", path: "/sessions/whoami", header: http.Header{"Authorization": {"Bearer a\tb"}}, status: 400, reason: invalid},
		"no ASCII in the session token":   {method: "GET", path: "/sessions/whoami", header: http.Header{"X-Session-Token": {"a\x80"}}, status: 400, reason: invalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req, err := http.NewRequestWithContext(t.Context(), c.method, s.rest+c.path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			maps.Copy(req.Header, c.header)
			if c.contentType != "" {
				req.Header.Set("Content-Type", c.contentType)
			}
			res, err := s.http.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			r := readReply(t, res)
			if res.StatusCode != c.status || r.text("error.details.reason") != c.reason {
				t.Errorf("the answer is %d, %v; want %d, %s", res.StatusCode, r.body, c.status, c.reason)
			}
			verifyErrorBody(t, r)
			stillServes(t, s)
		})
	}
}

// rawCodec sends bytes as they are.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) ([]byte, error) {
	data, ok := v.([]byte)
	if !ok {
		return nil, errors.New("not bytes")
	}
	return data, nil
}

func (rawCodec) Unmarshal([]byte, any) error { return nil }

// TestBadGRPCRequests sends what is no request of the contract.
func TestBadGRPCRequests(t *testing.T) {
	t.Parallel()
	const completion = kratosgrpcv1.LoginService_CompleteLoginFlowWithPasswordMethod_FullMethodName
	s := startUnasked(t)
	for name, c := range map[string]struct {
		rpc    string
		bytes  []byte
		header metadata.MD
		code   codes.Code
		reason string
	}{
		"bytes that are no message":     {rpc: completion, bytes: []byte{0x0a, 0xff}, code: codes.InvalidArgument, reason: "INVALID_REQUEST"},
		"text that is no UTF-8":         {rpc: completion, bytes: []byte{0x0a, 0x01, 0xff}, code: codes.InvalidArgument, reason: "INVALID_REQUEST"},
		"nothing":                       {rpc: completion, bytes: nil, code: codes.InvalidArgument, reason: "INVALID_REQUEST"},
		"2 MiB":                         {rpc: completion, bytes: make([]byte, 2<<20), code: codes.ResourceExhausted, reason: "MESSAGE_TOO_LARGE"},
		"unknown RPC":                   {rpc: "/kratosgrpc.v1.LoginService/Nothing", code: codes.Unimplemented, reason: "UNKNOWN_METHOD"},
		"unknown service":               {rpc: "/nobody.v1.Service/Nothing", code: codes.Unimplemented, reason: "UNKNOWN_METHOD"},
		"conflicting authorization":     {rpc: kratosgrpcv1.SessionService_Whoami_FullMethodName, header: metadata.Pairs("authorization", "Bearer a", "authorization", "Bearer b"), code: codes.InvalidArgument, reason: "INVALID_REQUEST"},
		"conflicting session tokens":    {rpc: kratosgrpcv1.SessionService_Whoami_FullMethodName, header: metadata.Pairs("x-session-token", "a", "x-session-token", "b"), code: codes.InvalidArgument, reason: "INVALID_REQUEST"},
		"tab in the authorization":      {rpc: kratosgrpcv1.SessionService_Whoami_FullMethodName, header: metadata.Pairs("authorization", "Bearer a\tb"), code: codes.InvalidArgument, reason: "INVALID_REQUEST"},
		"no ASCII in the session token": {rpc: kratosgrpcv1.SessionService_Whoami_FullMethodName, header: metadata.Pairs("x-session-token", "a\x80"), code: codes.InvalidArgument, reason: "INVALID_REQUEST"},
		"tab in a cookie":               {rpc: kratosgrpcv1.SessionService_Whoami_FullMethodName, header: metadata.Pairs("cookie", "ory_kratos_session=a\tb"), code: codes.InvalidArgument, reason: "INVALID_REQUEST"},
		"no ASCII in the accept":        {rpc: kratosgrpcv1.SessionService_Whoami_FullMethodName, header: metadata.Pairs("accept", "text/html\x80"), code: codes.InvalidArgument, reason: "INVALID_REQUEST"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var st *status.Status
			if sendable(c.header) {
				ctx := metadata.NewOutgoingContext(t.Context(), c.header)
				st = status.Convert(s.conn.Invoke(ctx, c.rpc, c.bytes, new([]byte), grpc.ForceCodec(rawCodec{})))
			} else {
				st = callByHTTP2(t, s, c.rpc, c.header)
			}
			if st.Code() != c.code {
				t.Fatalf("got %v, want %s", st, c.code)
			}
			if info := verifyDetails(t, st); info.GetReason() != c.reason {
				t.Errorf("the reason is %s, want %s", info.GetReason(), c.reason)
			}
			stillServes(t, s)
		})
	}
}

// sendable says whether a gRPC client would send metadata. It refuses what other clients may send all the same.
func sendable(md metadata.MD) bool {
	for _, values := range md {
		if slices.ContainsFunc(values, func(v string) bool { return strings.ContainsFunc(v, func(c rune) bool { return c < ' ' || c > '~' }) }) {
			return false
		}
	}
	return true
}

// TestHugeGRPCRequest sends what is too large even to be read. gRPC itself refuses that, without a reason.
func TestHugeGRPCRequest(t *testing.T) {
	t.Parallel()
	const completion = kratosgrpcv1.LoginService_CompleteLoginFlowWithPasswordMethod_FullMethodName
	s := startUnasked(t)
	err := s.conn.Invoke(t.Context(), completion, make([]byte, 20<<20), new([]byte), grpc.ForceCodec(rawCodec{}))
	if st := status.Convert(err); st.Code() != codes.ResourceExhausted || len(st.Details()) > 0 {
		t.Errorf("got %v; if it has details by now, the server has read it all", err)
	}
	stillServes(t, s)
}
