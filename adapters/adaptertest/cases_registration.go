package adaptertest

import (
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

var registrationCases = []func(*fixture){
	registrationSucceeds, registrationNeedsOtherInput, registrationWithASession, browserRegisters, browserRegistersByJSON,
}

func (f *fixture) submitRegistration(c client, flow string, traits object, password, csrf string) outcome {
	f.Helper()
	return outcomeOf(f, must(f, c, adapters.Adapter.CompleteRegistrationFlowWithPasswordMethod, &kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodRequest{
		Flow: flow, Payload: &kratosgrpcv1.RegistrationPasswordPayload{Traits: f.traits(traits), Password: password, CsrfToken: csrf},
	}))
}

// registrationSucceeds: traits of all types come back as they went in, and with them the addresses that they are.
func registrationSucceeds(f *fixture) {
	traits := fullTraits(newEmail())
	a := f.register(traits)
	session := f.whoami(withToken(a.Token))
	isSessionOf(f, session, a)
	identity := session.GetIdentity()
	if diff := cmp.Diff(f.traits(traits), identity.GetTraits(), protocmp.Transform()); diff != "" {
		f.Errorf("the traits (-want +got):\n%s", diff)
	}
	if len(identity.GetVerifiableAddresses()) != 1 || identity.GetVerifiableAddresses()[0].GetValue() != a.Email || identity.GetVerifiableAddresses()[0].GetVerified() {
		f.Errorf("the address to be verified is not %s: %s", a.Email, text(identity))
	}
	if len(identity.GetRecoveryAddresses()) != 1 || identity.GetRecoveryAddresses()[0].GetValue() != a.Email {
		f.Errorf("the address to recover by is not %s: %s", a.Email, text(identity))
	}
	if identity.GetSchemaId() == "" || identity.GetSchemaUrl() == "" {
		f.Errorf("the identity has no schema: %s", text(identity))
	}
}

func registrationNeedsOtherInput(f *fixture) {
	taken := f.account().Email
	c := anonymous()
	email := newEmail()
	for name, traits := range map[string]object{
		"no address":      {"name": object{"first": "Ada"}},
		"no real address": {"email": "ada"},
		"taken address":   {"email": taken},
		"wrong type":      {"email": email, "age": "old"},
		"nothing at all":  {},
	} {
		f.on(name, func(f *fixture) {
			id := registrationKind.start(f, c).GetId()
			if again := f.submitRegistration(c, id, traits, goodPassword, "").flow(f); again.GetId() != id {
				f.Errorf("the flow has become %s, want it to stay %s", again.GetId(), id)
			}
			f.submitRegistration(c, id, object{"email": newEmail()}, goodPassword, "").success(f)
		})
	}
	id := registrationKind.start(f, c).GetId()
	f.submitRegistration(c, id, object{"email": email}, "short", "").flow(f)
	f.submitRegistration(c, id, object{"email": email}, "", "").flow(f)
	outcomeOf(f, must(f, c, adapters.Adapter.CompleteRegistrationFlowWithPasswordMethod, &kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodRequest{Flow: id})).flow(f)
	f.submitRegistration(c, id, object{"email": email}, goodPassword, "").success(f)
}

func registrationWithASession(f *fixture) {
	token := f.token()
	for _, c := range []client{withToken(token), withBearer(token)} {
		refused(f, c, adapters.Adapter.InitializeRegistrationViaApiFlow, &kratosgrpcv1.InitializeRegistrationViaApiFlowRequest{}, kratosgrpcv1.ErrorReason_ERROR_REASON_SESSION_ALREADY_AVAILABLE)
		refused(f, c, adapters.Adapter.CompleteRegistrationFlowWithPasswordMethod, &kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodRequest{
			Flow:    registrationKind.start(f, anonymous()).GetId(),
			Payload: &kratosgrpcv1.RegistrationPasswordPayload{Traits: f.traits(object{"email": newEmail()}), Password: goodPassword},
		}, kratosgrpcv1.ErrorReason_ERROR_REASON_SESSION_ALREADY_AVAILABLE)
	}
}

func browserRegisters(f *fixture) {
	traits := fullTraits(newEmail())
	b := f.open()
	to, err := registrationKind.browser(f, b, f.upstream.ReturnURL)
	if err != nil {
		f.Fatal(describe(err))
	}
	shown := registrationKind.fetchForm(f, b, "password", leadsTo(f, to))

	if back := leadsTo(f, f.submitRegistration(b, shown.id, traits, "short", shown.csrf).redirect(f)); back != shown.id {
		f.Errorf("leads to the flow %s, want back to %s", back, shown.id)
	}
	f.hasNoSession(b)
	shown = registrationKind.fetchForm(f, b, "password", shown.id)
	if len(messages(shown.flow)) == 0 || fieldOf(shown.flow, "password", "traits.email").GetValue().GetStringValue() != traits["email"] {
		f.Errorf("the form does not say what is wrong, or what was filled in: %s", text(shown.flow))
	}

	if to := f.submitRegistration(b, shown.id, traits, goodPassword, shown.csrf).redirect(f); to.GetLocation() != f.upstream.ReturnURL {
		f.Errorf("leads to %s, want %s", to.GetLocation(), f.upstream.ReturnURL)
	}
	if diff := cmp.Diff(f.traits(traits), f.whoami(b).GetIdentity().GetTraits(), protocmp.Transform()); diff != "" {
		f.Errorf("the traits (-want +got):\n%s", diff)
	}
}

func browserRegistersByJSON(f *fixture) {
	b := f.open().askingForJSON()
	shown := registrationKind.openForm(f, b, "password")
	o := f.submitRegistration(b, shown.id, object{"email": newEmail()}, goodPassword, shown.csrf)
	o.success(f)
	success, _ := o.message.(*kratosgrpcv1.RegistrationSuccess)
	session := f.whoami(b)
	if success.GetSessionToken() != "" || success.GetIdentity().GetId() != session.GetIdentity().GetId() || success.GetSession().GetId() != session.GetId() {
		f.Errorf("want the identity and the session of the cookies, and no token: %s\ncookies: %s", text(success), text(session))
	}
}
