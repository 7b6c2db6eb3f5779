package server_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

func provider(flow, link, unlink, csrf string) *kratosgrpcv1.CompleteBrowserSettingsOidcSettingsFlowRequest {
	return &kratosgrpcv1.CompleteBrowserSettingsOidcSettingsFlowRequest{
		Flow:    flow,
		Payload: &kratosgrpcv1.SettingsOidcPayload{Link: link, Unlink: unlink, CsrfToken: csrf},
	}
}

func settingsBrowserCases() []testCase {
	const (
		initBrowser  = kratosgrpcv1.SettingsService_InitializeSettingsViaBrowserFlow_FullMethodName
		get          = kratosgrpcv1.SettingsService_GetSettingsFlow_FullMethodName
		withPassword = kratosgrpcv1.SettingsService_CompleteSettingsFlowWithPasswordMethod_FullMethodName
		withProfile  = kratosgrpcv1.SettingsService_CompleteSettingsFlowWithProfileMethod_FullMethodName
		withOIDC     = kratosgrpcv1.SettingsService_CompleteBrowserSettingsOidcSettingsFlow_FullMethodName
	)
	return []testCase{
		{
			name: "settings, browser: start", rpc: initBrowser, aliases: []int{1},
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.InitializeSettingsViaBrowserFlowRequest{}, f.open().logIn().caller()
			},
			want: want{outcome: "redirect", check: leadsToFlow("http://127.0.0.1:4455/settings?")},
		},
		{
			name: "settings, browser: start without a session", rpc: initBrowser,
			prepare: func(*fixture) (proto.Message, caller) {
				return &kratosgrpcv1.InitializeSettingsViaBrowserFlowRequest{}, caller{html: true}
			},
			want: want{outcome: "redirect", check: leadsTo("http://127.0.0.1:4455/auth/login")},
			later: &want{outcome: "redirect", check: func(t *testing.T, f *fixture, r reply) {
				leadsTo(f.world.kratos.PublicURL+"/self-service/login/browser")(t, f, r)
			}},
		},
		{
			name: "settings: get a browser flow", rpc: get, aliases: []int{1},
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.GetSettingsFlowRequest{Id: f.open().logIn().start("Settings", "profile")}, f.browser.caller()
			},
			want: want{check: isFlow("password", "profile", "oidc")},
		},
		{
			name: "settings, browser: new password", rpc: withPassword,
			prepare: func(f *fixture) (proto.Message, caller) {
				b := f.open().logIn()
				return newPassword(b.start("Settings", "password"), anotherPassword, b.csrf), b.caller()
			},
			want: want{outcome: "redirect", check: leadsBackToFlow},
		},
		{
			name: "settings, browser: new password without an anti-CSRF token", rpc: withPassword,
			prepare: func(f *fixture) (proto.Message, caller) {
				b := f.open().logIn()
				return newPassword(b.start("Settings", "password"), anotherPassword, ""), b.caller()
			},
			want: want{outcome: "redirect", check: leadsToError},
		},
		{
			name: "settings, browser: new password, too long after the login", rpc: withPassword, world: strict,
			prepare: func(f *fixture) (proto.Message, caller) {
				b := f.open().logIn()
				return newPassword(b.start("Settings", "password"), anotherPassword, b.csrf), b.caller()
			},
			want: want{outcome: "redirect", check: leadsToRefresh},
		},
		{
			// Where Kratos sends the browser after the login. That login was too long ago as well, so that it leads there
			// again; but the form is not asked for again.
			name: "settings, browser: new password, continued", rpc: withPassword, world: strict, byGET: true,
			prepare: func(f *fixture) (proto.Message, caller) {
				b := f.open().logIn()
				flow := b.start("Settings", "password")
				b.take(f.must(withPassword, object{"flow": flow, "payload": object{"password": anotherPassword, "csrf_token": b.csrf}}, b.caller()))
				return &kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodRequest{Flow: flow}, b.caller()
			},
			want: want{outcome: "redirect", check: leadsToRefresh},
		},
		{
			name: "settings, browser: new traits", rpc: withProfile, aliases: []int{1},
			prepare: func(f *fixture) (proto.Message, caller) {
				b := f.open().logIn()
				return newTraits(f, b.start("Settings", "profile"), fullTraits(), b.csrf), b.caller()
			},
			want: want{outcome: "redirect", check: leadsBackToFlow},
		},
		{
			name: "settings, browser: new address, too long after the login", rpc: withProfile, world: strict,
			prepare: func(f *fixture) (proto.Message, caller) {
				b := f.open().logIn()
				return newTraits(f, b.start("Settings", "profile"), fullTraits(), b.csrf), b.caller()
			},
			want: want{outcome: "redirect", check: leadsToRefresh},
		},
		{
			name: "settings, provider: link", rpc: withOIDC, aliases: []int{1},
			prepare: func(f *fixture) (proto.Message, caller) {
				b := f.open().logIn()
				return provider(b.start("Settings", "oidc"), "github", "", b.csrf), b.caller()
			},
			want: want{outcome: "redirect", check: func(t *testing.T, f *fixture, r reply) {
				path := f.world.kratos.PublicURL + "/self-service/methods/oidc/auth/" + f.flow + "?"
				if !strings.HasPrefix(r.location, path) || queryOf(t, r.location).Get("provider") != "github" {
					t.Errorf("leads to %s, want the provider", r.location)
				}
			}},
			later: &want{outcome: "redirect", check: func(t *testing.T, _ *fixture, r reply) {
				if !strings.HasPrefix(r.location, "https://github.com/login/oauth/authorize?") {
					t.Errorf("leads to %s, want the provider", r.location)
				}
			}},
		},
		{
			name: "settings, provider: link an unknown one", rpc: withOIDC,
			prepare: func(f *fixture) (proto.Message, caller) {
				b := f.open().logIn()
				return provider(b.start("Settings", "oidc"), "nobody", "", b.csrf), b.caller()
			},
			want: want{outcome: "redirect", check: showsMessage},
		},
		{
			name: "settings, provider: unlink one that is not linked", rpc: withOIDC,
			prepare: func(f *fixture) (proto.Message, caller) {
				b := f.open().logIn()
				return provider(b.start("Settings", "oidc"), "", "second", b.csrf), b.caller()
			},
			want:  want{outcome: "redirect", check: showsMessage},
			later: &want{outcome: "redirect", check: leadsToError},
		},
		{
			name: "settings, provider: neither link nor unlink", rpc: withOIDC,
			prepare: func(f *fixture) (proto.Message, caller) {
				b := f.open().logIn()
				return provider(b.start("Settings", "oidc"), "", "", b.csrf), b.caller()
			},
			want: want{outcome: "redirect", check: leadsBackToFlow},
		},
		{
			name: "settings, provider: link without a session", rpc: withOIDC,
			prepare: func(f *fixture) (proto.Message, caller) {
				b := f.open().logIn()
				m := provider(b.start("Settings", "oidc"), "github", "", b.csrf)
				delete(b.cookies, "ory_kratos_session")
				return m, b.caller()
			},
			want:  want{outcome: "redirect", check: leadsToError},
			later: &want{outcome: "redirect", check: leadsTo("http://127.0.0.1:4455/auth/login")},
		},
		{
			name: "settings, provider: link, too long after the login", rpc: withOIDC, world: strict,
			prepare: func(f *fixture) (proto.Message, caller) {
				b := f.open().logIn()
				return provider(b.start("Settings", "oidc"), "github", "", b.csrf), b.caller()
			},
			want: want{outcome: "redirect", check: leadsToRefresh},
		},
	}
}

// leadsToRefresh checks a redirect to a login that refreshes the session and then leads back.
func leadsToRefresh(t *testing.T, f *fixture, r reply) {
	t.Helper()
	query := queryOf(t, r.location)
	if !strings.HasPrefix(r.location, f.world.kratos.PublicURL+"/self-service/login/browser?") || query.Get("refresh") != "true" {
		t.Errorf("leads to %s, want a login that refreshes the session", r.location)
	}
	if flowIn(t, query.Get("return_to")) != f.flow {
		t.Errorf("the login leads to %s afterwards, want flow %s", query.Get("return_to"), f.flow)
	}
}

// showsMessage checks a redirect back to the flow, whose form then has a message.
func showsMessage(t *testing.T, f *fixture, r reply) {
	t.Helper()
	leadsBackToFlow(t, f, r)
	f.browser.take(r)
	flow := f.must(service("Settings", "GetSettingsFlow"), object{"id": f.flow}, f.browser.caller())
	if flow.formMessage()["text"] == nil {
		t.Errorf("the form has no message: %v", flow.body)
	}
}
