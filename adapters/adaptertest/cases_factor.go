package adaptertest

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // What authenticator apps compute with.
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// factorCases are logins with a second factor.
var factorCases = []func(*fixture){secondFactorByApp, browserNeedsSecondFactor, secondFactorByRecoveryCode, scriptLearns}

// totp is what an authenticator app shows now (RFC 6238, with six digits and half a minute).
func totp(secret string, at time.Time) string {
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(secret, "="))
	if err != nil {
		return ""
	}
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, at.Unix()/30)
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[offset:])&0x7fffffff)%1_000_000)
}

// secretShown finds the secret that a settings flow shows for an authenticator app.
func secretShown(f *fixture, ui *kratosgrpcv1.Ui) string {
	f.Helper()
	for _, n := range ui.GetNodes() {
		if n.GetType() == "text" && n.GetAttributes().GetId() == "totp_secret_key" {
			return n.GetAttributes().GetText().GetText()
		}
	}
	f.Fatalf("the flow shows no secret: %s", text(ui))
	return ""
}

// enrol adds an authenticator app to an account.
func (f *fixture) enrol(c client) (secret string) {
	f.Helper()
	started := must(f, c, adapters.Adapter.InitializeSettingsViaApiFlow, &kratosgrpcv1.InitializeSettingsViaApiFlowRequest{}).GetFlow()
	if !f.harness.has("UpdateSettingsFlow") {
		f.Skip("this generation has no second factors")
	}
	outcomeOf(f, f.updateSettings(c, started.GetId(), "totp", object{"totp_code": "000000"})).flow(f)
	again := must(f, c, adapters.Adapter.GetSettingsFlow, &kratosgrpcv1.GetSettingsFlowRequest{Id: started.GetId()}).GetFlow()
	secret = secretShown(f, again.GetUi())
	outcomeOf(f, f.updateSettings(c, started.GetId(), "totp", object{"totp_code": totp(secret, time.Now())})).success(f)
	return secret
}

// secondFactorByApp: once there is an app, a password alone is no longer enough.
func secondFactorByApp(f *fixture) {
	a := f.account()
	secret := f.enrol(withToken(a.Token))
	if aal := f.whoami(withToken(a.Token)).GetAuthenticatorAssuranceLevel(); aal != "aal2" {
		f.Errorf("who has just proved a second factor is at %q", aal)
	}

	half := withToken(f.updateLogin(anonymous(), loginKind.start(f, anonymous()).GetId(), "password",
		object{"identifier": a.Email, "password": a.Password}).GetSuccess().GetSessionToken())
	e := refusalOf(f, half, adapters.Adapter.Whoami, &kratosgrpcv1.WhoamiRequest{}, kratosgrpcv1.ErrorReason_ERROR_REASON_HIGHER_AAL_REQUIRED)
	if e.RedirectTo == "" || e.Upstream.GetBeside().GetFields()["redirect_browser_to"].GetStringValue() != e.RedirectTo {
		f.Errorf("the error does not say where to go: %s", describe(e))
	}
	refused(f, half, adapters.Adapter.InitializeSettingsViaApiFlow, &kratosgrpcv1.InitializeSettingsViaApiFlowRequest{}, kratosgrpcv1.ErrorReason_ERROR_REASON_HIGHER_AAL_REQUIRED)

	second := must(f, half, adapters.Adapter.InitializeLoginViaApiFlow, &kratosgrpcv1.InitializeLoginViaApiFlowRequest{Aal: "aal2"}).GetFlow()
	if second.GetRequestedAal() != "aal2" {
		f.Fatalf("the flow does not lead to a second factor: %s", text(second))
	}
	outcomeOf(f, f.updateLogin(half, second.GetId(), "totp", object{"totp_code": "000000"})).flow(f)
	f.updateLogin(half, second.GetId(), "totp", object{"totp_code": totp(secret, time.Now())})
	session := f.whoami(half)
	isSessionOf(f, session, a)
	if methods := session.GetAuthenticationMethods(); session.GetAuthenticatorAssuranceLevel() != "aal2" || len(methods) != 2 || methods[1].GetMethod() != "totp" {
		f.Errorf("the session does not have both factors: %s", text(session))
	}
}

