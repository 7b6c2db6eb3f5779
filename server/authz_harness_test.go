package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc/codes"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// canned are what is in cannedSession.
const (
	cannedIdentity = "eec37e13-f8b7-4acf-ab55-8c3827a9e4fb"
	cannedID       = "c3c4c688-5a9f-4b6f-a731-b86640d1cf3c"
)

// noCannedSession is what Kratos 1.3.1 answers to whoami without a session.
const noCannedSession = `{"error":{"code":401,"status":"Unauthorized","reason":"No valid session credentials found in the request.","message":"The request could not be authorized"}}`

// knows is a handler that knows one session, by its token or by its cookie.
func knows(token string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		cookie, _ := r.Cookie("ory_kratos_session")
		if r.Header.Get("X-Session-Token") == token || r.Header.Get("Authorization") == "Bearer "+token || cookie != nil && cookie.Value == token {
			answers(http.StatusOK, cannedSession)(w, r)
			return
		}
		answers(http.StatusUnauthorized, noCannedSession)(w, r)
	}
}

// startAuthz serves in front of a stub of Kratos 1.x.
func startAuthz(t *testing.T, kratos http.HandlerFunc, configure ...func(*server.Config)) (*testServer, *stub) {
	t.Helper()
	upstream := startStub(t, kratos)
	adapter, err := kratosv1.New(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	// A slow machine is no reason to deny.
	patient := func(c *server.Config) { c.Authz.Timeout = 10 * time.Second }
	return startServer(t, adapter, append([]func(*server.Config){patient}, configure...)...), upstream
}

// request is a request that is to be authorized.
type request struct {
	method, path string
	headers      map[string]string
	raw          []*corev3.HeaderValue
	extensions   map[string]string
}

func (r request) check() *authv3.CheckRequest {
	http := &authv3.AttributeContext_HttpRequest{
		Id: "envoys-own", Method: r.method, Scheme: "https", Host: "app.example.org", Path: r.path, Protocol: "HTTP/1.1", Headers: r.headers,
	}
	if r.raw != nil {
		http.HeaderMap = &corev3.HeaderMap{Headers: r.raw}
	}
	if r.method == "" {
		http.Method = "GET"
	}
	if r.path == "" {
		http.Path = "/orders?page=2"
	}
	return &authv3.CheckRequest{Attributes: &authv3.AttributeContext{Request: &authv3.AttributeContext_Request{Http: http}, ContextExtensions: r.extensions}}
}

func raw(pairs ...string) []*corev3.HeaderValue {
	headers := []*corev3.HeaderValue{}
	for i := 0; i < len(pairs); i += 2 {
		headers = append(headers, &corev3.HeaderValue{Key: pairs[i], RawValue: []byte(pairs[i+1])})
	}
	return headers
}

func authorize(t *testing.T, s *testServer, r request) *authv3.CheckResponse {
	t.Helper()
	res, err := authv3.NewAuthorizationClient(s.conn).Check(t.Context(), r.check())
	if err != nil {
		t.Fatalf("Check answers an error, which Envoy may take for a yes: %v", err)
	}
	return res
}

// told is a verdict as a line: what Envoy is told to do.
func told(res *authv3.CheckResponse) string {
	var parts []string
	headers := func(kind string, options []*corev3.HeaderValueOption) {
		for _, option := range options {
			sign := "="
			if option.GetAppendAction() == corev3.HeaderValueOption_APPEND_IF_EXISTS_OR_ADD {
				sign = "+="
			}
			parts = append(parts, kind+option.GetHeader().GetKey()+sign+option.GetHeader().GetValue())
		}
	}
	if ok := res.GetOkResponse(); ok != nil {
		parts = append(parts, codes.Code(res.GetStatus().GetCode()).String())
		headers("", ok.GetHeaders())
		for _, name := range slices.Sorted(slices.Values(ok.GetHeadersToRemove())) {
			parts = append(parts, "-"+name)
		}
		headers("<", ok.GetResponseHeadersToAdd())
	} else {
		denied := res.GetDeniedResponse()
		parts = append(parts, codes.Code(res.GetStatus().GetCode()).String(), fmt.Sprint(int(denied.GetStatus().GetCode())), res.GetDynamicMetadata().GetFields()["reason"].GetStringValue())
		headers("<", denied.GetHeaders())
	}
	return strings.Join(parts, " ")
}

// toLogIn is the end of the verdict that sends a browser to log in.
func toLogIn(path string, more ...string) string {
	query := url.Values{"return_to": {"https://app.example.org" + path}}
	for i := 0; i < len(more); i += 2 {
		query.Set(more[i], more[i+1])
	}
	return "<cache-control=no-store <location=https://id.example.org/login?" + query.Encode()
}
