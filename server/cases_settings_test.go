package server_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

func newPassword(flow, password, csrf string) *kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodRequest {
	return &kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodRequest{
		Flow:    flow,
		Payload: &kratosgrpcv1.SettingsPasswordPayload{Password: password, CsrfToken: csrf},
	}
}

func newTraits(f *fixture, flow string, traits object, csrf string) *kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest {
	f.t.Helper()
	return &kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest{
		Flow:    flow,
		Payload: &kratosgrpcv1.SettingsProfilePayload{Traits: structOf(f.t, traits), CsrfToken: csrf},
	}
}

const anotherPassword = "another-Long-enough-passphrase"

// settingsCases are those of API clients; settingsBrowserCases those of browsers.
func settingsCases() []testCase {
	const (
		initAPI      = kratosgrpcv1.SettingsService_InitializeSettingsViaApiFlow_FullMethodName
		get          = kratosgrpcv1.SettingsService_GetSettingsFlow_FullMethodName
		withPassword = kratosgrpcv1.SettingsService_CompleteSettingsFlowWithPasswordMethod_FullMethodName
		withProfile  = kratosgrpcv1.SettingsService_CompleteSettingsFlowWithProfileMethod_FullMethodName
	)
	return []testCase{
		{
			name: "settings, API: start", rpc: initAPI,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.InitializeSettingsViaApiFlowRequest{}, f.session()
			},
			want: want{check: func(t *testing.T, f *fixture, r reply) {
				if r.text("type") != "api" || r.text("state") != "show_form" || r.text("identity.id") != f.account.identity {
					t.Errorf("this is no settings flow of the account: %v", r.body)
				}
				if len(r.cookies) > 0 {
					t.Errorf("an API client gets cookies: %v", r.cookies)
				}
			}},
		},
		{
			name: "settings, API: start without a session", rpc: initAPI,
			prepare: func(*fixture) (proto.Message, caller) {
				return &kratosgrpcv1.InitializeSettingsViaApiFlowRequest{}, caller{}
			},
			want:  want{code: codes.PermissionDenied, reason: "ACCESS_DENIED", status: 403},
			later: &want{code: codes.Unauthenticated, reason: "NO_ACTIVE_SESSION", status: 401},
		},
		{
			name: "settings: get an API flow", rpc: get, aliases: []int{1},
			prepare: func(f *fixture) (proto.Message, caller) {
				c := f.session()
				return &kratosgrpcv1.GetSettingsFlowRequest{Id: f.start("Settings", c)}, c
			},
			want: want{check: isFlow("password", "profile")},
		},
		{
			name: "settings: get somebody else's flow", rpc: get,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.GetSettingsFlowRequest{Id: f.start("Settings", f.session())}, f.session()
			},
			want: want{code: codes.PermissionDenied, reason: "ACCESS_DENIED", status: 403},
		},
		{
			name: "settings: get a flow without a session", rpc: get,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.GetSettingsFlowRequest{Id: f.start("Settings", f.session())}, caller{}
			},
			want: want{code: codes.Unauthenticated, reason: "NO_ACTIVE_SESSION", status: 401},
		},
		{
			name: "settings, API: new password", rpc: withPassword,
			prepare: func(f *fixture) (proto.Message, caller) {
				c := f.session()
				return newPassword(f.start("Settings", c), anotherPassword, ""), c
			},
			want: want{outcome: "success", check: func(t *testing.T, f *fixture, r reply) {
				if r.text("flow.state") != "success" || r.text("identity.id") != f.account.identity {
					t.Errorf("the flow has not come to its end: %v", r.body)
				}
				f.must(service("Login", "CompleteLoginFlowWithPasswordMethod"), object{
					"flow": f.start("Login", caller{}), "payload": object{"identifier": f.account.email, "password": anotherPassword},
				}, caller{})
			}},
		},
		{
			name: "settings, API: bearer token", rpc: withPassword,
			prepare: func(f *fixture) (proto.Message, caller) {
				c := caller{bearer: f.register().token}
				return newPassword(f.start("Settings", c), anotherPassword, ""), c
			},
			want: want{outcome: "success"},
		},
		{
			name: "settings, API: weak password", rpc: withPassword,
			prepare: func(f *fixture) (proto.Message, caller) {
				c := f.session()
				return newPassword(f.start("Settings", c), "short", ""), c
			},
			want: want{outcome: "flow", check: complains("password", "at least")},
		},
		{
			name: "settings, API: no password", rpc: withPassword,
			prepare: func(f *fixture) (proto.Message, caller) {
				c := f.session()
				return &kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodRequest{Flow: f.start("Settings", c), Payload: &kratosgrpcv1.SettingsPasswordPayload{}}, c
			},
			want: want{outcome: "flow", check: complains("password", "missing")},
		},
		{
			name: "settings, API: new password without a session", rpc: withPassword,
			prepare: func(f *fixture) (proto.Message, caller) {
				return newPassword(f.start("Settings", f.session()), anotherPassword, ""), caller{}
			},
			want: want{code: codes.Unauthenticated, reason: "NO_ACTIVE_SESSION", status: 401},
		},
		{
			name: "settings, API: new password in somebody else's flow", rpc: withPassword,
			prepare: func(f *fixture) (proto.Message, caller) {
				return newPassword(f.start("Settings", f.session()), anotherPassword, ""), f.session()
			},
			want:  want{code: codes.PermissionDenied, reason: "ACCESS_DENIED", status: 400},
			later: &want{code: codes.PermissionDenied, reason: "ACCESS_DENIED", status: 403},
		},
		{
			name: "settings, API: new password, too long after the login", rpc: withPassword, world: strict,
			prepare: func(f *fixture) (proto.Message, caller) {
				c := f.session()
				return newPassword(f.start("Settings", c), anotherPassword, ""), c
			},
			want: want{code: codes.PermissionDenied, reason: "PRIVILEGED_SESSION_REQUIRED", status: 403},
		},
		{
			name: "settings, API: new traits", rpc: withProfile, aliases: []int{1},
			prepare: func(f *fixture) (proto.Message, caller) {
				c := f.session()
				return newTraits(f, f.start("Settings", c), fullTraits(), ""), c
			},
			want: want{outcome: "success", check: func(t *testing.T, f *fixture, r reply) {
				want := fullTraits()
				want["email"] = r.at("identity.traits.email")
				if diff := cmp.Diff(want, r.at("identity.traits")); diff != "" {
					t.Errorf("the traits are others (-want +got):\n%s", diff)
				}
				if r.text("flow.state") != "success" || want["email"] == f.account.email {
					t.Errorf("the flow has not come to its end: %v", r.body)
				}
			}},
		},
		{
			name: "settings, API: flat traits", rpc: withProfile, restOnly: true,
			prepare: func(f *fixture) (proto.Message, caller) {
				c := f.session()
				c.raw = jsonText(f.t, object{"traits.email": f.account.email, "traits.name.first": "Ada"})
				return &kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest{Flow: f.start("Settings", caller{sessionToken: c.sessionToken})}, c
			},
			want: want{outcome: "success", check: func(t *testing.T, f *fixture, r reply) {
				want := object{"email": f.account.email, "name": object{"first": "Ada"}}
				if diff := cmp.Diff(want, r.at("identity.traits")); diff != "" {
					t.Errorf("the traits are others (-want +got):\n%s", diff)
				}
			}},
		},
		{
			name: "settings, API: trait of a wrong type", rpc: withProfile,
			prepare: func(f *fixture) (proto.Message, caller) {
				c := f.session()
				return newTraits(f, f.start("Settings", c), object{"email": f.account.email, "age": "old"}, ""), c
			},
			want: want{outcome: "flow", check: complains("traits.age", "integer")},
		},
		{
			name: "settings, API: new traits without a session", rpc: withProfile,
			prepare: func(f *fixture) (proto.Message, caller) {
				return newTraits(f, f.start("Settings", f.session()), fullTraits(), ""), caller{}
			},
			want: want{code: codes.Unauthenticated, reason: "NO_ACTIVE_SESSION", status: 401},
		},
		{
			name: "settings, API: new traits in somebody else's flow", rpc: withProfile,
			prepare: func(f *fixture) (proto.Message, caller) {
				return newTraits(f, f.start("Settings", f.session()), fullTraits(), ""), f.session()
			},
			want:  want{code: codes.PermissionDenied, reason: "ACCESS_DENIED", status: 400},
			later: &want{code: codes.PermissionDenied, reason: "ACCESS_DENIED", status: 403},
		},
		{
			name: "settings, API: new address, too long after the login", rpc: withProfile, world: strict,
			prepare: func(f *fixture) (proto.Message, caller) {
				c := f.session()
				return newTraits(f, f.start("Settings", c), fullTraits(), ""), c
			},
			want: want{code: codes.PermissionDenied, reason: "PRIVILEGED_SESSION_REQUIRED", status: 403},
		},
		{
			name: "settings, API: new name, too long after the login", rpc: withProfile, world: strict,
			prepare: func(f *fixture) (proto.Message, caller) {
				c := f.session()
				return newTraits(f, f.start("Settings", c), object{"email": f.account.email, "name": object{"first": "Ada"}}, ""), c
			},
			want: want{outcome: "success"},
		},
	}
}
