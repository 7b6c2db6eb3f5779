package server_test

import (
	"net/http"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

func sessionCases() []testCase {
	const (
		whoami = kratosgrpcv1.SessionService_Whoami_FullMethodName
		revoke = kratosgrpcv1.SessionService_RevokeSession_FullMethodName
		logout = kratosgrpcv1.LogoutService_InitializeBrowserLogoutFlow_FullMethodName
	)
	ask := func(who func(f *fixture) caller) func(f *fixture) (proto.Message, caller) {
		return func(f *fixture) (proto.Message, caller) { return &kratosgrpcv1.WhoamiRequest{}, who(f) }
	}
	noSession := want{code: codes.Unauthenticated, reason: "NO_ACTIVE_SESSION", status: 401}
	return []testCase{
		{
			name: "whoami: session token", rpc: whoami,
			prepare: ask(func(f *fixture) caller { return f.session() }),
			want: want{check: func(t *testing.T, f *fixture, r reply) {
				isAccount(t, f, r)
				if len(r.cookies) > 0 {
					t.Errorf("an API client gets cookies: %v", r.cookies)
				}
			}},
		},
		{
			name: "whoami: bearer token", rpc: whoami,
			prepare: ask(func(f *fixture) caller { return caller{bearer: f.register().token} }),
			want:    want{check: isAccount},
		},
		{
			name: "whoami: cookie", rpc: whoami,
			prepare: ask(func(f *fixture) caller { return f.open().logIn().caller() }),
			want:    want{check: isAccount},
		},
		{
			name: "whoami: bearer token before session token", rpc: whoami,
			prepare: ask(func(f *fixture) caller {
				other := f.register().token
				return caller{bearer: f.register().token, sessionToken: other}
			}),
			want: want{check: isAccount},
		},
		{
			name: "whoami: bearer token before cookie", rpc: whoami,
			prepare: ask(func(f *fixture) caller {
				c := f.open().logIn().caller()
				c.bearer = f.register().token
				return c
			}),
			want: want{check: isAccount},
		},
		{
			name: "whoami: session token before cookie", rpc: whoami,
			prepare: ask(func(f *fixture) caller {
				c := f.open().logIn().caller()
				c.sessionToken = f.register().token
				return c
			}),
			want: want{check: isAccount},
		},
		{
			// A token that is bad must not be made good by something else that came along.
			name: "whoami: bad bearer token and good session token", rpc: whoami,
			prepare: ask(func(f *fixture) caller { return caller{bearer: "bad", sessionToken: f.register().token} }),
			want:    noSession,
		},
		{
			name: "whoami: bad session token and good cookie", rpc: whoami,
			prepare: ask(func(f *fixture) caller {
				c := f.open().logIn().caller()
				c.sessionToken = "bad"
				return c
			}),
			want: noSession,
		},
		{
			name: "whoami: foreign cookies", rpc: whoami,
			prepare: ask(func(f *fixture) caller {
				c := f.open().logIn().caller()
				c.cookies = append([]string{`theme="dark"`, "a=b=c", "nameless"}, c.cookies...)
				return c
			}),
			want: want{check: isAccount},
		},
		{
			name: "whoami: foreign cookies alone", rpc: whoami,
			prepare: ask(func(*fixture) caller { return caller{cookies: []string{"session=theirs"}} }),
			want:    noSession,
		},
		{name: "whoami: nothing", rpc: whoami, prepare: ask(func(*fixture) caller { return caller{} }), want: noSession},
		{
			name: "whoami: unknown token", rpc: whoami,
			prepare: ask(func(*fixture) caller { return caller{sessionToken: "unknown"} }), want: noSession,
		},
		{
			name: "whoami: cookie that Kratos never set", rpc: whoami,
			prepare: ask(func(*fixture) caller { return caller{cookies: []string{"ory_kratos_session=forged"}} }), want: noSession,
		},
		{
			name: "whoami: revoked token", rpc: whoami,
			prepare: ask(func(f *fixture) caller {
				c := f.session()
				f.must(revoke, object{"session_token": c.sessionToken}, caller{})
				return c
			}),
			want: noSession,
		},
		{
			name: "whoami: after a logout", rpc: whoami,
			prepare: ask(func(f *fixture) caller {
				c := f.open().logIn().caller()
				f.must(logout, nil, c)
				return c
			}),
			want: noSession,
		},
		{
			name: "revoke a session", rpc: revoke,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.RevokeSessionRequest{SessionToken: f.register().token}, caller{}
			},
			want: want{status: http.StatusNoContent, check: func(t *testing.T, f *fixture, _ reply) {
				r := f.own.do(t, call{rpc: whoami, message: &kratosgrpcv1.WhoamiRequest{}, caller: caller{sessionToken: f.account.token}})
				if r.failure.Code() != codes.Unauthenticated {
					t.Errorf("the session is still there: %v", r.failure)
				}
			}},
		},
		{
			// Kratos 0.5 does not say whether there was one.
			name: "revoke a session that is unknown", rpc: revoke,
			prepare: func(*fixture) (proto.Message, caller) {
				return &kratosgrpcv1.RevokeSessionRequest{SessionToken: "unknown"}, caller{}
			},
			want:  want{status: http.StatusNoContent},
			later: &want{code: codes.PermissionDenied, reason: "ACCESS_DENIED", status: 403},
		},
		{
			name: "revoke no session", rpc: revoke,
			prepare: func(*fixture) (proto.Message, caller) { return &kratosgrpcv1.RevokeSessionRequest{}, caller{raw: "{}"} },
			want:    want{code: codes.InvalidArgument, reason: "INVALID_REQUEST", status: 400, ours: true, violation: "session_token"},
		},
		{
			name: "logout", rpc: logout,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.InitializeBrowserLogoutFlowRequest{}, f.open().logIn().caller()
			},
			want: want{outcome: "redirect", check: func(t *testing.T, f *fixture, r reply) {
				leadsTo("http://127.0.0.1:4455/auth/login")(t, f, r)
				f.browser.take(r)
				if _, kept := f.browser.cookies["ory_kratos_session"]; kept {
					t.Errorf("the browser keeps its session: %v", r.cookies)
				}
			}},
		},
		{
			name: "logout without a session", rpc: logout,
			prepare: func(*fixture) (proto.Message, caller) {
				return &kratosgrpcv1.InitializeBrowserLogoutFlowRequest{}, caller{html: true}
			},
			want:  want{outcome: "redirect", check: leadsTo("http://127.0.0.1:4455/auth/login")},
			later: &want{outcome: "redirect", check: leadsToFlow("http://127.0.0.1:4455/auth/login?")},
		},
		{
			name: "logout, and go elsewhere", rpc: logout,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.InitializeBrowserLogoutFlowRequest{ReturnTo: "http://127.0.0.1:4455/bye"}, f.open().logIn().caller()
			},
			want: want{outcome: "redirect", check: leadsTo("http://127.0.0.1:4455/bye")},
		},
	}
}

// isAccount checks that a session is the account's, and that it says so outside of the body too.
func isAccount(t *testing.T, f *fixture, r reply) {
	t.Helper()
	if r.at("active") != true || r.text("identity.id") != f.account.identity || r.text("identity.traits.email") != f.account.email {
		t.Errorf("the session is not %v's: %v", f.account, r.body)
	}
	if r.identityID != f.account.identity {
		t.Errorf("the identity's id is %q beside the body, want %s", r.identityID, f.account.identity)
	}
}