// browserNeedsSecondFactor: a page is sent on to where the second factor is asked for, a script is told so.
func browserNeedsSecondFactor(f *fixture) {
	a := f.account()
	f.enrol(withToken(a.Token))
	b := f.logIn(a)
	to, err := settingsKind.browser(f, b, "")
	if err != nil {
		f.Fatal(describe(err))
	}
	if location, err := url.Parse(checkRedirect(f, to).GetLocation()); err != nil || location.Query().Get("aal") != "aal2" {
		f.Errorf("leads to %s, want a login with a second factor", to.GetLocation())
	}
	b.askingForJSON()
	for name, e := range map[string]*adapters.Error{
		"settings": refusalOf(f, b, adapters.Adapter.InitializeSettingsViaBrowserFlow, &kratosgrpcv1.InitializeSettingsViaBrowserFlowRequest{}, kratosgrpcv1.ErrorReason_ERROR_REASON_HIGHER_AAL_REQUIRED),
		"whoami":   refusalOf(f, b, adapters.Adapter.Whoami, &kratosgrpcv1.WhoamiRequest{}, kratosgrpcv1.ErrorReason_ERROR_REASON_HIGHER_AAL_REQUIRED),
	} {
		if e.HTTPStatus != http.StatusForbidden || e.RedirectTo == "" {
			f.Errorf("%s: the error does not say where to go: %s", name, describe(e))
		}
	}
}

// secondFactorByRecoveryCode: who has lost the app has codes on paper, each of which is good once.
func secondFactorByRecoveryCode(f *fixture) {
	a := f.account()
	c := withToken(a.Token)
	started := must(f, c, adapters.Adapter.InitializeSettingsViaApiFlow, &kratosgrpcv1.InitializeSettingsViaApiFlowRequest{}).GetFlow()
	if !f.harness.has("UpdateSettingsFlow") {
		f.Skip("this generation has no second factors")
	}
	shown := f.updateSettings(c, started.GetId(), "lookup_secret", object{"lookup_secret_regenerate": true}).GetSuccess().GetFlow()
	var codes []string
	for _, n := range shown.GetUi().GetNodes() {
		if n.GetGroup() != "lookup_secret" {
			continue
		}
		for _, value := range n.GetAttributes().GetText().GetContext().GetFields()["secrets"].GetListValue().GetValues() {
			codes = append(codes, value.GetStructValue().GetFields()["text"].GetStringValue())
		}
	}
	if len(codes) < 2 {
		f.Fatalf("no codes are shown: %s", text(shown))
	}
	outcomeOf(f, f.updateSettings(c, started.GetId(), "lookup_secret", object{"lookup_secret_confirm": true})).success(f)

	second := must(f, c, adapters.Adapter.InitializeLoginViaApiFlow, &kratosgrpcv1.InitializeLoginViaApiFlowRequest{Aal: "aal2", Refresh: true}).GetFlow()
	outcomeOf(f, f.updateLogin(c, second.GetId(), "lookup_secret", object{"lookup_secret": codes[0]})).success(f)
	again := must(f, c, adapters.Adapter.InitializeLoginViaApiFlow, &kratosgrpcv1.InitializeLoginViaApiFlowRequest{Aal: "aal2", Refresh: true}).GetFlow()
	outcomeOf(f, f.updateLogin(c, again.GetId(), "lookup_secret", object{"lookup_secret": codes[0]})).flow(f)
}

// scriptLearns: there is a script for security keys.
func scriptLearns(f *fixture) {
	res := must(f, anonymous(), adapters.Adapter.GetWebAuthnJavaScript, &kratosgrpcv1.GetWebAuthnJavaScriptRequest{})
	if !strings.Contains(string(res.GetScript()), "navigator.credentials") {
		f.Errorf("the script is %.100s …", res.GetScript())
	}
}
