package server_test

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// logoutCases are those of the logout that Kratos 1.x has, in two steps; sessionCases have that of 0.5.
func logoutCases() []testCase {
	const (
		create = kratosgrpcv1.LogoutService_CreateBrowserLogoutFlow_FullMethodName
		update = kratosgrpcv1.LogoutService_UpdateLogoutFlow_FullMethodName
		native = kratosgrpcv1.LogoutService_PerformNativeLogout_FullMethodName
	)
	token := func(f *fixture, b *browser) string { return f.must(create, nil, b.caller()).text("logout_token") }
	loggedOut := func(t *testing.T, f *fixture, r reply) {
		t.Helper()
		f.browser.take(r)
		if _, kept := f.browser.cookies["ory_kratos_session"]; kept {
			t.Errorf("the browser keeps its session: %v", r.cookies)
		}
	}
	return []testCase{
		{
			name: "create a logout", rpc: create, only: kratostest.V13,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.CreateBrowserLogoutFlowRequest{}, f.open().logIn().caller()
			},
			want: want{check: func(t *testing.T, _ *fixture, r reply) {
				if token := r.text("logout_token"); token == "" || !strings.HasSuffix(r.text("logout_url"), "/self-service/logout?token="+token) {
					t.Errorf("this is no logout: %v", r.body)
				}
			}},
		},
		{
			name: "create a logout without a session", rpc: create, only: kratostest.V13,
			prepare: func(*fixture) (proto.Message, caller) {
				return &kratosgrpcv1.CreateBrowserLogoutFlowRequest{}, caller{}
			},
			want: want{code: codes.Unauthenticated, reason: "NO_ACTIVE_SESSION", status: 401},
		},
		{
			name: "log a browser out", rpc: update, only: kratostest.V13,
			prepare: func(f *fixture) (proto.Message, caller) {
				b := f.open().logIn()
				return &kratosgrpcv1.UpdateLogoutFlowRequest{Token: token(f, b)}, b.caller()
			},
			want: want{outcome: "redirect", check: func(t *testing.T, f *fixture, r reply) {
				leadsTo("http://127.0.0.1:4455/auth/login")(t, f, r)
				loggedOut(t, f, r)
			}},
		},
		{
			name: "log a browser out, and go elsewhere", rpc: update, only: kratostest.V13,
			prepare: func(f *fixture) (proto.Message, caller) {
				b := f.open().logIn()
				return &kratosgrpcv1.UpdateLogoutFlowRequest{Token: token(f, b), ReturnTo: "http://127.0.0.1:4455/bye"}, b.caller()
			},
			want: want{outcome: "redirect", check: leadsTo("http://127.0.0.1:4455/bye")},
		},
		{
			name: "log a script's browser out", rpc: update, only: kratostest.V13,
			prepare: func(f *fixture) (proto.Message, caller) {
				b := f.open().logIn()
				c := b.caller()
				c.html, c.json = false, true
				return &kratosgrpcv1.UpdateLogoutFlowRequest{Token: token(f, b)}, c
			},
			want: want{status: http.StatusNoContent, check: loggedOut},
		},
		{
			name: "log a browser out with a token that is not its own", rpc: update, only: kratostest.V13,
			prepare: func(f *fixture) (proto.Message, caller) {
				c := f.open().logIn().caller()
				c.html, c.json = false, true
				return &kratosgrpcv1.UpdateLogoutFlowRequest{Token: "ory_lo_nobodys"}, c
			},
			want: want{code: codes.PermissionDenied, reason: "ACCESS_DENIED", status: 403},
		},
		{
			name: "log a browser out without a token", rpc: update, want: invalid("token"),
			prepare: func(*fixture) (proto.Message, caller) { return &kratosgrpcv1.UpdateLogoutFlowRequest{}, caller{} },
		},
		{
			name: "log an app out", rpc: native, only: kratostest.V13,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.PerformNativeLogoutRequest{SessionToken: f.register().token}, caller{}
			},
			want: want{status: http.StatusNoContent, check: func(t *testing.T, f *fixture, _ reply) {
				if f.alive(f.account.token) {
					t.Error("the session is still there")
				}
			}},
		},
		{
			name: "log an app out that was not in", rpc: native, only: kratostest.V13,
			prepare: func(*fixture) (proto.Message, caller) {
				return &kratosgrpcv1.PerformNativeLogoutRequest{SessionToken: "unknown"}, caller{}
			},
			want: want{code: codes.PermissionDenied, reason: "ACCESS_DENIED", status: 403},
		},
		{
			name: "log no app out", rpc: native, want: invalid("session_token"),
			prepare: func(*fixture) (proto.Message, caller) {
				return &kratosgrpcv1.PerformNativeLogoutRequest{}, caller{raw: "{}"}
			},
		},
	}
}
