package adaptertest

import (
	"bytes"
	"encoding/json"
	"net/url"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// sessionsCases are what an identity can do with its sessions, and how browsers log out in Kratos 1.x.
var sessionsCases = []func(*fixture){
	sessionsAreListed, oneSessionIsDisabled, otherSessionsAreDisabled, sessionsNeedASession, codesAreExchanged, browserLogsOutByToken, appLogsOut, schemasAreListed,
	sessionKnowsItsDevice,
}

// another logs an account in once more.
func (f *fixture) another(a Account) (token string) {
	f.Helper()
	return f.updateLogin(anonymous(), loginKind.start(f, anonymous()).GetId(), "password", object{"identifier": a.Email, "password": a.Password}).GetSuccess().GetSessionToken()
}

func sessionsAreListed(f *fixture) {
	a := f.account()
	c := withToken(a.Token)
	first := must(f, c, adapters.Adapter.ListMySessions, &kratosgrpcv1.ListMySessionsRequest{})
	if len(first.GetSessions()) != 0 || first.GetNextPageToken() != "" {
		f.Errorf("there are others than the own session: %s", text(first))
	}
	want := map[string]bool{}
	for range 3 {
		want[f.whoami(withToken(f.another(a))).GetId()] = true
	}
	listed, token := map[string]bool{}, ""
	for pages := 0; ; pages++ {
		if pages > 3 {
			f.Fatal("there is no last page")
		}
		// From the second page on they are larger: a token is good for any size.
		size := int32(min(pages+1, 2))
		res := must(f, c, adapters.Adapter.ListMySessions, &kratosgrpcv1.ListMySessionsRequest{PageSize: size, PageToken: token})
		if len(res.GetSessions()) > int(size) || res.GetTotalSize() != 3 {
			f.Errorf("the page is %s", text(res))
		}
		for _, session := range res.GetSessions() {
			listed[session.GetId()] = true
			if !session.GetActive() || session.GetIdentity().GetId() != a.IdentityID || len(session.GetDevices()) == 0 {
				f.Errorf("the session is %s", text(session))
			}
		}
		if token = res.GetNextPageToken(); token == "" {
			break
		}
	}
	for id := range want {
		if !listed[id] || len(listed) != 3 {
			f.Errorf("listed are %v, want %v", listed, want)
		}
	}
}

// oneSessionIsDisabled: that one and no other; and nobody else's.
func oneSessionIsDisabled(f *fixture) {
	a := f.account()
	kept, ended := f.another(a), f.another(a)
	id := f.whoami(withToken(ended)).GetId()
	// Kratos does not say whether there is such a session, least of all to somebody else.
	must(f, withToken(f.account().Token), adapters.Adapter.DisableMySession, &kratosgrpcv1.DisableMySessionRequest{Id: id})
	f.whoami(withToken(ended))

	must(f, withToken(a.Token), adapters.Adapter.DisableMySession, &kratosgrpcv1.DisableMySessionRequest{Id: id})
	f.hasNoSession(withToken(ended))
	f.whoami(withToken(kept))
	must(f, withToken(a.Token), adapters.Adapter.DisableMySession, &kratosgrpcv1.DisableMySessionRequest{Id: unknownID})
	refused(f, withToken(a.Token), adapters.Adapter.DisableMySession, &kratosgrpcv1.DisableMySessionRequest{Id: f.whoami(withToken(a.Token)).GetId()},
		kratosgrpcv1.ErrorReason_ERROR_REASON_REJECTED_BY_UPSTREAM)
	for _, id := range []string{"..", "../sessions", "a/b", "."} {
		refused(f, withToken(a.Token), adapters.Adapter.DisableMySession, &kratosgrpcv1.DisableMySessionRequest{Id: id}, kratosgrpcv1.ErrorReason_ERROR_REASON_NOT_FOUND)
	}
	f.whoami(withToken(kept))
}

func otherSessionsAreDisabled(f *fixture) {
	a := f.account()
	others := []string{f.another(a), f.another(a)}
	stranger := f.account()
	res := must(f, withToken(a.Token), adapters.Adapter.DisableMyOtherSessions, &kratosgrpcv1.DisableMyOtherSessionsRequest{})
	if res.GetCount() != 2 {
		f.Errorf("%d sessions were ended, want 2", res.GetCount())
	}
	for _, token := range others {
		f.hasNoSession(withToken(token))
	}
	f.whoami(withToken(a.Token))
	f.whoami(withToken(stranger.Token))
	// Once more does no harm; Kratos counts those that it had ended before.
	must(f, withToken(a.Token), adapters.Adapter.DisableMyOtherSessions, &kratosgrpcv1.DisableMyOtherSessionsRequest{})
	// A browser's session is one too.
	b := f.logIn(a)
	must(f, b, adapters.Adapter.DisableMyOtherSessions, &kratosgrpcv1.DisableMyOtherSessionsRequest{})
	f.hasNoSession(withToken(a.Token))
	f.whoami(b)
}

func sessionsNeedASession(f *fixture) {
	none := kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION
	for _, c := range []client{anonymous(), withToken("unknown"), f.open()} {
		refused(f, c, adapters.Adapter.ListMySessions, &kratosgrpcv1.ListMySessionsRequest{}, none)
		refused(f, c, adapters.Adapter.DisableMySession, &kratosgrpcv1.DisableMySessionRequest{Id: unknownID}, none)
		refused(f, c, adapters.Adapter.DisableMyOtherSessions, &kratosgrpcv1.DisableMyOtherSessionsRequest{}, none)
	}
	refused(f, f.open(), adapters.Adapter.CreateBrowserLogoutFlow, &kratosgrpcv1.CreateBrowserLogoutFlowRequest{}, none)
}

// codesAreExchanged: a login that ends in a browser can't be made here, but wrong codes are refused.
func codesAreExchanged(f *fixture) {
	if !f.harness.has("ExchangeSessionToken") {
		f.Skip("this generation has no codes to exchange")
	}
	started := must(f, anonymous(), adapters.Adapter.InitializeLoginViaApiFlow, &kratosgrpcv1.InitializeLoginViaApiFlowRequest{
		ReturnSessionTokenExchangeCode: true, ReturnTo: f.upstream.ReturnURL,
	}).GetFlow()
	if started.GetSessionTokenExchangeCode() == "" || started.GetReturnTo() != f.upstream.ReturnURL {
		f.Fatalf("the flow has no code to exchange: %s", text(started))
	}
	refused(f, anonymous(), adapters.Adapter.ExchangeSessionToken, &kratosgrpcv1.ExchangeSessionTokenRequest{
		InitCode: started.GetSessionTokenExchangeCode(), ReturnToCode: "unknown-code",
	}, kratosgrpcv1.ErrorReason_ERROR_REASON_NOT_FOUND)
}

func browserLogsOutByToken(f *fixture) {
	a := f.account()
	b := f.logIn(a)
	started := must(f, b, adapters.Adapter.CreateBrowserLogoutFlow, &kratosgrpcv1.CreateBrowserLogoutFlowRequest{}).GetFlow()
	if u, err := url.Parse(started.GetLogoutUrl()); err != nil || u.Query().Get("token") != started.GetLogoutToken() {
		f.Errorf("the URL does not hold the token")
	}
	other := f.logIn(f.account())
	refused(f, other.askingForJSON(), adapters.Adapter.UpdateLogoutFlow, &kratosgrpcv1.UpdateLogoutFlowRequest{Token: started.GetLogoutToken()}, kratosgrpcv1.ErrorReason_ERROR_REASON_ACCESS_DENIED)
	f.whoami(b)

	res := must(f, b, adapters.Adapter.UpdateLogoutFlow, &kratosgrpcv1.UpdateLogoutFlowRequest{Token: started.GetLogoutToken(), ReturnTo: f.upstream.ReturnURL})
	if res.GetRedirect().GetLocation() != f.upstream.ReturnURL {
		f.Errorf("the logout leads to %q, want %q", res.GetRedirect().GetLocation(), f.upstream.ReturnURL)
	}
	f.hasNoSession(b)

	script := f.logIn(a).askingForJSON()
	started = must(f, script, adapters.Adapter.CreateBrowserLogoutFlow, &kratosgrpcv1.CreateBrowserLogoutFlowRequest{}).GetFlow()
	if res := must(f, script, adapters.Adapter.UpdateLogoutFlow, &kratosgrpcv1.UpdateLogoutFlowRequest{Token: started.GetLogoutToken()}); res.GetRedirect() != nil {
		f.Errorf("a script is redirected: %s", text(res))
	}
	f.hasNoSession(script)
}

func appLogsOut(f *fixture) {
	token := f.account().Token
	must(f, anonymous(), adapters.Adapter.PerformNativeLogout, &kratosgrpcv1.PerformNativeLogoutRequest{SessionToken: token})
	f.hasNoSession(withToken(token))
	refused(f, anonymous(), adapters.Adapter.PerformNativeLogout, &kratosgrpcv1.PerformNativeLogoutRequest{SessionToken: "unknown"}, kratosgrpcv1.ErrorReason_ERROR_REASON_ACCESS_DENIED)
}

// schemasAreListed: byte for byte but for white space, which the list has none of.
func schemasAreListed(f *fixture) {
	res := must(f, anonymous(), adapters.Adapter.ListIdentitySchemas, &kratosgrpcv1.ListIdentitySchemasRequest{})
	var want bytes.Buffer
	if err := json.Compact(&want, f.upstream.Schema); err != nil {
		f.Fatal(err)
	}
	if len(res.GetIdentitySchemas()) != 1 || res.GetIdentitySchemas()[0].GetId() == "" || res.GetTotalSize() != 1 {
		f.Fatalf("the schemas are %s", text(res))
	}
	if got := res.GetIdentitySchemas()[0].GetSchema(); !bytes.Equal(got, want.Bytes()) {
		f.Errorf("the schema is\n%s\nwant\n%s", got, want.Bytes())
	}
}
