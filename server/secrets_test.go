package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// canaries are secrets that must never be seen where people look for what went wrong.
type canaries []string

// absent checks that none of them is in a text, in any of the forms in which it could get there.
func (c canaries) absent(t *testing.T, where, text string) {
	t.Helper()
	for _, canary := range c {
		quoted, err := json.Marshal(canary)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{canary, url.QueryEscape(canary), strings.Trim(string(quoted), `"`)} {
			if canary != "" && strings.Contains(text, form) {
				t.Errorf("%s is in %s:\n%s", canary, where, text)
			}
		}
	}
}

// secretive is a caller with one canary of each kind, and the calls that it makes.
func secretive(t *testing.T, flow string) (canaries, []call) {
	t.Helper()
	const (
		password = "canary-password-81f2"
		session  = "canary-session-token-81f2"
		bearer   = "canary-bearer-81f2"
		cookie   = "canary-cookie-81f2"
		csrf     = "canary-csrf-81f2"
		recovery = "canary-recovery-token-81f2"
		code     = "canary-code-81f2"
		logout   = "canary-logout-token-81f2"
		initCode = "canary-init-code-81f2"
		backCode = "canary-return-to-code-81f2"
		free     = "canary-payload-81f2"
	)
	// Whatever the method calls its secret.
	form := structOf(t, object{
		"method": "totp", "totp_code": code, "code": code, "lookup_secret": code, "password": password, "csrf_token": csrf,
		"traits": object{"ssn": free}, "list": []any{object{"deep": free}}, "identifier": "nobody@example.org",
	})
	cookies := caller{cookies: []string{"ory_kratos_session=" + cookie, "csrf_token=" + csrf}}
	html := cookies
	html.html = true
	tokens := caller{sessionToken: session}
	return canaries{password, session, bearer, cookie, csrf, recovery, code, logout, initCode, backCode, free}, []call{
		{rpc: kratosgrpcv1.SessionService_Whoami_FullMethodName, message: &kratosgrpcv1.WhoamiRequest{}, caller: tokens},
		{rpc: kratosgrpcv1.SessionService_Whoami_FullMethodName, message: &kratosgrpcv1.WhoamiRequest{}, caller: caller{bearer: bearer}},
		{rpc: kratosgrpcv1.SessionService_Whoami_FullMethodName, message: &kratosgrpcv1.WhoamiRequest{}, caller: cookies},
		{rpc: kratosgrpcv1.SessionService_RevokeSession_FullMethodName, message: &kratosgrpcv1.RevokeSessionRequest{SessionToken: session}},
		{rpc: kratosgrpcv1.SessionService_RevokeSession_FullMethodName, message: &kratosgrpcv1.RevokeSessionRequest{SessionToken: strings.Repeat(session, 400)}},
		{rpc: kratosgrpcv1.LoginService_CompleteLoginFlowWithPasswordMethod_FullMethodName, message: login(flow, "nobody@example.org", password, csrf)},
		{rpc: kratosgrpcv1.LoginService_CompleteLoginFlowWithPasswordMethod_FullMethodName, message: login(unknownID, "nobody@example.org", password, csrf), caller: html},
		{rpc: kratosgrpcv1.LoginService_CompleteLoginFlowWithPasswordMethod_FullMethodName, message: login("", "nobody@example.org", password, csrf)},
		{rpc: kratosgrpcv1.SettingsService_CompleteSettingsFlowWithPasswordMethod_FullMethodName, message: newPassword(unknownID, password, csrf), caller: tokens},
		{rpc: kratosgrpcv1.RecoveryService_CompleteRecoveryFlowWithLinkMethod_FullMethodName, message: &kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodRequest{Token: recovery}, caller: html},
		{rpc: kratosgrpcv1.VerificationService_CompleteVerificationFlowWithLinkMethod_FullMethodName, message: &kratosgrpcv1.CompleteVerificationFlowWithLinkMethodRequest{Token: recovery, Flow: unknownID}},
		{rpc: kratosgrpcv1.LogoutService_InitializeBrowserLogoutFlow_FullMethodName, message: &kratosgrpcv1.InitializeBrowserLogoutFlowRequest{}, caller: html},
		{rpc: kratosgrpcv1.LoginService_UpdateLoginFlow_FullMethodName, message: &kratosgrpcv1.UpdateLoginFlowRequest{Flow: flow, Payload: form}},
		{rpc: kratosgrpcv1.LoginService_UpdateLoginFlow_FullMethodName, message: &kratosgrpcv1.UpdateLoginFlowRequest{Flow: unknownID, Payload: form}, caller: html},
		{rpc: kratosgrpcv1.LoginService_UpdateLoginFlow_FullMethodName, message: &kratosgrpcv1.UpdateLoginFlowRequest{Flow: flow, Method: "another", Payload: form}},
		{rpc: kratosgrpcv1.RegistrationService_UpdateRegistrationFlow_FullMethodName, message: &kratosgrpcv1.UpdateRegistrationFlowRequest{Flow: flow, Payload: form}},
		{rpc: kratosgrpcv1.SettingsService_UpdateSettingsFlow_FullMethodName, message: &kratosgrpcv1.UpdateSettingsFlowRequest{Flow: flow, Payload: form}, caller: tokens},
		{rpc: kratosgrpcv1.RecoveryService_UpdateRecoveryFlow_FullMethodName, message: &kratosgrpcv1.UpdateRecoveryFlowRequest{Flow: flow, Payload: form}, caller: html},
		{rpc: kratosgrpcv1.RecoveryService_UpdateRecoveryFlow_FullMethodName, message: &kratosgrpcv1.UpdateRecoveryFlowRequest{Token: recovery}, caller: html},
		{rpc: kratosgrpcv1.VerificationService_UpdateVerificationFlow_FullMethodName, message: &kratosgrpcv1.UpdateVerificationFlowRequest{Flow: flow, Token: recovery, Payload: form}},
		{rpc: kratosgrpcv1.LogoutService_CreateBrowserLogoutFlow_FullMethodName, message: &kratosgrpcv1.CreateBrowserLogoutFlowRequest{}, caller: cookies},
		{rpc: kratosgrpcv1.LogoutService_UpdateLogoutFlow_FullMethodName, message: &kratosgrpcv1.UpdateLogoutFlowRequest{Token: logout}, caller: cookies},
		{rpc: kratosgrpcv1.LogoutService_UpdateLogoutFlow_FullMethodName, message: &kratosgrpcv1.UpdateLogoutFlowRequest{Token: strings.Repeat(logout, 400)}, caller: html},
		{rpc: kratosgrpcv1.LogoutService_PerformNativeLogout_FullMethodName, message: &kratosgrpcv1.PerformNativeLogoutRequest{SessionToken: session}},
		{rpc: kratosgrpcv1.SessionService_ListMySessions_FullMethodName, message: &kratosgrpcv1.ListMySessionsRequest{}, caller: tokens},
		{rpc: kratosgrpcv1.SessionService_DisableMyOtherSessions_FullMethodName, message: &kratosgrpcv1.DisableMyOtherSessionsRequest{}, caller: caller{bearer: bearer}},
		{rpc: kratosgrpcv1.SessionService_ExchangeSessionToken_FullMethodName, message: &kratosgrpcv1.ExchangeSessionTokenRequest{InitCode: initCode, ReturnToCode: backCode}},
	}
}

