package server_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

type object = map[string]any

func registration(f *fixture, flow string, traits object, password, csrf string) *kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodRequest {
	f.t.Helper()
	return &kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodRequest{
		Flow:    flow,
		Payload: &kratosgrpcv1.RegistrationPasswordPayload{Traits: structOf(f.t, traits), Password: password, CsrfToken: csrf},
	}
}

func structOf(t *testing.T, fields object) *structpb.Struct {
	t.Helper()
	s, err := structpb.NewStruct(fields)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fullTraits has a value of every type that the schema has.
func fullTraits() object {
	return object{
		"email":      newEmail(),
		"name":       object{"first": "Ada", "last": "Lovelace, ☃ & = +"},
		"age":        float64(36),
		"newsletter": true,
		"tags":       []any{"a", "b,c"},
	}
}

func registrationCases() []testCase {
	const (
		initAPI     = kratosgrpcv1.RegistrationService_InitializeRegistrationViaApiFlow_FullMethodName
		initBrowser = kratosgrpcv1.RegistrationService_InitializeRegistrationViaBrowserFlow_FullMethodName
		get         = kratosgrpcv1.RegistrationService_GetRegistrationFlow_FullMethodName
		complete    = kratosgrpcv1.RegistrationService_CompleteRegistrationFlowWithPasswordMethod_FullMethodName
	)
	return []testCase{
		{
			name: "registration, API: start", rpc: initAPI,
			prepare: func(*fixture) (proto.Message, caller) {
				return &kratosgrpcv1.InitializeRegistrationViaApiFlowRequest{}, caller{}
			},
			want: want{check: func(t *testing.T, _ *fixture, r reply) {
				if r.text("type") != "api" || r.field("password", "traits.name.first") == nil {
					t.Errorf("this is no registration flow for API clients: %v", r.body)
				}
				if len(r.cookies) > 0 {
					t.Errorf("an API client gets cookies: %v", r.cookies)
				}
			}},
		},
		{
			name: "registration, API: start with a session", rpc: initAPI,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.InitializeRegistrationViaApiFlowRequest{}, f.session()
			},
			want: want{code: codes.FailedPrecondition, reason: "SESSION_ALREADY_AVAILABLE", status: 400},
		},
		{
			name: "registration, browser: start", rpc: initBrowser, aliases: []int{1},
			prepare: func(*fixture) (proto.Message, caller) {
				return &kratosgrpcv1.InitializeRegistrationViaBrowserFlowRequest{}, caller{html: true}
			},
			want: want{outcome: "redirect", check: leadsToNewFlow("http://127.0.0.1:4455/auth/registration?")},
		},
		{
			name: "registration, browser: start with a session", rpc: initBrowser,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.InitializeRegistrationViaBrowserFlowRequest{}, f.open().logIn().caller()
			},
			want: want{outcome: "redirect", check: leadsTo("http://127.0.0.1:4455/")},
		},
		{
			name: "registration: get an API flow", rpc: get, aliases: []int{1},
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.GetRegistrationFlowRequest{Id: f.start("Registration", caller{})}, caller{}
			},
			want: want{check: isFlow("password")},
		},
		{
			name: "registration: get a browser flow", rpc: get, aliases: []int{1},
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.GetRegistrationFlowRequest{Id: f.open().start("Registration", "password")}, f.browser.caller()
			},
			want: want{check: isFlow("password", "oidc")},
		},
		{
			name: "registration, API: traits of all types", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				return registration(f, f.start("Registration", caller{}), fullTraits(), password, ""), caller{}
			},
			want: want{outcome: "success", check: func(t *testing.T, f *fixture, r reply) {
				want := fullTraits()
				want["email"] = r.at("identity.traits.email")
				if diff := cmp.Diff(want, r.at("identity.traits")); diff != "" {
					t.Errorf("the traits are others (-want +got):\n%s", diff)
				}
				token := r.text("session_token")
				whoami := f.must(service("Session", "Whoami"), nil, caller{sessionToken: token})
				if whoami.text("identity.id") != r.text("identity.id") {
					t.Errorf("the token is not the new identity's: %v", whoami.body)
				}
			}},
		},
		{
			name: "registration, API: flat traits", rpc: complete, restOnly: true,
			prepare: func(f *fixture) (proto.Message, caller) {
				f.account.email = newEmail()
				return &kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodRequest{Flow: f.start("Registration", caller{})}, caller{
					raw: jsonText(f.t, object{
						"traits.email": f.account.email, "traits.name.first": "Ada", "traits.age": 36, "traits.newsletter": false,
						"traits": object{"tags": []string{"a"}}, "password": password, "unknown": object{},
					}),
				}
			},
			want: want{outcome: "success", check: func(t *testing.T, f *fixture, r reply) {
				want := object{"email": f.account.email, "name": object{"first": "Ada"}, "age": float64(36), "newsletter": false, "tags": []any{"a"}}
				if diff := cmp.Diff(want, r.at("identity.traits")); diff != "" {
					t.Errorf("the traits are others (-want +got):\n%s", diff)
				}
			}},
		},
		{
			name: "registration, API: a trait both flat and nested", rpc: complete, restOnly: true,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodRequest{Flow: f.start("Registration", caller{})}, caller{
					raw: `{"traits.email": "a@example.org", "traits": {"email": "b@example.org"}, "password": "irrelevant"}`,
				}
			},
			want: want{code: codes.InvalidArgument, reason: "INVALID_REQUEST", status: 400, ours: true},
		},
		{
			name: "registration, API: empty form", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodRequest{Flow: f.start("Registration", caller{})}, caller{}
			},
			want: want{outcome: "flow", check: isFlow("password")},
		},
		{
			name: "registration, API: no e-mail address", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				return registration(f, f.start("Registration", caller{}), object{"name": object{"first": "Ada"}}, password, ""), caller{}
			},
			want: want{outcome: "flow", check: complains("traits.email", "missing")},
		},
		{
			name: "registration, API: no password", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				return registration(f, f.start("Registration", caller{}), object{"email": newEmail()}, "", ""), caller{}
			},
			want: want{outcome: "flow", check: complains("password", "missing")},
		},
		{
			name: "registration, API: weak password", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				return registration(f, f.start("Registration", caller{}), object{"email": newEmail()}, "short", ""), caller{}
			},
			want: want{outcome: "flow", check: complains("password", "at least")},
		},
		{
			name: "registration, API: trait of a wrong type", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				return registration(f, f.start("Registration", caller{}), object{"email": newEmail(), "age": "old"}, password, ""), caller{}
			},
			want: want{outcome: "flow", check: complains("traits.age", "integer")},
		},
		{
			name: "registration, API: address that is taken", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				f.register()
				return registration(f, f.start("Registration", caller{}), object{"email": f.account.email}, password, ""), caller{}
			},
			want: want{outcome: "flow", check: func(t *testing.T, _ *fixture, r reply) {
				if text, _ := r.formMessage()["text"].(string); !strings.Contains(text, "exists already") {
					t.Errorf("the form does not say that the address is taken: %v", r.body)
				}
			}},
		},
		{
			name: "registration, browser", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				b := f.open()
				return registration(f, b.start("Registration", "password"), fullTraits(), password, b.csrf), b.caller()
			},
			want: want{outcome: "redirect", check: leadsToWithSession("http://127.0.0.1:4455/")},
		},
		{
			name: "registration, browser: no password", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				b := f.open()
				return registration(f, b.start("Registration", "password"), fullTraits(), "", b.csrf), b.caller()
			},
			want: want{outcome: "redirect", check: leadsBackToFlow},
		},
		{
			name: "registration, browser: wrong anti-CSRF token", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				b := f.open()
				return registration(f, b.start("Registration", "password"), fullTraits(), password, "bm90IHRoZSB0b2tlbg=="), b.caller()
			},
			want: want{outcome: "redirect", check: leadsToError},
		},
	}
}

// complains checks that the form of the password method, or of the profile method, has a message on a field.
func complains(name, about string) func(*testing.T, *fixture, reply) {
	return func(t *testing.T, _ *fixture, r reply) {
		t.Helper()
		for _, method := range []string{"password", "profile"} {
			messages, _ := r.field(method, name)["messages"].([]any)
			for _, m := range messages {
				if text, _ := at(m, "text").(string); strings.Contains(text, about) {
					return
				}
			}
		}
		t.Errorf("there is no message on %s that says %q: %v", name, about, r.body)
	}
}
