package adaptertest

import (
	"maps"
	"strings"
	"sync"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

var sessionCases = []func(*fixture){
	whoamiTells, whoamiKnowsNobody, oneCredentialCounts, tokenGetsNoCookies, sessionIsRevoked, unknownSessionIsRevoked, browserLogsOut, browserLogsOutWithoutASession,
}

// whoamiTells: each kind of credential is good for its session, and the identity's id stands beside the answer too.
func whoamiTells(f *fixture) {
	a := f.account()
	b := f.logIn(a)
	isSessionOf(f, f.whoami(b), a)
	if b.answer.IdentityID != a.IdentityID {
		f.Errorf("beside the answer stands the identity %q, want %s", b.answer.IdentityID, a.IdentityID)
	}
	if a.Token == "" {
		return
	}
	for _, c := range []*apiClient{withToken(a.Token), withBearer(a.Token)} {
		isSessionOf(f, f.whoami(c), a)
		if c.answer.IdentityID != a.IdentityID {
			f.Errorf("beside the answer stands the identity %q, want %s", c.answer.IdentityID, a.IdentityID)
		}
	}
}

func whoamiKnowsNobody(f *fixture) {
	forged := f.logIn(f.account())
	for name := range forged.cookies {
		forged.cookies[name] = "forged"
	}
	clients := []*apiClient{anonymous()}
	for _, token := range []string{"unknown", " ", "a b", `"quoted"`, "a;b=c, d", "ü字", "../", strings.Repeat("x", 4096), unknownID} {
		clients = append(clients, withToken(token), withBearer(token))
	}
	for _, c := range clients {
		f.hasNoSession(c)
		if c.answer.IdentityID != "" {
			f.Errorf("beside the error stands the identity %q", c.answer.IdentityID)
		}
	}
	f.hasNoSession(f.open())
	f.hasNoSession(forged)
}

// mixed is a client that sends a token beside cookies.
type mixed struct {
	*browser
	credential adapters.Credential
}

func (m mixed) exchange() *adapters.Exchange {
	x := m.browser.exchange()
	x.Caller.Credential = m.credential
	return x
}

// oneCredentialCounts: where a token comes along, cookies count for nothing, also if the token is no good.
func oneCredentialCounts(f *fixture) {
	a := f.account()
	if a.Token == "" {
		f.Skip("this generation has no session tokens")
	}
	b := f.logIn(f.account())
	for _, kind := range []adapters.CredentialKind{adapters.SessionToken, adapters.BearerToken} {
		isSessionOf(f, f.whoami(mixed{b, adapters.Credential{Kind: kind, Token: a.Token}}), a)
		f.hasNoSession(mixed{b, adapters.Credential{Kind: kind, Token: "unknown"}})
	}
}

// tokenGetsNoCookies: that it gets none is checked with every call; here are those whose answers have some.
func tokenGetsNoCookies(f *fixture) {
	a := f.account()
	c := withToken(a.Token)
	must(f, c, adapters.Adapter.InitializeLoginViaBrowserFlow, &kratosgrpcv1.InitializeLoginViaBrowserFlowRequest{Refresh: true})
	must(f, c, adapters.Adapter.InitializeSettingsViaBrowserFlow, &kratosgrpcv1.InitializeSettingsViaBrowserFlowRequest{})
	must(f, c, adapters.Adapter.InitializeRecoveryViaBrowserFlow, &kratosgrpcv1.InitializeRecoveryViaBrowserFlowRequest{})
	must(f, c, adapters.Adapter.InitializeBrowserLogoutFlow, &kratosgrpcv1.InitializeBrowserLogoutFlowRequest{})
}

// sessionIsRevoked: once it is, its token is no longer good, and no other is touched.
func sessionIsRevoked(f *fixture) {
	a := f.account()
	other := f.logIn(a)
	for _, c := range []client{anonymous(), withToken(a.Token), other} {
		token := f.account().Token
		must(f, c, adapters.Adapter.RevokeSession, &kratosgrpcv1.RevokeSessionRequest{SessionToken: token})
		f.hasNoSession(withToken(token))
		f.hasNoSession(withBearer(token))
	}
	isSessionOf(f, f.whoami(withToken(a.Token)), a)
	must(f, withToken(a.Token), adapters.Adapter.RevokeSession, &kratosgrpcv1.RevokeSessionRequest{SessionToken: a.Token})
	f.hasNoSession(withToken(a.Token))
	isSessionOf(f, f.whoami(other), a)
}

func unknownSessionIsRevoked(f *fixture) {
	for _, token := range []string{"unknown", `"}, {"`, "ü字\u202e", "\x00", unknownID} {
		req := &kratosgrpcv1.RevokeSessionRequest{SessionToken: token}
		if f.harness.Differences.UnknownSession == kratosgrpcv1.ErrorReason_ERROR_REASON_UNSPECIFIED {
			must(f, anonymous(), adapters.Adapter.RevokeSession, req)
		} else {
			refused(f, anonymous(), adapters.Adapter.RevokeSession, req, f.harness.Differences.UnknownSession)
		}
	}
}

func browserLogsOut(f *fixture) {
	a := f.account()
	b, thief, other := f.logIn(a), f.open(), f.logIn(a)
	maps.Copy(thief.cookies, b.cookies)
	to := checkRedirect(f, must(f, b, adapters.Adapter.InitializeBrowserLogoutFlow, &kratosgrpcv1.InitializeBrowserLogoutFlowRequest{ReturnTo: f.upstream.ReturnURL}).GetRedirect())
	if to.GetLocation() != f.upstream.ReturnURL {
		f.Errorf("leads to %s, want %s", to.GetLocation(), f.upstream.ReturnURL)
	}
	if len(b.answer.SetCookies) == 0 {
		f.Error("the browser keeps the cookies that it has")
	}
	f.hasNoSession(b)
	f.hasNoSession(thief)
	isSessionOf(f, f.whoami(other), a)
}

// browserLogsOutWithoutASession: it is led on all the same, and nowhere that Kratos would not lead it.
func browserLogsOutWithoutASession(f *fixture) {
	logOut := func(returnTo string) string {
		return checkRedirect(f, must(f, f.open(), adapters.Adapter.InitializeBrowserLogoutFlow, &kratosgrpcv1.InitializeBrowserLogoutFlowRequest{ReturnTo: returnTo}).GetRedirect()).GetLocation()
	}
	logOut("")
	if to := logOut(f.upstream.ReturnURL); to != f.upstream.ReturnURL {
		f.Errorf("leads to %s, want %s", to, f.upstream.ReturnURL)
	}
	const forbidden = "https://somebody-elses.example/"
	if to := logOut(forbidden); strings.HasPrefix(to, forbidden) {
		f.Errorf("leads to %s", to)
	}
}

// concurrencyCases are about many callers at once.
var concurrencyCases = []func(*fixture){callersAreNotMixedUp}

// callersAreNotMixedUp: an adapter serves many callers at the same time, and each of them is answered about itself.
func callersAreNotMixedUp(f *fixture) {
	const callers, times = 8, 10
	accounts := make([]Account, callers)
	browsers := make([]*browser, callers)
	for i := range accounts {
		accounts[i] = f.account()
		browsers[i] = f.logIn(accounts[i])
	}
	var wait sync.WaitGroup
	for i, a := range accounts {
		clients := []client{browsers[i]}
		if a.Token != "" {
			clients = append(clients, withToken(a.Token), withBearer(a.Token))
		}
		for _, c := range clients {
			wait.Go(func() {
				for range times {
					res, err := ask(f, c, adapters.Adapter.Whoami, &kratosgrpcv1.WhoamiRequest{})
					if err != nil {
						f.Error(describe(err))
						return
					}
					isSessionOf(f, res.GetSession(), a)
				}
			})
		}
	}
	wait.Wait()
}