// makeAll makes calls over both transports, and checks that no failure tells a secret.
func (c canaries) makeAll(t *testing.T, s *testServer, calls []call) {
	t.Helper()
	for _, one := range calls {
		if r := (&grpcClient{conn: s.conn}).do(t, one); r.failure.Code() != codes.OK {
			c.absent(t, "an error of "+one.rpc, protojson.Format(r.failure.Proto())+fmt.Sprint(r.failure))
		}
		r := (&restClient{base: s.rest, http: s.http}).do(t, one)
		if r.at("error") != nil {
			c.absent(t, "a REST error of "+one.rpc, jsonText(t, r.body))
		}
	}
}

// inLog waits until all calls are logged, two a call, and checks that the log tells no secret.
func (c canaries) inLog(t *testing.T, l *capturedLog, calls int) {
	t.Helper()
	const ended = `"msg":"call","method":"/kratosgrpc.`
	for deadline := time.Now().Add(5 * time.Second); len(l.lines(ended)) < 2*calls && time.Now().Before(deadline); {
		time.Sleep(2 * time.Millisecond)
	}
	if got := len(l.lines(ended)); got != 2*calls {
		t.Errorf("the log has %d calls, want %d:\n%s", got, 2*calls, l)
	}
	c.absent(t, "the log", l.String())
}

// TestSecretsWithKratos has a real account log in and out, fail, and lose its Kratos.
func TestSecretsWithKratos(t *testing.T) {
	t.Parallel()
	for _, version := range generations() {
		t.Run(string(version), func(t *testing.T) { secretsWithKratos(t, version) })
	}
}

func secretsWithKratos(t *testing.T, version kratostest.Version) {
	t.Helper()
	t.Parallel()
	kratos := kratostest.StartT(t, kratostest.Options{Version: version})
	prepared := startServer(t, adapterFor(t, version, kratos.PublicURL))
	f := &fixture{t: t, world: &runningWorld{version: version, kratos: kratos, server: prepared}, own: &grpcClient{conn: prepared.conn}}
	b := f.open().logIn()
	flow := b.start("Settings", "password")
	recoveryToken, _ := f.recoveryLink()["token"].(string)
	mine := canaries{f.account.token, f.account.password, b.csrf, b.cookies["ory_kratos_session"], b.csrfCookie(), recoveryToken}
	apiFlow := f.start("Login", caller{})
	made, calls := secretive(t, apiFlow)
	all := slices.Concat(mine, made)
	own := []call{
		{rpc: kratosgrpcv1.SessionService_Whoami_FullMethodName, message: &kratosgrpcv1.WhoamiRequest{}, caller: b.caller()},
		{rpc: kratosgrpcv1.LoginService_InitializeLoginViaApiFlow_FullMethodName, message: &kratosgrpcv1.InitializeLoginViaApiFlowRequest{}, caller: caller{bearer: f.account.token}},
		{rpc: kratosgrpcv1.LoginService_CompleteLoginFlowWithPasswordMethod_FullMethodName, message: login(apiFlow, f.account.email, f.account.password, "")},
		{rpc: kratosgrpcv1.SettingsService_CompleteSettingsFlowWithPasswordMethod_FullMethodName, message: newPassword(flow, f.account.password, b.csrf), caller: b.caller()},
		{rpc: kratosgrpcv1.SettingsService_CompleteSettingsFlowWithPasswordMethod_FullMethodName, message: newPassword(flow, f.account.password, ""), caller: b.caller()},
		{rpc: kratosgrpcv1.RecoveryService_CompleteRecoveryFlowWithLinkMethod_FullMethodName, message: &kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodRequest{Token: mine[5]}},
	}
	calls = slices.Concat(calls, own)

	logged := new(capturedLog)
	s := startServer(t, adapterFor(t, version, kratos.PublicURL), logged.capture)
	all.makeAll(t, s, calls)
	kratos.Kill()
	all.makeAll(t, s, calls)
	all.inLog(t, logged, 2*len(calls))
}

