package server

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server/internal/authz"
	"github.com/kratosgrpc/kratosgrpc/server/internal/sessions"
)

// fakeKratos knows one session, by a token and a cookie that are "good". That can be told of every question.
type fakeKratos struct {
	adapters.Unsupported

	knew bool
}

func (*fakeKratos) API() string                 { return adapters.V1 }
func (*fakeKratos) SessionCookie() string       { return "ory_kratos_session" }
func (*fakeKratos) Ready(context.Context) error { return nil }

func (k *fakeKratos) Whoami(_ context.Context, x *adapters.Exchange, _ *kratosgrpcv1.WhoamiRequest) (*kratosgrpcv1.WhoamiResponse, error) {
	cookies := x.Caller.CookieHeader(func(name string) bool { return name == "ory_kratos_session" })
	switch {
	case x.Caller.Credential.Token == "good", cookies == "ory_kratos_session=good":
	case x.Caller.Credential.Token == "broken":
		return nil, &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE, Err: errors.New("broken")}
	case x.Caller.Credential.Token == "odd":
		return nil, errors.New("odd")
	default:
		return nil, authz.NoSession()
	}
	k.knew = true
	x.Answer.IdentityID = "i"
	traits, _ := structpb.NewStruct(map[string]any{"email": "zoë@example.org\r\n"})
	return &kratosgrpcv1.WhoamiResponse{Session: &kratosgrpcv1.Session{
		Id: "s", AuthenticatorAssuranceLevel: "aal1", Identity: &kratosgrpcv1.Identity{Id: "i", Traits: traits},
	}}, nil
}

// FuzzCheck checks what can't be believed to come from Envoy: no panic, no verdict that Envoy can't be told, no request that
// passes without a session where one is required, and no identity but the session's.
func FuzzCheck(f *testing.F) {
	seed := func(extensions map[string]string, http *authv3.AttributeContext_HttpRequest) {
		data, err := proto.Marshal(&authv3.CheckRequest{Attributes: &authv3.AttributeContext{
			ContextExtensions: extensions, Request: &authv3.AttributeContext_Request{Http: http},
		}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "x-session-token", []byte("bad"))
		f.Add(data, "Cookie", []byte("a=\xff; ory_kratos_session=good"))
		f.Add(data, "authorization", []byte("Bearer good"))
	}
	seed(nil, nil)
	seed(nil, &authv3.AttributeContext_HttpRequest{
		Method: "GET", Scheme: "https", Host: "app.example.org", Path: "/a?b=c",
		Headers: map[string]string{"authorization": "Bearer good", "x_kratos_authenticated_identity_id": "other", "accept": "text/html;q=0.9", "x-request-id": "r"},
	})
	seed(map[string]string{"session": "optional", "required_aal": "aal1", "max_staleness": "0s", "login_url": "https://id.example.org/"}, &authv3.AttributeContext_HttpRequest{
		Headers: map[string]string{"x-session-token": "good,good", "cookie": "ory_kratos_session=good; x=y", "content-type": "application/grpc"},
	})
	seed(map[string]string{"session": "optinal", "trait.email": `["a"]`}, &authv3.AttributeContext_HttpRequest{
		Headers: map[string]string{"authorization": "Basic x, Bearer good", "x-session-token": "odd"},
	})

	kratos := new(fakeKratos)
	config := DefaultConfig()
	config.Logger = slog.New(slog.DiscardHandler)
	lookup, err := sessions.New(sessions.Options{Timeout: time.Second})
	if err != nil {
		f.Fatal(err)
	}
	owned := []string{authz.IdentityHeader, "x-email", "x-none"}
	verdicts, err := authz.New(authz.Options{
		Timeout: time.Second, LoginURL: "https://id.example.org/login", RemoveCredential: true,
		Headers: map[string]string{"x-email": "identity.traits.email", "x-none": "identity.traits.none"},
	})
	if err != nil {
		f.Fatal(err)
	}
	service := &authzService{
		backend: &backend{upstream: newUpstream(kratos, &config), sessions: lookup}, verdicts: verdicts, timeout: time.Second, logger: config.Logger,
	}

	f.Fuzz(func(t *testing.T, data []byte, name string, value []byte) {
		req := new(authv3.CheckRequest)
		if proto.Unmarshal(data, req) != nil {
			return
		}
		if http := req.GetAttributes().GetRequest().GetHttp(); http != nil {
			if http.HeaderMap == nil { //nolint:protogetter // To be set.
				http.HeaderMap = new(corev3.HeaderMap)
			}
			http.HeaderMap.Headers = append(http.HeaderMap.Headers, &corev3.HeaderValue{Key: name, RawValue: value})
		}
		kratos.knew = false
		res, err := service.Check(t.Context(), req)
		if err != nil {
			t.Fatalf("an error, which Envoy may take for a yes: %v", err)
		}
		if _, err := proto.Marshal(res); err != nil {
			t.Fatalf("the verdict can't be told: %v", err)
		}
		if codes.Code(res.GetStatus().GetCode()) != codes.OK {
			if res.GetDeniedResponse().GetStatus().GetCode() < 300 {
				t.Errorf("denied with %v", res)
			}
			return
		}
		ok := res.GetOkResponse()
		if ok == nil {
			t.Fatalf("allowed with %v", res)
		}
		isOptional := req.GetAttributes().GetContextExtensions()["session"] == "optional"
		if !kratos.knew && !isOptional {
			t.Error("a request passes without a session")
		}
		for _, name := range owned {
			i := slices.IndexFunc(ok.GetHeaders(), func(h *corev3.HeaderValueOption) bool { return h.GetHeader().GetKey() == name })
			removed := slices.Contains(ok.GetHeadersToRemove(), name)
			switch {
			case i >= 0 == removed:
				t.Errorf("%s is neither set nor removed, or both: %v", name, ok)
			case i >= 0 && !kratos.knew:
				t.Errorf("%s is set without a session: %v", name, ok)
			case i >= 0 && ok.GetHeaders()[i].GetAppendAction() != corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD:
				t.Errorf("%s is added to what the caller may have brought: %v", name, ok)
			case name == authz.IdentityHeader && i >= 0 && ok.GetHeaders()[i].GetHeader().GetValue() != "i":
				t.Errorf("an identity that is not the session's: %v", ok)
			}
		}
	})
}
