package adaptertest

import (
	"maps"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// updateCases are the completions by any method.
var updateCases = []func(*fixture){
	registrationInTwoSteps, updateTakesAnyMethod, updateNeedsOtherInput, updateOfAnUnknownFlow, scriptStartsFlows, formsAreTypedBySchema, flowsSayTheSameTwice,
}

func (f *fixture) updateLogin(c client, flow, method string, payload object) *kratosgrpcv1.UpdateLoginFlowResponse {
	f.Helper()
	return must(f, c, adapters.Adapter.UpdateLoginFlow, &kratosgrpcv1.UpdateLoginFlowRequest{Flow: flow, Method: method, Payload: f.traits(payload)})
}

func (f *fixture) updateSettings(c client, flow, method string, payload object) *kratosgrpcv1.UpdateSettingsFlowResponse {
	f.Helper()
	return must(f, c, adapters.Adapter.UpdateSettingsFlow, &kratosgrpcv1.UpdateSettingsFlowRequest{Flow: flow, Method: method, Payload: f.traits(payload)})
}

// registrationInTwoSteps: first the traits, then a credential, as Kratos 1.x itself has it.
func registrationInTwoSteps(f *fixture) {
	started := registrationKind.start(f, anonymous())
	traits := fullTraits(newEmail())
	update := func(method string, payload object) *kratosgrpcv1.UpdateRegistrationFlowResponse {
		f.Helper()
		return must(f, anonymous(), adapters.Adapter.UpdateRegistrationFlow, &kratosgrpcv1.UpdateRegistrationFlowRequest{
			Flow: started.GetId(), Method: method, Payload: f.traits(payload),
		})
	}
	next := update("profile", object{"traits": traits}).GetFlow()
	if node(next.GetUi(), "password") == nil {
		f.Fatalf("the second step does not ask for a password: %s", text(next))
	}
	res := update("password", object{"traits": traits, "password": goodPassword})
	success := res.GetSuccess()
	if success.GetSessionToken() == "" || success.GetSession().GetAuthenticatorAssuranceLevel() != "aal1" || success.GetIdentity().GetState() != "active" {
		f.Fatalf("the registration yields no session: %s", text(res))
	}
	email, _ := traits["email"].(string)
	isSessionOf(f, f.whoami(withToken(success.GetSessionToken())), Account{Email: email, IdentityID: success.GetIdentity().GetId()})
}

// updateTakesAnyMethod: the method may stand in the payload too, and a payload may be flat.
func updateTakesAnyMethod(f *fixture) {
	a := f.account()
	for _, payload := range []object{
		{"method": "password", "identifier": a.Email, "password": a.Password},
		{"identifier": a.Email, "password": a.Password},
	} {
		method := ""
		if payload["method"] == nil {
			method = "password"
		}
		res := f.updateLogin(anonymous(), loginKind.start(f, anonymous()).GetId(), method, payload)
		isSessionOf(f, f.whoami(withToken(res.GetSuccess().GetSessionToken())), a)
		if methods := res.GetSuccess().GetSession().GetAuthenticationMethods(); len(methods) != 1 || methods[0].GetMethod() != "password" {
			f.Errorf("the session does not say how it came about: %s", text(res))
		}
	}
	c := withToken(a.Token)
	for _, payload := range []object{
		{"traits": object{"email": a.Email, "name": object{"first": "Grace"}}},
		{"traits.email": a.Email, "traits.name.first": "Grace"},
	} {
		res := f.updateSettings(c, settingsKind.start(f, c).GetId(), "profile", payload)
		name := res.GetSuccess().GetIdentity().GetTraits().GetFields()["name"].GetStructValue().GetFields()["first"].GetStringValue()
		if res.GetSuccess().GetFlow().GetState() != "success" || name != "Grace" {
			f.Errorf("the change is not made: %s", text(res))
		}
	}
}

// updateNeedsOtherInput: that is an outcome, and says what is wrong.
func updateNeedsOtherInput(f *fixture) {
	a := f.account()
	started := loginKind.start(f, anonymous()).GetId()
	for _, payload := range []object{
		{"identifier": a.Email, "password": "wrong"},
		{"identifier": a.Email},
		{},
	} {
		outcomeOf(f, f.updateLogin(anonymous(), started, "password", payload)).flow(f)
	}
	c := withToken(a.Token)
	outcomeOf(f, f.updateSettings(c, settingsKind.start(f, c).GetId(), "password", object{"password": "short"})).flow(f)
	for _, method := range []string{"invented", ""} {
		res := f.updateLogin(anonymous(), started, method, object{})
		if res.GetFlow() == nil {
			f.Errorf("the method %q: want the flow, got %s", method, text(res))
		}
	}
}

func updateOfAnUnknownFlow(f *fixture) {
	unknown := kratosgrpcv1.ErrorReason_ERROR_REASON_NOT_FOUND
	payload := f.traits(object{"email": newEmail()})
	refused(f, anonymous(), adapters.Adapter.UpdateLoginFlow, &kratosgrpcv1.UpdateLoginFlowRequest{Flow: unknownID, Method: "password", Payload: payload}, unknown)
	refused(f, anonymous(), adapters.Adapter.UpdateRegistrationFlow, &kratosgrpcv1.UpdateRegistrationFlowRequest{Flow: unknownID, Method: "password", Payload: payload}, unknown)
	refused(f, withToken(f.token()), adapters.Adapter.UpdateSettingsFlow, &kratosgrpcv1.UpdateSettingsFlowRequest{Flow: unknownID, Method: "profile", Payload: payload}, unknown)
	refused(f, anonymous(), adapters.Adapter.UpdateRecoveryFlow, &kratosgrpcv1.UpdateRecoveryFlowRequest{Flow: unknownID, Method: "link", Payload: payload}, unknown)
	refused(f, anonymous(), adapters.Adapter.UpdateVerificationFlow, &kratosgrpcv1.UpdateVerificationFlowRequest{Flow: unknownID, Method: "link", Payload: payload}, unknown)
}

// scriptStartsFlows: a script in a browser that asks for JSON is answered the flow, and completes it with its cookies.
func scriptStartsFlows(f *fixture) {
	if !f.harness.has("UpdateLoginFlow") {
		f.Skip("this generation has no flows for scripts")
	}
	a := f.account()
	b := f.open().askingForJSON()
	started := must(f, b, adapters.Adapter.InitializeLoginViaBrowserFlow, &kratosgrpcv1.InitializeLoginViaBrowserFlowRequest{}).GetFlow()
	if started.GetType() != "browser" || len(b.answer.SetCookies) == 0 {
		f.Fatalf("the flow is no browser's, or comes without cookies: %s", text(started))
	}
	csrf := node(started.GetUi(), "csrf_token").GetAttributes().GetValue().GetStringValue()
	res := f.updateLogin(b, started.GetId(), "password", object{"identifier": a.Email, "password": a.Password, "csrf_token": csrf})
	if res.GetSuccess().GetSessionToken() != "" {
		f.Error("a browser is given a token")
	}
	isSessionOf(f, f.whoami(b), a)
	refused(f, b, adapters.Adapter.UpdateLoginFlow, &kratosgrpcv1.UpdateLoginFlowRequest{Flow: started.GetId(), Method: "password", Payload: f.traits(object{})},
		kratosgrpcv1.ErrorReason_ERROR_REASON_SESSION_ALREADY_AVAILABLE)

	for name, flow := range map[string]flow{
		"registration": must(f, f.open().askingForJSON(), adapters.Adapter.InitializeRegistrationViaBrowserFlow, &kratosgrpcv1.InitializeRegistrationViaBrowserFlowRequest{}).GetFlow(),
		"settings":     must(f, b, adapters.Adapter.InitializeSettingsViaBrowserFlow, &kratosgrpcv1.InitializeSettingsViaBrowserFlowRequest{}).GetFlow(),
		"recovery":     must(f, f.open().askingForJSON(), adapters.Adapter.InitializeRecoveryViaBrowserFlow, &kratosgrpcv1.InitializeRecoveryViaBrowserFlowRequest{}).GetFlow(),
		"verification": must(f, b, adapters.Adapter.InitializeVerificationViaBrowserFlow, &kratosgrpcv1.InitializeVerificationViaBrowserFlowRequest{}).GetFlow(),
	} {
		if flow.GetType() != "browser" {
			f.Errorf("%s: want a browser's flow, got %s", name, text(flow))
		}
	}
}

// sendingForms is a browser whose page sends a form: all that is in it is text.
type sendingForms struct{ *browser }

func (s sendingForms) exchange() *adapters.Exchange {
	x := s.browser.exchange()
	x.Caller.SentForm = true
	return x
}

// formsAreTypedBySchema: a form can only say texts, and means what the identity's schema has.
func formsAreTypedBySchema(f *fixture) {
	a := f.account()
	page := sendingForms{f.logIn(a)}
	traits := object{"email": a.Email, "age": "36", "newsletter": "true", "tags": []any{"a", "b"}, "name": object{"first": "Ada"}}
	check := func(res interface {
		GetRedirect() *kratosgrpcv1.Redirect
	},
	) {
		f.Helper()
		if res.GetRedirect() == nil {
			f.Fatal("the form leads nowhere")
		}
		got := f.whoami(page).GetIdentity().GetTraits().AsMap()
		if got["age"] != float64(36) || got["newsletter"] != true || len(got["tags"].([]any)) != 2 { //nolint:forcetypeassert // The test may panic.
			f.Errorf("the traits are %v", got)
		}
	}
	form := settingsKind.openForm(f, page.browser, "profile")
	check(must(f, page, adapters.Adapter.CompleteSettingsFlowWithProfileMethod, newTraits(f, form.id, traits, form.csrf)))

	payload := object{"traits": maps.Clone(traits), "csrf_token": form.csrf}
	if f.harness.has("UpdateSettingsFlow") {
		check(must(f, page, adapters.Adapter.UpdateSettingsFlow, &kratosgrpcv1.UpdateSettingsFlowRequest{Flow: form.id, Method: "profile", Payload: f.traits(payload)}))
	}
}

// flowsSayTheSameTwice: what a flow's methods ask for, its ui asks for too, whatever the generation.
func flowsSayTheSameTwice(f *fixture) {
	for _, started := range []flow{loginKind.start(f, anonymous()), recoveryKind.start(f, anonymous()), verificationKind.start(f, anonymous())} {
		ui := uiOf(started)
		if len(ui.GetNodes()) == 0 || len(started.GetMethods()) == 0 {
			f.Fatalf("the flow has no form: %s", text(started))
		}
		for name, method := range started.GetMethods() {
			for _, field := range method.GetConfig().GetFields() {
				if node(ui, field.GetName()) == nil {
					f.Errorf("the field %s of %s is not in the ui: %s", field.GetName(), name, text(ui))
				}
			}
		}
	}
}

func uiOf(fl flow) *kratosgrpcv1.Ui {
	if with, ok := fl.(interface{ GetUi() *kratosgrpcv1.Ui }); ok {
		return with.GetUi()
	}
	return nil
}

// node finds an input by its name, or returns nil.
func node(ui *kratosgrpcv1.Ui, name string) *kratosgrpcv1.UiNode {
	for _, n := range ui.GetNodes() {
		if n.GetAttributes().GetName() == name {
			return n
		}
	}
	return nil
}
