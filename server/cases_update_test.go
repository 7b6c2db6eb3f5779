package server_test

import (
	"slices"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// The numbers of some of Kratos 1.x's messages.
const (
	noSuchMethod      = 4010002
	chooseCredential  = 1040009
	passwordTooShort  = 4000032
	propertyIsMissing = 4000002
	wrongType         = 4000026
	changesSaved      = 1050001
	linkSent          = 1060002
	verifyLinkSent    = 1080001
)

// messageIDs are the numbers of all messages in a flow's ui.
func messageIDs(flow map[string]any) []int {
	var ids []int
	add := func(messages any) {
		list, _ := messages.([]any)
		for _, m := range list {
			if id, ok := at(m, "id").(float64); ok {
				ids = append(ids, int(id))
			}
		}
	}
	add(at(flow, "ui.messages"))
	nodes, _ := at(flow, "ui.nodes").([]any)
	for _, node := range nodes {
		add(at(node, "messages"))
	}
	return ids
}

// node finds an element of a flow's ui by its name, or its id.
func node(flow map[string]any, name string) map[string]any {
	nodes, _ := at(flow, "ui.nodes").([]any)
	for _, n := range nodes {
		if at(n, "attributes.name") == name || at(n, "attributes.id") == name {
			found, _ := n.(map[string]any)
			return found
		}
	}
	return nil
}

// says checks that the flow at hand has a message of that number.
func says(id int) func(*testing.T, *fixture, reply) {
	return func(t *testing.T, f *fixture, r reply) {
		t.Helper()
		if r.text("id") != f.flow {
			t.Errorf("the flow is %s, want %s", r.text("id"), f.flow)
		}
		if got := messageIDs(r.body); !slices.Contains(got, id) {
			t.Errorf("the messages are %v, want %d: %v", got, id, r.body)
		}
	}
}

// script is the caller of a browser in which a script sends JSON.
func (b *browser) script() caller {
	c := b.caller()
	c.html, c.json = false, true
	return c
}

// updateCases are those of completing a login or a registration with any method, which only Kratos 1.x has.
func updateCases() []testCase {
	const (
		login       = kratosgrpcv1.LoginService_UpdateLoginFlow_FullMethodName
		signUp      = kratosgrpcv1.RegistrationService_UpdateRegistrationFlow_FullMethodName
		initLogin   = kratosgrpcv1.LoginService_InitializeLoginViaBrowserFlow_FullMethodName
		initSignUp  = kratosgrpcv1.RegistrationService_InitializeRegistrationViaBrowserFlow_FullMethodName
		homepage    = "http://127.0.0.1:4455/"
		onlyIn      = kratostest.V13
		passwordKey = "password"
	)
	credentials := func(f *fixture, secret, csrf string) object {
		form := object{"method": "password", "identifier": f.account.email, passwordKey: secret}
		if csrf != "" {
			form["csrf_token"] = csrf
		}
		return form
	}
	asRequest := func(rpc string, fields func(f *fixture) (object, caller)) func(f *fixture) (proto.Message, caller) {
		return func(f *fixture) (proto.Message, caller) {
			message, c := fields(f)
			return requestOf(f.t, rpc, message), c
		}
	}
	return []testCase{
		{
			name: "update login, API", rpc: login, only: onlyIn,
			prepare: asRequest(login, func(f *fixture) (object, caller) {
				f.register()
				return object{"flow": f.start("Login", caller{}), "payload": credentials(f, password, "")}, caller{}
			}),
			want: want{outcome: "success", check: func(t *testing.T, f *fixture, r reply) {
				if !f.alive(r.text("session_token")) || r.text("session.identity.id") != f.account.identity {
					t.Errorf("this is not the account's session: %v", r.body)
				}
			}},
		},
		{
			name: "update login, API: method beside the form", rpc: login, only: onlyIn,
			prepare: asRequest(login, func(f *fixture) (object, caller) {
				f.register()
				form := credentials(f, password, "")
				delete(form, "method")
				return object{"flow": f.start("Login", caller{}), "method": "password", "payload": form}, caller{}
			}),
			want: want{outcome: "success"},
		},
		{
			name: "update login, API: two methods", rpc: login,
			prepare: asRequest(login, func(*fixture) (object, caller) {
				return object{"flow": unknownID, "method": "code", "payload": object{"method": "password"}}, caller{}
			}),
			want: invalid("method"),
		},
		{
			name: "update login, API: wrong password", rpc: login, only: onlyIn,
			prepare: asRequest(login, func(f *fixture) (object, caller) {
				f.register()
				return object{"flow": f.start("Login", caller{}), "payload": credentials(f, "a guess", "")}, caller{}
			}),
			want: want{outcome: "flow", check: says(int(wrongCredentials))},
		},
		{
			name: "update login, API: no method", rpc: login, only: onlyIn,
			prepare: asRequest(login, func(f *fixture) (object, caller) {
				return object{"flow": f.start("Login", caller{}), "payload": object{}}, caller{}
			}),
			want: want{outcome: "flow", check: says(noSuchMethod)},
		},
		{
			name: "update login, browser", rpc: login, only: onlyIn,
			prepare: asRequest(login, func(f *fixture) (object, caller) {
				f.register()
				b := f.open()
				return object{"flow": b.start("Login", "password"), "payload": credentials(f, password, b.csrf)}, b.caller()
			}),
			want: want{outcome: "redirect", check: leadsToWithSession(homepage)},
		},
		{
			name: "update login, browser: wrong password", rpc: login, only: onlyIn,
			prepare: asRequest(login, func(f *fixture) (object, caller) {
				f.register()
				b := f.open()
				return object{"flow": b.start("Login", "password"), "payload": credentials(f, "a guess", b.csrf)}, b.caller()
			}),
			want: want{outcome: "redirect", check: leadsBackToFlow},
		},
		{
			name: "update login, browser: no anti-CSRF token", rpc: login, only: onlyIn,
			prepare: asRequest(login, func(f *fixture) (object, caller) {
				f.register()
				b := f.open()
				return object{"flow": b.start("Login", "password"), "payload": credentials(f, password, "")}, b.caller()
			}),
			want: want{outcome: "redirect", check: leadsToError},
		},
		{
			name: "update login, script", rpc: login, only: onlyIn,
			prepare: asRequest(login, func(f *fixture) (object, caller) {
				f.register()
				b := f.open()
				return object{"flow": b.start("Login", "password"), "payload": credentials(f, password, b.csrf)}, b.script()
			}),
			want: want{outcome: "success", check: func(t *testing.T, f *fixture, r reply) {
				if r.text("session.identity.id") != f.account.identity || r.text("session_token") != "" || r.text("continue_with.0.redirect_browser_to") != homepage {
					t.Errorf("this is no login of a script's: %v", r.body)
				}
				f.browser.take(r)
				f.must(service("Session", "Whoami"), nil, f.browser.caller())
			}},
		},
		{
			name: "update login, script: no anti-CSRF token", rpc: login, only: onlyIn,
			prepare: asRequest(login, func(f *fixture) (object, caller) {
				f.register()
				b := f.open()
				return object{"flow": b.start("Login", "password"), "payload": credentials(f, password, "")}, b.script()
			}),
			want: want{code: codes.PermissionDenied, reason: "CSRF_VIOLATION", status: 403},
		},
		{
			// A browser has to go to the provider, and a script has to send it there.
			name: "update login, script: provider", rpc: login, only: onlyIn,
			prepare: asRequest(login, func(f *fixture) (object, caller) {
				b := f.open()
				return object{"flow": b.start("Login", "password"), "payload": object{"method": "oidc", "provider": "github", "csrf_token": b.csrf}}, b.script()
			}),
			want: want{outcome: "redirect", status: 422, check: leadsToGitHub},
		},
		{
			name: "update login, browser: provider", rpc: login, only: onlyIn,
			prepare: asRequest(login, func(f *fixture) (object, caller) {
				b := f.open()
				return object{"flow": b.start("Login", "password"), "payload": object{"method": "oidc", "provider": "github", "csrf_token": b.csrf}}, b.caller()
			}),
			want: want{outcome: "redirect", check: leadsToGitHub},
		},
		{
			name: "login, script: start", rpc: initLogin, only: onlyIn,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.InitializeLoginViaBrowserFlowRequest{}, f.open().script()
			},
			want: want{check: isNewBrowserFlow},
		},
		{
			// Without a word about what it wants, a gRPC caller is answered as always.
			name: "login, browser: start without saying what for", rpc: initLogin, only: onlyIn,
			prepare: func(f *fixture) (proto.Message, caller) {
				c := f.open().caller()
				c.html = false
				return &kratosgrpcv1.InitializeLoginViaBrowserFlowRequest{}, c
			},
			grpcOnly: true,
			want:     want{outcome: "redirect", check: leadsToNewFlow("http://127.0.0.1:4455/auth/login?")},
		},
		{
			name: "registration, script: start", rpc: initSignUp, only: onlyIn,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.InitializeRegistrationViaBrowserFlowRequest{}, f.open().script()
			},
			want: want{check: isNewBrowserFlow},
		},
		{
			name: "update registration, API", rpc: signUp, only: onlyIn,
			prepare: asRequest(signUp, func(f *fixture) (object, caller) {
				f.account.email = newEmail()
				return object{"flow": f.start("Registration", caller{}), "payload": object{
					"method": "password", passwordKey: password, "traits": object{"email": f.account.email, "age": 36, "tags": []any{"a"}},
				}}, caller{}
			}),
			want: want{outcome: "success", check: func(t *testing.T, f *fixture, r reply) {
				if !f.alive(r.text("session_token")) || r.text("identity.traits.email") != f.account.email || r.at("identity.traits.age") != float64(36) {
					t.Errorf("this is not the new identity: %v", r.body)
				}
			}},
		},
		{
			name: "update registration, API: flat keys", rpc: signUp, only: onlyIn,
			prepare: asRequest(signUp, func(f *fixture) (object, caller) {
				f.account.email = newEmail()
				return object{"flow": f.start("Registration", caller{}), "payload": object{
					"method": "password", passwordKey: password, "traits.email": f.account.email, "traits.name.first": "Ada",
				}}, caller{}
			}),
			want: want{outcome: "success", check: func(t *testing.T, f *fixture, r reply) {
				if r.text("identity.traits.email") != f.account.email || r.text("identity.traits.name.first") != "Ada" {
					t.Errorf("this is not the new identity: %v", r.body)
				}
			}},
		},
		{
			name: "update registration, API: traits first", rpc: signUp, only: onlyIn,
			prepare: asRequest(signUp, func(f *fixture) (object, caller) {
				return object{"flow": f.start("Registration", caller{}), "payload": object{"method": "profile", "traits": object{"email": newEmail()}}}, caller{}
			}),
			want: want{outcome: "flow", check: func(t *testing.T, f *fixture, r reply) {
				says(chooseCredential)(t, f, r)
				if node(r.body, "password") == nil {
					t.Errorf("the next step does not ask for a password: %v", r.body)
				}
			}},
		},
		{
			name: "update registration, API: weak password", rpc: signUp, only: onlyIn,
			prepare: asRequest(signUp, func(f *fixture) (object, caller) {
				return object{"flow": f.start("Registration", caller{}), "payload": object{
					"method": "password", passwordKey: "short", "traits": object{"email": newEmail()},
				}}, caller{}
			}),
			want: want{outcome: "flow", check: says(passwordTooShort)},
		},
		{
			name: "update registration, API: trait of a wrong type", rpc: signUp, only: onlyIn,
			prepare: asRequest(signUp, func(f *fixture) (object, caller) {
				return object{"flow": f.start("Registration", caller{}), "payload": object{
					"method": "password", passwordKey: password, "traits": object{"email": newEmail(), "age": "36"},
				}}, caller{}
			}),
			want: want{outcome: "flow", check: says(wrongType)},
		},
		{
			// A form has only texts; what they stand for is for the schema to say.
			name: "update registration, browser", rpc: signUp, only: onlyIn,
			prepare: asRequest(signUp, func(f *fixture) (object, caller) {
				b := f.open()
				return object{"flow": b.start("Registration", "password"), "payload": object{
					"method": "password", passwordKey: password, "traits": fullTraits(), "csrf_token": b.csrf,
				}}, b.caller()
			}),
			want: want{outcome: "redirect", check: leadsToWithSession(homepage)},
		},
	}
}

func leadsToGitHub(t *testing.T, _ *fixture, r reply) {
	t.Helper()
	if got := queryOf(t, r.location); got.Get("client_id") != "kratostest" || got.Get("redirect_uri") == "" {
		t.Errorf("leads to %s, want the provider", r.location)
	}
}

// isNewBrowserFlow checks a flow that a script started, with the cookie that belongs to its form.
func isNewBrowserFlow(t *testing.T, f *fixture, r reply) {
	t.Helper()
	if r.text("type") != "browser" || r.text("id") == "" || r.location != "" {
		t.Errorf("this is no browser flow: %v", r.body)
	}
	if at(node(r.body, "csrf_token"), "attributes.value") == nil || len(r.cookies) != 1 {
		t.Errorf("the flow has no anti-CSRF token, or no cookie: %v, %v", r.body, r.cookies)
	}
}
