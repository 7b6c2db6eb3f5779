package server_test

import (
	"cmp"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// wrongCredentials is Kratos's number for a message that says so.
const wrongCredentials = float64(4000006)

func login(flow, identifier, password, csrf string) *kratosgrpcv1.CompleteLoginFlowWithPasswordMethodRequest {
	return &kratosgrpcv1.CompleteLoginFlowWithPasswordMethodRequest{
		Flow:    flow,
		Payload: &kratosgrpcv1.LoginPasswordPayload{Identifier: identifier, Password: password, CsrfToken: csrf},
	}
}

func loginCases() []testCase {
	const (
		initAPI     = kratosgrpcv1.LoginService_InitializeLoginViaApiFlow_FullMethodName
		initBrowser = kratosgrpcv1.LoginService_InitializeLoginViaBrowserFlow_FullMethodName
		get         = kratosgrpcv1.LoginService_GetLoginFlow_FullMethodName
		complete    = kratosgrpcv1.LoginService_CompleteLoginFlowWithPasswordMethod_FullMethodName
	)
	return []testCase{
		{
			name: "login, API: start", rpc: initAPI,
			prepare: func(*fixture) (proto.Message, caller) {
				return &kratosgrpcv1.InitializeLoginViaApiFlowRequest{}, caller{}
			},
			want: want{check: func(t *testing.T, _ *fixture, r reply) {
				if r.text("type") != "api" || r.text("id") == "" || r.field("password", "identifier")["required"] != true {
					t.Errorf("this is no login flow for API clients: %v", r.body)
				}
				if len(r.cookies) > 0 {
					t.Errorf("an API client gets cookies: %v", r.cookies)
				}
			}},
		},
		{
			name: "login, API: start with a session", rpc: initAPI,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.InitializeLoginViaApiFlowRequest{}, f.session()
			},
			want: want{code: codes.FailedPrecondition, reason: "SESSION_ALREADY_AVAILABLE", status: 400},
		},
		{
			name: "login, API: start with a session, to refresh it", rpc: initAPI,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.InitializeLoginViaApiFlowRequest{Refresh: true}, f.session()
			},
			want: want{check: func(t *testing.T, _ *fixture, r reply) {
				if r.at("forced") != true {
					t.Errorf("the flow does not refresh: %v", r.body)
				}
			}},
		},
		{
			name: "login, browser: start", rpc: initBrowser, aliases: []int{1},
			prepare: func(*fixture) (proto.Message, caller) {
				return &kratosgrpcv1.InitializeLoginViaBrowserFlowRequest{}, caller{html: true}
			},
			want: want{outcome: "redirect", check: leadsToNewFlow("http://127.0.0.1:4455/auth/login?")},
		},
		{
			name: "login, browser: start with a session", rpc: initBrowser,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.InitializeLoginViaBrowserFlowRequest{}, f.open().logIn().caller()
			},
			want: want{outcome: "redirect", check: leadsTo("http://127.0.0.1:4455/")},
		},
		{
			name: "login, browser: start with a session, and go elsewhere", rpc: initBrowser,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.InitializeLoginViaBrowserFlowRequest{ReturnTo: "http://127.0.0.1:4455/here?a=1&b=2"}, f.open().logIn().caller()
			},
			want: want{outcome: "redirect", check: leadsTo("http://127.0.0.1:4455/here?a=1&b=2")},
		},
		{
			name: "login, browser: start with a session, to refresh it", rpc: initBrowser,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.InitializeLoginViaBrowserFlowRequest{Refresh: true}, f.open().logIn().caller()
			},
			want: want{outcome: "redirect", check: leadsToFlow("http://127.0.0.1:4455/auth/login?")},
		},
		{
			name: "login: get an API flow", rpc: get, aliases: []int{1},
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.GetLoginFlowRequest{Id: f.start("Login", caller{})}, caller{}
			},
			want: want{check: isFlow("password")},
		},
		{
			name: "login: get a browser flow", rpc: get, aliases: []int{1},
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.GetLoginFlowRequest{Id: f.open().start("Login", "password")}, f.browser.caller()
			},
			want: want{check: isFlow("password", "oidc")},
		},
		{
			name: "login, API", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				f.register()
				return login(f.start("Login", caller{}), f.account.email, f.account.password, ""), caller{}
			},
			want: want{outcome: "success", check: func(t *testing.T, f *fixture, r reply) {
				if r.text("session_token") == "" || r.at("session.active") != true || r.text("session.identity.id") != f.account.identity {
					t.Errorf("this is not the account's session: %v", r.body)
				}
			}},
		},
		{
			// A client that keeps cookies where it should not is served all the same: Kratos 0.5 alone would refuse it.
			name: "login, API: with cookies that came along", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				f.register()
				f.open().start("Login", "password")
				c := f.browser.caller()
				c.html = false
				return login(f.start("Login", caller{}), f.account.email, f.account.password, ""), c
			},
			want: want{outcome: "success"},
		},
		{
			name: "login, API: wrong password", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				f.register()
				return login(f.start("Login", caller{}), f.account.email, "a guess", ""), caller{}
			},
			want: want{outcome: "flow", check: func(t *testing.T, f *fixture, r reply) {
				isFlow("password")(t, f, r)
				if got := r.formMessage()["id"]; got != wrongCredentials {
					t.Errorf("the message is %v, want %v: %v", got, wrongCredentials, r.body)
				}
			}},
		},
		{
			name: "login, API: unknown identifier", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				return login(f.start("Login", caller{}), newEmail(), password, ""), caller{}
			},
			want: want{outcome: "flow", check: func(t *testing.T, _ *fixture, r reply) {
				if got := r.formMessage()["id"]; got != wrongCredentials {
					t.Errorf("the message is %v, want %v: %v", got, wrongCredentials, r.body)
				}
			}},
		},
		{
			name: "login, API: empty form", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.CompleteLoginFlowWithPasswordMethodRequest{Flow: f.start("Login", caller{})}, caller{}
			},
			want: want{outcome: "flow", check: func(t *testing.T, _ *fixture, r reply) {
				for _, name := range []string{"identifier", "password"} {
					if text, _ := at(r.field("password", name)["messages"], "0.text").(string); !strings.Contains(text, "missing") {
						t.Errorf("the form does not say that the %s is missing: %v", name, r.body)
					}
				}
			}},
		},
		{
			name: "login, browser", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				f.register()
				b := f.open()
				return login(b.start("Login", "password"), f.account.email, f.account.password, b.csrf), b.caller()
			},
			want: want{outcome: "redirect", check: leadsToWithSession("http://127.0.0.1:4455/")},
		},
		{
			name: "login, browser: wrong password", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				f.register()
				b := f.open()
				return login(b.start("Login", "password"), f.account.email, "a guess", b.csrf), b.caller()
			},
			want: want{outcome: "redirect", check: leadsBackToFlow},
		},
		{
			name: "login, browser: no anti-CSRF token", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				f.register()
				b := f.open()
				return login(b.start("Login", "password"), f.account.email, f.account.password, ""), b.caller()
			},
			want: want{outcome: "redirect", check: leadsToError},
		},
		{
			name: "login, browser: no cookie", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				f.register()
				b := f.open()
				return login(b.start("Login", "password"), f.account.email, f.account.password, b.csrf), caller{html: true}
			},
			want: want{outcome: "redirect", check: leadsToError},
		},
	}
}

