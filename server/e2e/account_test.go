package e2e

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/structpb"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// register makes an account over gRPC, and returns the token of its session.
func (s *stack) register(t *testing.T, email, password string) (token string) {
	t.Helper()
	service := kratosgrpcv1.NewRegistrationServiceClient(s.grpc)
	started, err := service.InitializeRegistrationViaApiFlow(t.Context(), &kratosgrpcv1.InitializeRegistrationViaApiFlowRequest{})
	if err != nil {
		t.Fatal(err)
	}
	res, err := service.CompleteRegistrationFlowWithPasswordMethod(t.Context(), &kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodRequest{
		Flow: started.GetFlow().GetId(),
		Payload: &kratosgrpcv1.RegistrationPasswordPayload{
			Traits:   &structpb.Struct{Fields: map[string]*structpb.Value{"email": structpb.NewStringValue(email)}},
			Password: password,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if token = res.GetSuccess().GetSessionToken(); token == "" {
		t.Fatalf("registering %s: %v", email, res)
	}
	return token
}

// canLogIn says whether a password is the account's.
func (s *stack) canLogIn(t *testing.T, email, password string) bool {
	t.Helper()
	service := kratosgrpcv1.NewLoginServiceClient(s.grpc)
	started, err := service.InitializeLoginViaApiFlow(t.Context(), &kratosgrpcv1.InitializeLoginViaApiFlowRequest{})
	if err != nil {
		t.Fatal(err)
	}
	res, err := service.CompleteLoginFlowWithPasswordMethod(t.Context(), &kratosgrpcv1.CompleteLoginFlowWithPasswordMethodRequest{
		Flow:    started.GetFlow().GetId(),
		Payload: &kratosgrpcv1.LoginPasswordPayload{Identifier: email, Password: password},
	})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetSuccess().GetSession().GetActive()
}

// whoami asks over gRPC whose session it is that a call with these metadata has.
func (s *stack) whoami(ctx context.Context, t *testing.T) *kratosgrpcv1.Session {
	t.Helper()
	res, err := kratosgrpcv1.NewSessionServiceClient(s.grpc).Whoami(ctx, &kratosgrpcv1.WhoamiRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetSession()
}

// withToken is a call's context with a session token.
func withToken(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "x-session-token", token)
}

// sessionCookie is the cookie that is a browser's session.
const sessionCookie = "ory_kratos_session"

// cookies are what a gRPC client that serves a browser keeps for it.
type cookies struct {
	kept map[string]string
}

// keep keeps the cookies of an answer.
func (c *cookies) keep(t *testing.T, header metadata.MD) {
	t.Helper()
	if c.kept == nil {
		c.kept = map[string]string{}
	}
	for _, line := range header.Get("set-cookie") {
		cookie, err := http.ParseSetCookie(line)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		c.kept[cookie.Name] = cookie.Value
	}
}

func (c *cookies) session() string { return c.kept[sessionCookie] }

// with is a call's context with the cookies.
func (c *cookies) with(ctx context.Context) context.Context {
	var pairs []string
	for name, value := range c.kept {
		pairs = append(pairs, name+"="+value)
	}
	return metadata.AppendToOutgoingContext(ctx, "cookie", strings.Join(pairs, "; "))
}
