package adaptertest

import (
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// codeCases are what is done with a code that was mailed.
var codeCases = []func(*fixture){loginByCode, recoveryByCode, verificationByCode}

// mailedCode waits for the next code that is mailed to an address, after those that it has had.
func (f *fixture) mailedCode(address string, had int) string {
	f.Helper()
	for range 600 {
		if codes := f.upstream.MailedCodes(f.T, address); len(codes) > had {
			return codes[len(codes)-1]
		}
		time.Sleep(50 * time.Millisecond)
	}
	f.Fatalf("no code was mailed to %s", address)
	return ""
}

func (f *fixture) codesSoFar(address string) int { return len(f.upstream.MailedCodes(f.T, address)) }

// loginByCode: a code that is sent is a step, and no error; a wrong one is wrong, and the right one logs in.
func loginByCode(f *fixture) {
	a := f.account()
	// The mail that asks to verify the address may still be on its way.
	f.mailedCode(a.Email, 0)
	had := f.codesSoFar(a.Email)
	started := loginKind.start(f, anonymous()).GetId()

	sent := f.updateLogin(anonymous(), started, "code", object{"identifier": a.Email}).GetFlow()
	if sent.GetState() != "sent_email" || node(sent.GetUi(), "code") == nil {
		f.Fatalf("no code is asked for: %s", text(sent))
	}
	code := f.mailedCode(a.Email, had)
	wrong := f.updateLogin(anonymous(), started, "code", object{"identifier": a.Email, "code": "000000"}).GetFlow()
	if wrong.GetState() != "sent_email" {
		f.Errorf("after a wrong code the flow is %s", text(wrong))
	}
	res := f.updateLogin(anonymous(), started, "code", object{"identifier": a.Email, "code": code})
	session := f.whoami(withToken(res.GetSuccess().GetSessionToken()))
	isSessionOf(f, session, a)
	if methods := session.GetAuthenticationMethods(); len(methods) != 1 || methods[0].GetMethod() != "code" {
		f.Errorf("the session does not say that it came about by a code: %s", text(session))
	}
}

func (f *fixture) updateRecovery(c client, flow string, payload object) *kratosgrpcv1.UpdateRecoveryFlowResponse {
	f.Helper()
	return must(f, c, adapters.Adapter.UpdateRecoveryFlow, &kratosgrpcv1.UpdateRecoveryFlowRequest{Flow: flow, Method: "code", Payload: f.traits(payload)})
}

// recoveryByCode: a wrong code is to be filled in again, although Kratos does not say so by its status; the right one logs
// the browser in.
func recoveryByCode(f *fixture) {
	a := f.account()
	f.mailedCode(a.Email, 0)
	had := f.codesSoFar(a.Email)
	b := f.open()
	form := recoveryKind.openForm(f, b, "code")
	b.askingForJSON()
	sent := f.updateRecovery(b, form.id, object{"email": a.Email, "csrf_token": form.csrf})
	if sent.GetSuccess().GetFlow().GetState() != "sent_email" {
		f.Fatalf("no code is on its way: %s", text(sent))
	}
	code := f.mailedCode(a.Email, had)
	outcomeOf(f, f.updateRecovery(b, form.id, object{"code": "000000", "csrf_token": form.csrf})).flow(f)
	if b.answer.HTTPStatus != 200 {
		f.Errorf("beside the flow stands status %d, want that of Kratos", b.answer.HTTPStatus)
	}
	to := outcomeOf(f, f.updateRecovery(b, form.id, object{"code": code, "csrf_token": form.csrf})).redirect(f)
	if to.GetFlowId() == "" || b.answer.HTTPStatus != 422 {
		f.Errorf("the browser is not led on to its settings: %s (status %d)", text(to), b.answer.HTTPStatus)
	}
	isSessionOf(f, f.whoami(b), a)
}

func verificationByCode(f *fixture) {
	a := f.account()
	f.mailedCode(a.Email, 0)
	had := f.codesSoFar(a.Email)
	started := verificationKind.start(f, anonymous()).GetId()
	update := func(payload object) outcome {
		f.Helper()
		return outcomeOf(f, must(f, anonymous(), adapters.Adapter.UpdateVerificationFlow, &kratosgrpcv1.UpdateVerificationFlowRequest{
			Flow: started, Method: "code", Payload: f.traits(payload),
		}))
	}
	update(object{"email": a.Email}).success(f)
	code := f.mailedCode(a.Email, had)
	update(object{"code": "000000"}).flow(f)
	o := update(object{"code": code})
	o.success(f)
	if addresses := f.whoami(withToken(a.Token)).GetIdentity().GetVerifiableAddresses(); len(addresses) != 1 || !addresses[0].GetVerified() {
		f.Errorf("the address is not verified: %v", addresses)
	}
}