// leadsTo checks a redirect to exactly one place.
func leadsTo(location string) func(*testing.T, *fixture, reply) {
	return func(t *testing.T, _ *fixture, r reply) {
		t.Helper()
		if r.location != location {
			t.Errorf("leads to %s, want %s", r.location, location)
		}
	}
}

// leadsToFlow checks a redirect to a page that shows a flow.
func leadsToFlow(page string) func(*testing.T, *fixture, reply) {
	return func(t *testing.T, _ *fixture, r reply) {
		t.Helper()
		if !strings.HasPrefix(r.location, page) || flowIn(t, r.location) == "" {
			t.Errorf("leads to %s, want a flow at %s", r.location, page)
		}
	}
}

// leadsToNewFlow is leadsToFlow for a browser without cookies, which then gets one.
func leadsToNewFlow(page string) func(*testing.T, *fixture, reply) {
	return func(t *testing.T, f *fixture, r reply) {
		t.Helper()
		leadsToFlow(page)(t, f, r)
		if len(r.cookies) != 1 || !strings.HasPrefix(r.cookies[0], "csrf_token") {
			t.Errorf("the cookies are %v, want the anti-CSRF cookie", r.cookies)
		}
	}
}

// leadsToWithSession checks a redirect that comes with a session's cookie, which Kratos has to accept.
func leadsToWithSession(location string) func(*testing.T, *fixture, reply) {
	return func(t *testing.T, f *fixture, r reply) {
		t.Helper()
		if !strings.HasPrefix(r.location, location) {
			t.Errorf("leads to %s, want %s", r.location, location)
		}
		f.browser.take(r)
		whoami := f.must(service("Session", "Whoami"), nil, f.browser.caller())
		if f.account.email != "" && whoami.text("identity.traits.email") != f.account.email {
			t.Errorf("the session is not %s's: %v", f.account.email, whoami.body)
		}
	}
}

// leadsBackToFlow checks a redirect to the very flow that was to be completed.
func leadsBackToFlow(t *testing.T, f *fixture, r reply) {
	t.Helper()
	if got := flowIn(t, r.location); got != f.flow {
		t.Errorf("leads to %s, want flow %s", r.location, f.flow)
	}
}

// leadsToError checks a redirect to the error UI, and that the error can be fetched by whom it happened to.
func leadsToError(t *testing.T, f *fixture, r reply) {
	t.Helper()
	id := errorIn(t, r.location)
	if id == "" {
		t.Fatalf("leads to %s, want an error", r.location)
	}
	f.browser.take(r)
	found := f.must(service("Error", "GetError"), map[string]any{"error": id}, f.browser.caller())
	if found.text("errors.0.message") == "" || found.text("error.message") != found.text("errors.0.message") {
		t.Errorf("the error has no words, or other words by its other name: %v", found.body)
	}
	verifyNoDebug(t, jsonText(t, found.body))
}

// errorIn is the error that a location shows, or "". In Kratos 1.x the parameter has another name.
func errorIn(t *testing.T, location string) string {
	t.Helper()
	query := queryOf(t, location)
	if strings.HasPrefix(location, "http://127.0.0.1:4455/error?") {
		return cmp.Or(query.Get("error"), query.Get("id"))
	}
	return ""
}

// isFlow checks that the body is the flow at hand, with forms for the given methods.
func isFlow(methods ...string) func(*testing.T, *fixture, reply) {
	return func(t *testing.T, f *fixture, r reply) {
		t.Helper()
		if r.text("id") != f.flow {
			t.Errorf("the flow is %s, want %s", r.text("id"), f.flow)
		}
		for _, name := range methods {
			if r.text("methods."+name+".config.action") == "" {
				t.Errorf("the flow has no form for %s: %v", name, r.body)
			}
		}
	}
}
