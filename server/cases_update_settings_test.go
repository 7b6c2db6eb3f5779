package server_test

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// updateSettingsCases are those of changing an account with any method.
func updateSettingsCases() []testCase {
	const (
		rpc         = kratosgrpcv1.SettingsService_UpdateSettingsFlow_FullMethodName
		initBrowser = kratosgrpcv1.SettingsService_InitializeSettingsViaBrowserFlow_FullMethodName
		onlyIn      = kratostest.V13
	)
	newPassword := func(csrf string) object {
		form := object{"method": "password", "password": anotherPassword}
		if csrf != "" {
			form["csrf_token"] = csrf
		}
		return form
	}
	inAPI := func(payload func(f *fixture) object) func(f *fixture) (proto.Message, caller) {
		return func(f *fixture) (proto.Message, caller) {
			c := f.session()
			return requestOf(f.t, rpc, object{"flow": f.start("Settings", c), "payload": payload(f)}), c
		}
	}
	inBrowser := func(payload func(f *fixture, csrf string) object) func(f *fixture) (proto.Message, caller) {
		return func(f *fixture) (proto.Message, caller) {
			b := f.open().logIn()
			flow := b.start("Settings", "password")
			return requestOf(f.t, rpc, object{"flow": flow, "payload": payload(f, b.csrf)}), b.caller()
		}
	}
	return []testCase{
		{
			name: "update settings, API: new password", rpc: rpc, only: onlyIn,
			prepare: inAPI(func(*fixture) object { return newPassword("") }),
			want: want{outcome: "success", check: func(t *testing.T, f *fixture, r reply) {
				says(changesSaved)(t, f, r)
				if r.text("state") != "success" || r.text("identity.id") != f.account.identity {
					t.Errorf("the flow has not come to its end: %v", r.body)
				}
				f.account.password = anotherPassword
				f.logInAgain()
			}},
		},
		{
			name: "update settings, API: new traits", rpc: rpc, only: onlyIn,
			prepare: inAPI(func(f *fixture) object {
				return object{"method": "profile", "traits": object{"email": f.account.email, "age": 36.5, "tags": []any{}, "name": object{"first": "Ada"}}}
			}),
			want: want{outcome: "flow", check: says(wrongType)},
		},
		{
			name: "update settings, API: weak password", rpc: rpc, only: onlyIn,
			prepare: inAPI(func(*fixture) object { return object{"method": "password", "password": "short"} }),
			want:    want{outcome: "flow", check: says(passwordTooShort)},
		},
		{
			name: "update settings, API: without a session", rpc: rpc, only: onlyIn,
			prepare: func(f *fixture) (proto.Message, caller) {
				return requestOf(f.t, rpc, object{"flow": f.start("Settings", f.session()), "payload": newPassword("")}), caller{}
			},
			want: want{code: codes.Unauthenticated, reason: "NO_ACTIVE_SESSION", status: 401},
		},
		{
			name: "update settings, API: too long after the login", rpc: rpc, only: onlyIn, world: strict,
			prepare: inAPI(func(*fixture) object { return newPassword("") }),
			want: want{code: codes.PermissionDenied, reason: "PRIVILEGED_SESSION_REQUIRED", status: 403, check: func(t *testing.T, f *fixture, r reply) {
				if r.response == nil {
					return
				}
				// It says where a browser can go, and does not send an app there.
				if r.location != "" || queryOf(t, r.text("redirect_browser_to")).Get("refresh") != "true" {
					t.Errorf("the answer leads to %q, and says %v", r.location, r.body)
				}
			}},
		},
		{
			name: "update settings, browser: new traits", rpc: rpc, only: onlyIn,
			prepare: inBrowser(func(_ *fixture, csrf string) object {
				return object{"method": "profile", "traits": fullTraits(), "csrf_token": csrf}
			}),
			want: want{outcome: "redirect", check: func(t *testing.T, f *fixture, r reply) {
				leadsBackToFlow(t, f, r)
				flow := f.must(service("Settings", "GetSettingsFlow"), object{"id": f.flow}, f.browser.caller())
				if flow.text("state") != "success" || flow.at("identity.traits.age") != float64(36) {
					t.Errorf("the flow has not come to its end: %v", flow.body)
				}
			}},
		},
		{
			name: "update settings, browser: too long after the login", rpc: rpc, only: onlyIn, world: strict,
			prepare: inBrowser(func(_ *fixture, csrf string) object { return newPassword(csrf) }),
			want:    want{outcome: "redirect", check: leadsToRefresh},
		},
		{
			// As in settingsBrowserCases: the form is not asked for again.
			name: "update settings, browser: continued", rpc: rpc, only: onlyIn, world: strict, byGET: true,
			prepare: func(f *fixture) (proto.Message, caller) {
				b := f.open().logIn()
				flow := b.start("Settings", "password")
				b.take(f.must(rpc, object{"flow": flow, "payload": newPassword(b.csrf)}, b.caller()))
				return requestOf(f.t, rpc, object{"flow": flow}), b.caller()
			},
			want: want{outcome: "redirect", check: leadsToRefresh},
		},
		{
			name: "settings, script: start", rpc: initBrowser, only: onlyIn,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.InitializeSettingsViaBrowserFlowRequest{}, f.open().logIn().script()
			},
			want: want{check: func(t *testing.T, _ *fixture, r reply) {
				if r.text("type") != "browser" || node(r.body, "totp_code") == nil {
					t.Errorf("this is no settings flow: %v", r.body)
				}
			}},
		},
	}
}

