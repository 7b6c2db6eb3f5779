package adaptertest

import (
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

var settingsCases = []func(*fixture){traitsChange, passwordChanges, settingsNeedOtherInput, settingsWithoutSession, settingsOfSomebodyElse}

func (f *fixture) submitTraits(c client, flow string, traits object, csrf string) outcome {
	f.Helper()
	return outcomeOf(f, must(f, c, adapters.Adapter.CompleteSettingsFlowWithProfileMethod, newTraits(f, flow, traits, csrf)))
}

func newTraits(f *fixture, flow string, traits object, csrf string) *kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest {
	f.Helper()
	return &kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest{Flow: flow, Payload: &kratosgrpcv1.SettingsProfilePayload{Traits: f.traits(traits), CsrfToken: csrf}}
}

func (f *fixture) submitPassword(c client, flow, password, csrf string) outcome {
	f.Helper()
	return outcomeOf(f, must(f, c, adapters.Adapter.CompleteSettingsFlowWithPasswordMethod, newPassword(flow, password, csrf)))
}

func newPassword(flow, password, csrf string) *kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodRequest {
	return &kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodRequest{Flow: flow, Payload: &kratosgrpcv1.SettingsPasswordPayload{Password: password, CsrfToken: csrf}}
}

// traitsChange: all traits are replaced, and the same flow can be completed again.
func traitsChange(f *fixture) {
	a := f.register(fullTraits(newEmail()))
	c := withBearer(a.Token)
	started := settingsKind.start(f, c)
	if owner, ok := started.(interface {
		GetIdentity() *kratosgrpcv1.Identity
	}); !ok || owner.GetIdentity().GetId() != a.IdentityID {
		f.Errorf("the flow is not that of %s: %s", a.IdentityID, text(started))
	}
	for _, traits := range []object{
		{"email": a.Email, "name": object{"first": "Grace"}, "age": 0, "newsletter": false, "tags": []any{"one"}},
		{"email": newEmail()},
	} {
		o := f.submitTraits(c, started.GetId(), traits, "")
		o.success(f)
		success, _ := o.message.(*kratosgrpcv1.SettingsSuccess)
		if _, ok := traits["name"]; !ok && f.harness.Differences.FillsInObjects {
			traits["name"] = object{}
		}
		want := f.traits(traits)
		for where, got := range map[string]*kratosgrpcv1.Identity{"answer": success.GetIdentity(), "session": f.whoami(c).GetIdentity()} {
			if diff := cmp.Diff(want, got.GetTraits(), protocmp.Transform()); diff != "" || got.GetId() != a.IdentityID {
				f.Errorf("the traits in the %s (-want +got):\n%s", where, diff)
			}
		}
		if success.GetFlow().GetState() != "success" || success.GetFlow().GetId() != started.GetId() {
			f.Errorf("the flow is not at its end: %s", text(success.GetFlow()))
		}
	}
}

func passwordChanges(f *fixture) {
	a := f.account()
	c := withToken(a.Token)
	started := settingsKind.start(f, c)
	o := f.submitPassword(c, started.GetId(), anotherPassword, "")
	o.success(f)
	if success, _ := o.message.(*kratosgrpcv1.SettingsSuccess); success.GetFlow().GetState() != "success" || success.GetIdentity().GetId() != a.IdentityID {
		f.Errorf("the flow is not at its end: %s", text(o.message))
	}
	f.submitLogin(anonymous(), loginKind.start(f, anonymous()).GetId(), a.Email, a.Password, "").flow(f)
	f.submitLogin(anonymous(), loginKind.start(f, anonymous()).GetId(), a.Email, anotherPassword, "").success(f)
}

func settingsNeedOtherInput(f *fixture) {
	a := f.account()
	taken := f.account().Email
	c := withToken(a.Token)
	id := settingsKind.start(f, c).GetId()
	f.submitPassword(c, id, "short", "").flow(f)
	for _, traits := range []object{{}, {"email": "ada"}, {"email": a.Email, "age": "old"}} {
		if again := f.submitTraits(c, id, traits, "").flow(f); again.GetId() != id {
			f.Errorf("the flow has become %s, want it to stay %s", again.GetId(), id)
		}
	}
	// Generations differ in whether they say so in the form, but all of them refuse.
	res, err := ask(f, c, adapters.Adapter.CompleteSettingsFlowWithProfileMethod, newTraits(f, id, object{"email": taken}, ""))
	if err != nil {
		wantReason(f.T, "taken address", err, kratosgrpcv1.ErrorReason_ERROR_REASON_REJECTED_BY_UPSTREAM)
	} else {
		outcomeOf(f, res).flow(f)
	}
	isSessionOf(f, f.whoami(c), a)
	f.submitTraits(c, id, object{"email": a.Email, "age": 37}, "").success(f)
}

func settingsWithoutSession(f *fixture) {
	const noSession = kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION
	id := settingsKind.start(f, withToken(f.token())).GetId()
	for _, c := range []client{anonymous(), withToken("unknown"), f.open()} {
		refused(f, c, adapters.Adapter.InitializeSettingsViaApiFlow, &kratosgrpcv1.InitializeSettingsViaApiFlowRequest{}, f.harness.Differences.SettingsWithoutSession)
		refused(f, c, adapters.Adapter.GetSettingsFlow, &kratosgrpcv1.GetSettingsFlowRequest{Id: id}, noSession, f.harness.Differences.SettingsWithoutSession)
	}
	for _, c := range []client{anonymous(), withToken("unknown")} {
		refused(f, c, adapters.Adapter.CompleteSettingsFlowWithPasswordMethod, newPassword(id, anotherPassword, ""), noSession)
		refused(f, c, adapters.Adapter.CompleteSettingsFlowWithProfileMethod, newTraits(f, id, object{"email": newEmail()}, ""), noSession)
	}
	b := f.open()
	to := checkRedirect(f, must(f, b, adapters.Adapter.InitializeSettingsViaBrowserFlow, &kratosgrpcv1.InitializeSettingsViaBrowserFlowRequest{}).GetRedirect())
	if to.GetErrorId() != "" {
		f.Errorf("leads to an error, want the login: %s", text(to))
	}
}

func settingsOfSomebodyElse(f *fixture) {
	const denied = kratosgrpcv1.ErrorReason_ERROR_REASON_ACCESS_DENIED
	owner := f.account()
	id := settingsKind.start(f, withToken(owner.Token)).GetId()
	c := withToken(f.token())
	refused(f, c, adapters.Adapter.GetSettingsFlow, &kratosgrpcv1.GetSettingsFlowRequest{Id: id}, denied)
	refused(f, c, adapters.Adapter.CompleteSettingsFlowWithPasswordMethod, newPassword(id, anotherPassword, ""), denied)
	refused(f, c, adapters.Adapter.CompleteSettingsFlowWithProfileMethod, newTraits(f, id, object{"email": newEmail()}, ""), denied)
	isSessionOf(f, f.whoami(withToken(owner.Token)), owner)
	f.submitLogin(anonymous(), loginKind.start(f, anonymous()).GetId(), owner.Email, owner.Password, "").success(f)
}

// privilegeCases are about sessions that were authenticated too long ago. They are one case, so that the wait is for all
// of them.
var privilegeCases = []func(*fixture){privilegeEnds}

func privilegeEnds(f *fixture) {
	owner := f.account()
	id := settingsKind.start(f, withToken(owner.Token)).GetId()
	a := f.account()
	b := f.logIn(a)
	shown := settingsKind.openForm(f, b, "password")
	waitOut()
	f.on("API", func(f *fixture) { changeNeedsPrivilegedSession(f, owner, id) })
	f.on("browser", func(f *fixture) { browserRefreshesAndGoesOn(f, a, b, shown) })
}

func changeNeedsPrivilegedSession(f *fixture, a Account, id string) {
	const needed = kratosgrpcv1.ErrorReason_ERROR_REASON_PRIVILEGED_SESSION_REQUIRED
	c := withToken(a.Token)
	refused(f, c, adapters.Adapter.CompleteSettingsFlowWithPasswordMethod, newPassword(id, anotherPassword, ""), needed)
	refused(f, c, adapters.Adapter.CompleteSettingsFlowWithProfileMethod, newTraits(f, id, object{"email": newEmail()}, ""), needed)
	// What is no credential can be changed all the same.
	f.submitTraits(c, id, object{"email": a.Email, "age": 36}, "").success(f)

	refreshed := must(f, c, adapters.Adapter.InitializeLoginViaApiFlow, &kratosgrpcv1.InitializeLoginViaApiFlowRequest{Refresh: true}).GetFlow()
	o := f.submitLogin(c, refreshed.GetId(), a.Email, a.Password, "")
	o.success(f)
	success, _ := o.message.(*kratosgrpcv1.LoginSuccess)
	c = withToken(success.GetSessionToken())
	f.submitPassword(c, settingsKind.start(f, c).GetId(), anotherPassword, "").success(f)
}