// TestSecretsWithFaults lets every kind of fault happen to secrets.
func TestSecretsWithFaults(t *testing.T) {
	t.Parallel()
	echo := func(status int, contentType string) http.HandlerFunc {
		// Some proxies show in their error pages what they were asked.
		return func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, "asked: ", r.URL, r.Form, r.Header)
		}
	}
	for name, answer := range map[string]http.HandlerFunc{
		"echo 200":   echo(200, "application/json"),
		"echo 401":   echo(401, "text/html"),
		"echo 502":   echo(502, "text/html"),
		"breaks off": breaksOff,
		"hangs up":   hangsUp,
	} {
		for _, version := range generations() {
			t.Run(name+", "+string(version), func(t *testing.T) {
				t.Parallel()
				secrets, calls := secretive(t, unknownID)
				logged := new(capturedLog)
				s := startServer(t, adapterFor(t, version, startStub(t, answer).URL), logged.capture)
				secrets.makeAll(t, s, calls)
				secrets.inLog(t, logged, len(calls))
			})
		}
	}
}

// clumsy is an adapter that fails with whatever it holds.
type clumsy struct {
	adapters.Adapter

	fail func(message any) error
}

func (clumsy) API() string                 { return "clumsy" }
func (clumsy) Ready(context.Context) error { return errors.New("never") }

func (c clumsy) Whoami(_ context.Context, x *adapters.Exchange, _ *kratosgrpcv1.WhoamiRequest) (*kratosgrpcv1.WhoamiResponse, error) {
	return nil, c.fail(x.Caller.Credential.Token)
}

func (c clumsy) CompleteLoginFlowWithPasswordMethod(_ context.Context, _ *adapters.Exchange, m *kratosgrpcv1.CompleteLoginFlowWithPasswordMethodRequest) (*kratosgrpcv1.CompleteLoginFlowWithPasswordMethodResponse, error) {
	return nil, c.fail(m.GetPayload().GetPassword())
}

func (c clumsy) UpdateLoginFlow(_ context.Context, _ *adapters.Exchange, m *kratosgrpcv1.UpdateLoginFlowRequest) (*kratosgrpcv1.UpdateLoginFlowResponse, error) {
	return nil, c.fail(m.GetPayload().GetFields()["totp_code"].GetStringValue())
}

// TestSecretsInPanics has the adapter panic with a secret as the value, and with an error that holds it.
func TestSecretsInPanics(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(any) error{
		"panic with the secret":         func(v any) error { panic(v) },
		"panic with an error":           func(v any) error { panic(fmt.Errorf("no %v", v)) },
		"panic with text around it":     func(v any) error { panic(fmt.Sprintf("no %v", v)) },
		"panic with a struct around it": func(v any) error { panic(struct{ v any }{v}) },
		"runtime error":                 func(any) error { _ = os.Args[len(os.Args)]; return nil },
		"credential in the error": func(v any) error {
			return fmt.Errorf("%v %+v %#v", adapters.Credential{Token: fmt.Sprint(v)}, adapters.Credential{Token: fmt.Sprint(v)}, adapters.Credential{Token: fmt.Sprint(v)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secrets, calls := secretive(t, unknownID)
			var made []call
			for _, c := range calls {
				switch c.rpc {
				case kratosgrpcv1.SessionService_Whoami_FullMethodName, kratosgrpcv1.LoginService_CompleteLoginFlowWithPasswordMethod_FullMethodName, kratosgrpcv1.LoginService_UpdateLoginFlow_FullMethodName:
					made = append(made, c)
				}
			}
			logged := new(capturedLog)
			s := startServer(t, clumsy{fail: fail}, logged.capture)
			secrets.makeAll(t, s, made)
			secrets.inLog(t, logged, len(made))
			internal := want{code: codes.Internal, reason: "INTERNAL", status: 500, ours: true}
			for _, through := range []client{&grpcClient{conn: s.conn}, &restClient{base: s.rest, http: s.http}} {
				through.verify(t, through.do(t, made[0]), internal)
			}
		})
	}
}
