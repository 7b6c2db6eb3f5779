package adaptertest

import (
	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

var loginCases = []func(*fixture){
	loginSucceeds, loginIsWrong, loginWithASession, loginRefreshes, loginWithCookies, browserLogsIn, browserLoginIsWrong, browserLogsInByJSON, browserIsLoggedIn, browserRefreshes,
}

func credentials(flow, identifier, password, csrf string) *kratosgrpcv1.CompleteLoginFlowWithPasswordMethodRequest {
	return &kratosgrpcv1.CompleteLoginFlowWithPasswordMethodRequest{
		Flow: flow, Payload: &kratosgrpcv1.LoginPasswordPayload{Identifier: identifier, Password: password, CsrfToken: csrf},
	}
}

// submitLogin completes a login.
func (f *fixture) submitLogin(c client, flow, identifier, password, csrf string) outcome {
	f.Helper()
	return outcomeOf(f, must(f, c, adapters.Adapter.CompleteLoginFlowWithPasswordMethod, credentials(flow, identifier, password, csrf)))
}

// isSessionOf checks that a session is an account's.
func isSessionOf(f *fixture, session *kratosgrpcv1.Session, a Account) {
	f.Helper()
	if session.GetId() == "" || session.GetIdentity().GetId() != a.IdentityID || session.GetIdentity().GetTraits().GetFields()["email"].GetStringValue() != a.Email {
		f.Errorf("this is no session of %s: %s", a.Email, text(session))
	}
	if session.Active != nil && !session.GetActive() {
		f.Errorf("the session is not active: %s", text(session))
	}
	if !session.GetAuthenticatedAt().IsValid() || !session.GetIssuedAt().IsValid() || !session.GetExpiresAt().AsTime().After(session.GetIssuedAt().AsTime()) {
		f.Errorf("the session does not expire after it was issued: %s", text(session))
	}
}

func loginSucceeds(f *fixture) {
	a := f.account()
	c := anonymous()
	o := f.submitLogin(c, loginKind.start(f, c).GetId(), a.Email, a.Password, "")
	o.success(f)
	success, _ := o.message.(*kratosgrpcv1.LoginSuccess)
	isSessionOf(f, success.GetSession(), a)
	if success.GetSessionToken() == "" || success.GetSessionToken() == a.Token {
		f.Error("the login has no token of its own")
	}
	if len(c.answer.SetCookies) > 0 {
		f.Errorf("an API client gets cookies: %v", c.answer.SetCookies)
	}
	if session := f.whoami(withToken(success.GetSessionToken())); session.GetId() != success.GetSession().GetId() {
		f.Errorf("the token is that of another session: %s", text(session))
	}
	isSessionOf(f, f.whoami(withToken(a.Token)), a)
}

// loginIsWrong: what is wrong is said in the flow, the same for a wrong password as for somebody unknown; and then the
// flow can be completed.
func loginIsWrong(f *fixture) {
	a := f.account()
	c := anonymous()
	id := loginKind.start(f, c).GetId()
	var said []*kratosgrpcv1.Message
	for _, wrong := range [][2]string{{a.Email, anotherPassword}, {newEmail(), a.Password}} {
		again := f.submitLogin(c, id, wrong[0], wrong[1], "").flow(f)
		if again.GetId() != id {
			f.Errorf("the flow has become %s, want it to stay %s", again.GetId(), id)
		}
		switch now := messages(again); {
		case len(now) != 1:
			f.Errorf("want one message, got %v", now)
		case said != nil && !proto.Equal(now[0], said[0]):
			f.Errorf("the message tells who is registered: %v, else %v", now, said)
		default:
			said = now
		}
	}
	f.submitLogin(c, id, a.Email, a.Password, "").success(f)

	missing := must(f, c, adapters.Adapter.CompleteLoginFlowWithPasswordMethod, &kratosgrpcv1.CompleteLoginFlowWithPasswordMethodRequest{Flow: loginKind.start(f, c).GetId()})
	outcomeOf(f, missing).flow(f)
}

func loginWithASession(f *fixture) {
	a := f.account()
	for _, c := range []client{withToken(a.Token), withBearer(a.Token)} {
		e := refusalOf(f, c, adapters.Adapter.InitializeLoginViaApiFlow, &kratosgrpcv1.InitializeLoginViaApiFlowRequest{}, kratosgrpcv1.ErrorReason_ERROR_REASON_SESSION_ALREADY_AVAILABLE)
		if e.Upstream.GetReason() == "" || e.HTTPStatus != 400 {
			f.Errorf("the error does not say what Kratos says: %s", describe(e))
		}
		refused(f, c, adapters.Adapter.CompleteLoginFlowWithPasswordMethod, credentials(loginKind.start(f, anonymous()).GetId(), a.Email, a.Password, ""),
			kratosgrpcv1.ErrorReason_ERROR_REASON_SESSION_ALREADY_AVAILABLE)
	}
	// A token that is no session's does not stand in the way.
	loginKind.start(f, withToken("unknown"))
}

// loginWithCookies: an API flow takes no cookies, but who has some all the same can complete it.
func loginWithCookies(f *fixture) {
	a := f.account()
	b := f.open().askingForJSON()
	loginKind.openForm(f, b, "password")
	o := f.submitLogin(b, loginKind.start(f, b).GetId(), a.Email, a.Password, "")
	o.success(f)
	success, _ := o.message.(*kratosgrpcv1.LoginSuccess)
	isSessionOf(f, f.whoami(withToken(success.GetSessionToken())), a)
	if len(b.answer.SetCookies) > 0 {
		f.Errorf("an API flow sets cookies: %v", b.answer.SetCookies)
	}
}

func loginRefreshes(f *fixture) {
	a := f.account()
	c := withToken(a.Token)
	before := f.whoami(c)
	started := must(f, c, adapters.Adapter.InitializeLoginViaApiFlow, &kratosgrpcv1.InitializeLoginViaApiFlowRequest{Refresh: true}).GetFlow()
	checkNewFlow(f, loginKind, started, "api")
	if !started.GetForced() {
		f.Errorf("the flow does not say that it refreshes: %s", text(started))
	}
	o := f.submitLogin(c, started.GetId(), a.Email, a.Password, "")
	o.success(f)
	success, _ := o.message.(*kratosgrpcv1.LoginSuccess)
	if !success.GetSession().GetAuthenticatedAt().AsTime().After(before.GetAuthenticatedAt().AsTime()) {
		f.Errorf("authenticated at %v, before at %v", success.GetSession().GetAuthenticatedAt().AsTime(), before.GetAuthenticatedAt().AsTime())
	}
}

func browserLogsIn(f *fixture) {
	a := f.account()
	b := f.open()
	to, err := loginKind.browser(f, b, f.upstream.ReturnURL)
	if err != nil {
		f.Fatal(describe(err))
	}
	shown := loginKind.fetchForm(f, b, "password", leadsTo(f, to))
	if to := f.submitLogin(b, shown.id, a.Email, a.Password, shown.csrf).redirect(f); to.GetLocation() != f.upstream.ReturnURL {
		f.Errorf("leads to %s, want %s", to.GetLocation(), f.upstream.ReturnURL)
	}
	isSessionOf(f, f.whoami(b), a)
	f.hasNoSession(f.open())
}

func browserLoginIsWrong(f *fixture) {
	a := f.account()
	b := f.open()
	shown := loginKind.openForm(f, b, "password")
	if back := leadsTo(f, f.submitLogin(b, shown.id, a.Email, anotherPassword, shown.csrf).redirect(f)); back != shown.id {
		f.Errorf("leads to the flow %s, want back to %s", back, shown.id)
	}
	f.hasNoSession(b)
	shown = loginKind.fetchForm(f, b, "password", shown.id)
	if len(messages(shown.flow)) == 0 || fieldOf(shown.flow, "password", "identifier").GetValue().GetStringValue() != a.Email {
		f.Errorf("the form does not say what is wrong, or who wanted to log in: %s", text(shown.flow))
	}
	f.submitLogin(b, shown.id, a.Email, a.Password, shown.csrf).redirect(f)
	isSessionOf(f, f.whoami(b), a)
}

func browserLogsInByJSON(f *fixture) {
	a := f.account()
	b := f.open().askingForJSON()
	shown := loginKind.openForm(f, b, "password")
	o := f.submitLogin(b, shown.id, a.Email, a.Password, shown.csrf)
	o.success(f)
	success, _ := o.message.(*kratosgrpcv1.LoginSuccess)
	isSessionOf(f, success.GetSession(), a)
	if success.GetSessionToken() != "" {
		f.Error("a browser gets a token, which scripts can read, beside its cookies")
	}
	isSessionOf(f, f.whoami(b), a)
}

func browserIsLoggedIn(f *fixture) {
	b := f.logIn(f.account())
	to := checkRedirect(f, must(f, b, adapters.Adapter.InitializeLoginViaBrowserFlow, &kratosgrpcv1.InitializeLoginViaBrowserFlowRequest{ReturnTo: f.upstream.ReturnURL}).GetRedirect())
	if to.GetLocation() != f.upstream.ReturnURL {
		f.Errorf("leads to %s, want %s", to.GetLocation(), f.upstream.ReturnURL)
	}
	to = checkRedirect(f, must(f, b, adapters.Adapter.InitializeRegistrationViaBrowserFlow, &kratosgrpcv1.InitializeRegistrationViaBrowserFlowRequest{}).GetRedirect())
	if to.GetFlowId() != "" {
		f.Errorf("somebody who is logged in is led to a registration: %s", text(to))
	}
}

func browserRefreshes(f *fixture) {
	a := f.account()
	b := f.logIn(a)
	before := f.whoami(b)
	to := must(f, b, adapters.Adapter.InitializeLoginViaBrowserFlow, &kratosgrpcv1.InitializeLoginViaBrowserFlowRequest{Refresh: true}).GetRedirect()
	shown := loginKind.fetchForm(f, b, "password", leadsTo(f, to))
	f.submitLogin(b, shown.id, a.Email, a.Password, shown.csrf).redirect(f)
	after := f.whoami(b)
	isSessionOf(f, after, a)
	if !after.GetAuthenticatedAt().AsTime().After(before.GetAuthenticatedAt().AsTime()) {
		f.Errorf("authenticated at %v, before at %v", after.GetAuthenticatedAt().AsTime(), before.GetAuthenticatedAt().AsTime())
	}
}