// updateLinkCases are those of recovery and verification with any method, which are alike.
func updateLinkCases() []testCase {
	var cases []testCase
	for kind, sent := range map[string]int{"Recovery": linkSent, "Verification": verifyLinkSent} {
		rpc := service(kind, "Update"+kind+"Flow")
		initBrowser := service(kind, "Initialize"+kind+"ViaBrowserFlow")
		cases = append(
			cases,
			testCase{
				name: "update " + kind + ", API: send a link", rpc: rpc, only: kratostest.V13,
				prepare: func(f *fixture) (proto.Message, caller) {
					f.register()
					return requestOf(f.t, rpc, object{"flow": f.start(kind, caller{}), "payload": object{"method": "link", "email": f.account.email}}), caller{}
				},
				want: want{outcome: "success", check: func(t *testing.T, f *fixture, r reply) {
					says(sent)(t, f, r)
					sentEmail(t, r)
				}},
			},
			testCase{
				name: "update " + kind + ", API: no address", rpc: rpc, only: kratostest.V13,
				prepare: func(f *fixture) (proto.Message, caller) {
					return requestOf(f.t, rpc, object{"flow": f.start(kind, caller{}), "payload": object{"method": "link"}}), caller{}
				},
				want: want{outcome: "flow", check: says(propertyIsMissing)},
			},
			testCase{
				name: "update " + kind + ", browser: send a link", rpc: rpc, only: kratostest.V13,
				prepare: func(f *fixture) (proto.Message, caller) {
					f.register()
					b := f.open()
					return requestOf(f.t, rpc, object{
						"flow": b.start(kind, "link"), "payload": object{"method": "link", "email": f.account.email, "csrf_token": b.csrf},
					}), b.caller()
				},
				want: want{outcome: "redirect", check: leadsBackToFlow},
			},
			testCase{
				name: "update " + kind + ": open a bad link", rpc: rpc, only: kratostest.V13, byGET: true,
				prepare: func(f *fixture) (proto.Message, caller) {
					flow := f.open().start(kind, "link")
					return requestOf(f.t, rpc, object{"flow": flow, "token": "no-such-token"}), f.browser.caller()
				},
				want: want{outcome: "redirect", check: func(t *testing.T, f *fixture, r reply) {
					f.browser.take(r)
					flow := f.must(service(kind, "Get"+kind+"Flow"), object{"id": flowIn(t, r.location)}, f.browser.caller())
					if len(messageIDs(flow.body)) == 0 {
						t.Errorf("the flow does not say that the link is bad: %v", flow.body)
					}
				}},
			},
			testCase{
				name: "update " + kind + ": neither a form nor a token", rpc: rpc, only: kratostest.V13,
				prepare: func(f *fixture) (proto.Message, caller) {
					return requestOf(f.t, rpc, object{"method": "link"}), caller{}
				},
				want: want{code: codes.InvalidArgument, reason: "INVALID_REQUEST", status: 400, ours: true},
			},
			testCase{
				name: kind + ", script: start", rpc: initBrowser, only: kratostest.V13,
				prepare: func(f *fixture) (proto.Message, caller) { return requestOf(f.t, initBrowser, nil), f.open().script() },
				want:    want{check: isNewBrowserFlow},
			},
		)
	}
	rpc := kratosgrpcv1.RecoveryService_UpdateRecoveryFlow_FullMethodName
	return append(cases, testCase{
		name: "update recovery: open the link", rpc: rpc, only: kratostest.V13, byGET: true,
		prepare: func(f *fixture) (proto.Message, caller) {
			f.register()
			f.open()
			return requestOf(f.t, rpc, f.recoveryLink()), caller{html: true}
		},
		want: want{outcome: "redirect", check: leadsToWithSession("http://127.0.0.1:4455/settings?flow=")},
	})
}
