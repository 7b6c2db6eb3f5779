package adaptertest

import (
	"net/url"
	"slices"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

var settingsBrowserCases = []func(*fixture){browserChangesSettings, browserChangesSettingsByJSON, browserHasNothingToGoOnWith}

// comesBack checks that a form leads back to its flow, and that the flow is then in a state.
func comesBack(f *fixture, b *browser, o outcome, shown form, method, state string) form {
	f.Helper()
	if back := leadsTo(f, o.redirect(f)); back != shown.id {
		f.Errorf("leads to the flow %s, want back to %s", back, shown.id)
	}
	again := settingsKind.fetchForm(f, b, method, shown.id)
	if fl, _ := again.flow.(*kratosgrpcv1.SettingsFlow); fl.GetState() != state {
		f.Errorf("the flow is in the state %q, want %q: %s", fl.GetState(), state, text(fl))
	}
	return again
}

func browserChangesSettings(f *fixture) {
	a := f.account()
	b := f.logIn(a)
	shown := settingsKind.openForm(f, b, "password")
	shown = comesBack(f, b, f.submitPassword(b, shown.id, "short", shown.csrf), shown, "password", "show_form")
	if len(messages(shown.flow)) == 0 {
		f.Errorf("the form does not say what is wrong: %s", text(shown.flow))
	}
	shown = comesBack(f, b, f.submitPassword(b, shown.id, anotherPassword, shown.csrf), shown, "profile", "success")
	comesBack(f, b, f.submitTraits(b, shown.id, object{"email": a.Email, "age": 37}, shown.csrf), shown, "profile", "success")

	if age := f.whoami(b).GetIdentity().GetTraits().GetFields()["age"].GetNumberValue(); age != 37 {
		f.Errorf("the age is %v, want 37", age)
	}
	f.submitLogin(anonymous(), loginKind.start(f, anonymous()).GetId(), a.Email, anotherPassword, "").success(f)
}

func browserChangesSettingsByJSON(f *fixture) {
	a := f.account()
	b := f.logIn(a).askingForJSON()
	shown := settingsKind.openForm(f, b, "profile")
	o := f.submitTraits(b, shown.id, object{"email": a.Email, "age": 38}, shown.csrf)
	switch o.name {
	case "redirect":
		// Kratos 0.5 answers browsers with a redirect, whatever they ask for, where its configuration has no hook.
		comesBack(f, b, o, shown, "profile", "success")
	default:
		o.success(f)
		if success, _ := o.message.(*kratosgrpcv1.SettingsSuccess); success.GetIdentity().GetId() != a.IdentityID {
			f.Errorf("want the identity as it is now: %s", text(success))
		}
	}
}

// browserHasNothingToGoOnWith: a completion without a form goes on with a change that was paused. Where none was, nothing
// is changed, and the browser is led on.
func browserHasNothingToGoOnWith(f *fixture) {
	a := f.account()
	b := f.logIn(a)
	shown := settingsKind.openForm(f, b, "password")
	outcomeOf(f, must(f, b, adapters.Adapter.CompleteSettingsFlowWithPasswordMethod, &kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodRequest{Flow: shown.id})).redirect(f)
	outcomeOf(f, must(f, b, adapters.Adapter.CompleteSettingsFlowWithProfileMethod, &kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest{Flow: shown.id})).redirect(f)
	isSessionOf(f, f.whoami(b), a)
	f.submitLogin(anonymous(), loginKind.start(f, anonymous()).GetId(), a.Email, a.Password, "").success(f)
}

// browserRefreshesAndGoesOn: a browser whose session is not privileged is led to the login, and from there back to where
// its change is waiting.
func browserRefreshesAndGoesOn(f *fixture, a Account, b *browser, shown form) {
	to := f.submitPassword(b, shown.id, anotherPassword, shown.csrf).redirect(f)
	location, err := url.Parse(to.GetLocation())
	if err != nil {
		f.Fatal(err)
	}
	back, err := url.Parse(location.Query().Get("return_to"))
	if err != nil || back.Query().Get("flow") != shown.id || location.Query().Get("refresh") != "true" {
		f.Fatalf("leads to %s, want the login that refreshes, and from there back to the flow %s", to.GetLocation(), shown.id)
	}

	started := must(f, b, adapters.Adapter.InitializeLoginViaBrowserFlow, &kratosgrpcv1.InitializeLoginViaBrowserFlowRequest{Refresh: true, ReturnTo: back.String()}).GetRedirect()
	login := loginKind.fetchForm(f, b, "password", leadsTo(f, started))
	if led := f.submitLogin(b, login.id, a.Email, a.Password, login.csrf).redirect(f); led.GetLocation() != back.String() {
		f.Errorf("the login leads to %s, want %s", led.GetLocation(), back)
	}
	paused := outcomeOf(f, must(f, b, adapters.Adapter.CompleteSettingsFlowWithPasswordMethod, &kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodRequest{Flow: shown.id}))
	comesBack(f, b, paused, shown, "password", "success")
	f.submitLogin(anonymous(), loginKind.start(f, anonymous()).GetId(), a.Email, anotherPassword, "").success(f)
}

// oidcCases are about providers.
var oidcCases = []func(*fixture){providerIsLinked, providerIsNoChoice}

func choice(flow, link, unlink, csrf string) *kratosgrpcv1.CompleteBrowserSettingsOidcSettingsFlowRequest {
	return &kratosgrpcv1.CompleteBrowserSettingsOidcSettingsFlowRequest{Flow: flow, Payload: &kratosgrpcv1.SettingsOidcPayload{Link: link, Unlink: unlink, CsrfToken: csrf}}
}

// providerIsLinked: the browser is led on to the provider, from which it does not come back here.
func providerIsLinked(f *fixture) {
	b := f.logIn(f.account())
	shown := settingsKind.openForm(f, b, "oidc")
	for _, provider := range []string{"github", "second"} {
		to := outcomeOf(f, must(f, b, adapters.Adapter.CompleteBrowserSettingsOidcSettingsFlow, choice(shown.id, provider, "", shown.csrf))).redirect(f)
		if to.GetErrorId() != "" || to.GetFlowId() != "" {
			f.Errorf("leads to %s, want the provider %s", to.GetLocation(), provider)
		}
	}
}

func providerIsNoChoice(f *fixture) {
	b := f.logIn(f.account())
	for name, c := range map[string][2]string{"unknown": {"nobody", ""}, "not linked": {"", "second"}, "neither": {"", ""}} {
		f.on(name, func(f *fixture) {
			shown := settingsKind.openForm(f, b, "oidc")
			o := outcomeOf(f, must(f, b, adapters.Adapter.CompleteBrowserSettingsOidcSettingsFlow, choice(shown.id, c[0], c[1], shown.csrf)))
			if c[1] != "" && f.harness.Differences.UnlinkingNeedsLink {
				leadsToError(f, b, o.redirect(f))
				return
			}
			if again := comesBack(f, b, o, shown, "oidc", "show_form"); len(messages(again.flow)) == 0 {
				f.Errorf("the form does not say what is wrong: %s", text(again.flow))
			}
		})
	}
	const name = "CompleteBrowserSettingsOidcSettingsFlow"
	if slices.Contains(f.harness.Differences.Unprotected, name) {
		return
	}
	shown := settingsKind.openForm(f, b, "oidc")
	res, err := ask(f, b, adapters.Adapter.CompleteBrowserSettingsOidcSettingsFlow, choice(shown.id, "github", "", "wrong"))
	isCSRFViolation(f, b, name, res, err)
}
