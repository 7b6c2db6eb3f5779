package e2e

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"maps"
	"net/http"
	"time"

	ory "github.com/ory/client-go"
)

// nativeLife is the life of an account in an app, whose credential is a token.
func nativeLife() []stage {
	var life []stage
	for _, chapter := range [][]stage{nativeStrangers(), nativeRegistration(), nativeLogin(), nativeSettings(), nativeSessions(), nativeFactors(), nativeMails(), nativeEnd()} {
		life = append(life, chapter...)
	}
	return life
}

func nativeStrangers() []stage {
	return []stage{
		{"GetFlowError", "example error", func(m *member) (any, *http.Response, error) {
			return m.api.GetFlowError(m.ctx()).Id("stub:500").Execute()
		}, 200},
		{"GetFlowError", "unknown error", func(m *member) (any, *http.Response, error) {
			return m.api.GetFlowError(m.ctx()).Id(unknownID).Execute()
		}, 404},
		{"GetWebAuthnJavaScript", "script for security keys", func(m *member) (any, *http.Response, error) {
			return m.api.GetWebAuthnJavaScript(m.ctx()).Execute()
		}, 200},
		{"ToSession", "whoami without a session", func(m *member) (any, *http.Response, error) {
			return m.api.ToSession(m.ctx()).Execute()
		}, 401},
		{"ToSession", "whoami with a made-up token", func(m *member) (any, *http.Response, error) {
			return m.api.ToSession(m.ctx()).XSessionToken("made-up").Execute()
		}, 401},
		{"CreateNativeSettingsFlow", "settings without a session", func(m *member) (any, *http.Response, error) {
			return m.api.CreateNativeSettingsFlow(m.ctx()).Execute()
		}, 401},
		{"GetLoginFlow", "unknown flow", func(m *member) (any, *http.Response, error) {
			return m.api.GetLoginFlow(m.ctx()).Id(unknownID).Execute()
		}, 404},
		{"ExchangeSessionToken", "codes that nobody has", func(m *member) (any, *http.Response, error) {
			return m.api.ExchangeSessionToken(m.ctx()).InitCode("a").ReturnToCode("b").Execute()
		}, 404},
		{"DisableMyOtherSessions", "end the others' sessions without a session", func(m *member) (any, *http.Response, error) {
			return m.api.DisableMyOtherSessions(m.ctx()).Execute()
		}, 401},
	}
}

func (m *member) traits() map[string]any {
	return map[string]any{"email": m.email, "name": map[string]any{"first": "Ada", "last": "Löve <&>"}, "age": 36, "newsletter": true, "tags": []any{"a", "b"}}
}

func nativeRegistration() []stage {
	update := func(m *member, body ory.UpdateRegistrationFlowBody) (any, *http.Response, error) {
		res, raw, err := m.api.UpdateRegistrationFlow(m.ctx()).Flow(m.flow).UpdateRegistrationFlowBody(body).Execute()
		if err == nil && res.SessionToken != nil {
			m.token = *res.SessionToken
		}
		return res, raw, err
	}
	return []stage{
		{"CreateNativeRegistrationFlow", "begin to register", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.CreateNativeRegistrationFlow(m.ctx()).Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}, 200},
		{"GetRegistrationFlow", "look at the registration", func(m *member) (any, *http.Response, error) {
			return m.api.GetRegistrationFlow(m.ctx()).Id(m.flow).Execute()
		}, 200},
		{"UpdateRegistrationFlow", "register with an address that is none", func(m *member) (any, *http.Response, error) {
			return update(m, ory.UpdateRegistrationFlowWithProfileMethodAsUpdateRegistrationFlowBody(&ory.UpdateRegistrationFlowWithProfileMethod{
				Method: "profile", Traits: map[string]any{"email": "none"},
			}))
		}, 400},
		{"UpdateRegistrationFlow", "the first step", func(m *member) (any, *http.Response, error) {
			return update(m, ory.UpdateRegistrationFlowWithProfileMethodAsUpdateRegistrationFlowBody(&ory.UpdateRegistrationFlowWithProfileMethod{
				Method: "profile", Traits: m.traits(),
			}))
		}, 400},
		{"UpdateRegistrationFlow", "a password that is too short", func(m *member) (any, *http.Response, error) {
			return update(m, ory.UpdateRegistrationFlowWithPasswordMethodAsUpdateRegistrationFlowBody(&ory.UpdateRegistrationFlowWithPasswordMethod{
				Method: "password", Traits: m.traits(), Password: "short",
			}))
		}, 400},
		{"UpdateRegistrationFlow", "the second step", func(m *member) (any, *http.Response, error) {
			return update(m, ory.UpdateRegistrationFlowWithPasswordMethodAsUpdateRegistrationFlowBody(&ory.UpdateRegistrationFlowWithPasswordMethod{
				Method: "password", Traits: m.traits(), Password: firstPassword,
			}))
		}, 200},
		{"ToSession", "whoami", func(m *member) (any, *http.Response, error) {
			return m.api.ToSession(m.ctx()).XSessionToken(m.token).Execute()
		}, 200},
	}
}

// totpNow is what an authenticator app shows.
func totpNow(secret string) string {
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		return ""
	}
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, time.Now().Unix()/30)
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[offset:])&0x7fffffff)%1_000_000)
}

func (m *member) createLogin(aal string, refresh bool) (any, *http.Response, error) {
	req := m.api.CreateNativeLoginFlow(m.ctx())
	if refresh {
		req = req.Refresh(true)
	}
	if aal != "" {
		req = req.Aal(aal)
	}
	if m.token != "" {
		req = req.XSessionToken(m.token)
	}
	res, raw, err := req.Execute()
	if err == nil {
		m.began(res.Id, res.Ui.Nodes)
	}
	return res, raw, err
}

func (m *member) login(body ory.UpdateLoginFlowBody) (any, *http.Response, error) {
	req := m.api.UpdateLoginFlow(m.ctx()).Flow(m.flow).UpdateLoginFlowBody(body)
	if m.token != "" {
		req = req.XSessionToken(m.token)
	}
	res, raw, err := req.Execute()
	if err == nil && res.SessionToken != nil {
		m.token = *res.SessionToken
		m.id = res.Session.Id
	}
	return res, raw, err
}

func (m *member) loginByPassword(password string) (any, *http.Response, error) {
	return m.login(ory.UpdateLoginFlowWithPasswordMethodAsUpdateLoginFlowBody(&ory.UpdateLoginFlowWithPasswordMethod{
		Method: "password", Identifier: m.email, Password: password,
	}))
}

func nativeLogin() []stage {
	return []stage{
		{"CreateNativeLoginFlow", "log in although there is a session", func(m *member) (any, *http.Response, error) { return m.createLogin("", false) }, 400},
		{"CreateNativeLoginFlow", "log in anew", func(m *member) (any, *http.Response, error) {
			m.token = ""
			return m.createLogin("", false)
		}, 200},
		{"GetLoginFlow", "look at the login", func(m *member) (any, *http.Response, error) {
			return m.api.GetLoginFlow(m.ctx()).Id(m.flow).Execute()
		}, 200},
		{"UpdateLoginFlow", "a wrong password", func(m *member) (any, *http.Response, error) { return m.loginByPassword("wrong") }, 400},
		{"UpdateLoginFlow", "the right password", func(m *member) (any, *http.Response, error) { return m.loginByPassword(firstPassword) }, 200},
		{"CreateNativeLoginFlow", "refresh the session", func(m *member) (any, *http.Response, error) { return m.createLogin("", true) }, 200},
		{"UpdateLoginFlow", "the password once more", func(m *member) (any, *http.Response, error) { return m.loginByPassword(firstPassword) }, 200},
		{"CreateNativeLoginFlow", "begin a login that ends in a browser", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.CreateNativeLoginFlow(m.ctx()).ReturnSessionTokenExchangeCode(true).Execute()
			if err == nil && res.SessionTokenExchangeCode != nil {
				m.code = *res.SessionTokenExchangeCode
				m.seen.last.Body.(map[string]any)["session_token_exchange_code"] = "<secret>"
			}
			return res, raw, err
		}, 200},
		{"ExchangeSessionToken", "half of the codes", func(m *member) (any, *http.Response, error) {
			return m.api.ExchangeSessionToken(m.ctx()).InitCode(m.code).ReturnToCode("made-up").Execute()
		}, 404},
	}
}

func (m *member) settings(body ory.UpdateSettingsFlowBody) (any, *http.Response, error) {
	res, raw, err := m.api.UpdateSettingsFlow(m.ctx()).Flow(m.flow).XSessionToken(m.token).UpdateSettingsFlowBody(body).Execute()
	if err == nil {
		m.began(res.Id, res.Ui.Nodes)
	}
	return res, raw, err
}

func (m *member) createSettings() (any, *http.Response, error) {
	res, raw, err := m.api.CreateNativeSettingsFlow(m.ctx()).XSessionToken(m.token).Execute()
	if err == nil {
		m.began(res.Id, res.Ui.Nodes)
	}
	return res, raw, err
}

func nativeSettings() []stage {
	changePassword := func(password string) func(m *member) (any, *http.Response, error) {
		return func(m *member) (any, *http.Response, error) {
			return m.settings(ory.UpdateSettingsFlowWithPasswordMethodAsUpdateSettingsFlowBody(&ory.UpdateSettingsFlowWithPasswordMethod{Method: "password", Password: password}))
		}
	}
	changeTraits := func(more map[string]any) func(m *member) (any, *http.Response, error) {
		return func(m *member) (any, *http.Response, error) {
			traits := m.traits()
			maps.Copy(traits, more)
			return m.settings(ory.UpdateSettingsFlowWithProfileMethodAsUpdateSettingsFlowBody(&ory.UpdateSettingsFlowWithProfileMethod{Method: "profile", Traits: traits}))
		}
	}
	return []stage{
		{"CreateNativeSettingsFlow", "begin to change", func(m *member) (any, *http.Response, error) { return m.createSettings() }, 200},
		{"GetSettingsFlow", "look at the own settings", func(m *member) (any, *http.Response, error) {
			return m.api.GetSettingsFlow(m.ctx()).Id(m.flow).XSessionToken(m.token).Execute()
		}, 200},
		{"GetSettingsFlow", "somebody else looks at them", func(m *member) (any, *http.Response, error) {
			return m.api.GetSettingsFlow(m.ctx()).Id(m.flow).Execute()
		}, 401},
		{"UpdateSettingsFlow", "an address that is none", changeTraits(map[string]any{"email": "none"}), 400},
		{"UpdateSettingsFlow", "other traits", changeTraits(map[string]any{"age": 37, "tags": []any{}, "newsletter": false}), 200},
		{"UpdateSettingsFlow", "a password that is too short", changePassword("short"), 400},
		{"UpdateSettingsFlow", "another password", changePassword(nextPassword), 200},
	}
}

func nativeSessions() []stage {
	return []stage{
		{"ListMySessions", "list the other sessions", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.ListMySessions(m.ctx()).XSessionToken(m.token).Execute()
			if err == nil && len(res) > 0 {
				m.id = res[0].Id
			}
			return res, raw, err
		}, 200},
		{"ListMySessions", "list one of them", func(m *member) (any, *http.Response, error) {
			return m.api.ListMySessions(m.ctx()).XSessionToken(m.token).PerPage(1).Page(1).Execute()
		}, 200},
		{"DisableMySession", "end one of them", func(m *member) (any, *http.Response, error) {
			raw, err := m.api.DisableMySession(m.ctx(), m.id).XSessionToken(m.token).Execute()
			return nil, raw, err
		}, 204},
		{"DisableMySession", "end one that is none", func(m *member) (any, *http.Response, error) {
			raw, err := m.api.DisableMySession(m.ctx(), "none").XSessionToken(m.token).Execute()
			return nil, raw, err
		}, 400},
		{"DisableMyOtherSessions", "end all the others", func(m *member) (any, *http.Response, error) {
			return m.api.DisableMyOtherSessions(m.ctx()).XSessionToken(m.token).Execute()
		}, 200},
		{"ToSession", "the own one goes on", func(m *member) (any, *http.Response, error) {
			return m.api.ToSession(m.ctx()).XSessionToken(m.token).Execute()
		}, 200},
	}
}

func nativeFactors() []stage {
	enrol := func(code func(m *member) string) func(m *member) (any, *http.Response, error) {
		return func(m *member) (any, *http.Response, error) {
			value := code(m)
			return m.settings(ory.UpdateSettingsFlowWithTotpMethodAsUpdateSettingsFlowBody(&ory.UpdateSettingsFlowWithTotpMethod{Method: "totp", TotpCode: &value}))
		}
	}
	second := func(code func(m *member) string) func(m *member) (any, *http.Response, error) {
		return func(m *member) (any, *http.Response, error) {
			return m.login(ory.UpdateLoginFlowWithTotpMethodAsUpdateLoginFlowBody(&ory.UpdateLoginFlowWithTotpMethod{Method: "totp", TotpCode: code(m)}))
		}
	}
	wrong := func(*member) string { return "000000" }
	return []stage{
		{"CreateNativeSettingsFlow", "begin to add an app", func(m *member) (any, *http.Response, error) { return m.createSettings() }, 200},
		{"UpdateSettingsFlow", "a wrong code of the app", enrol(wrong), 400},
		{"GetSettingsFlow", "look at the secret", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.GetSettingsFlow(m.ctx()).Id(m.flow).XSessionToken(m.token).Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
				m.code = m.secret
			}
			return res, raw, err
		}, 200},
		{"UpdateSettingsFlow", "the code of the app", enrol(func(m *member) string { return totpNow(m.secret) }), 200},
		{"ToSession", "whoami with two factors", func(m *member) (any, *http.Response, error) {
			return m.api.ToSession(m.ctx()).XSessionToken(m.token).Execute()
		}, 200},
		{"CreateNativeLoginFlow", "log in anew with one factor", func(m *member) (any, *http.Response, error) {
			m.token = ""
			return m.createLogin("", false)
		}, 200},
		{"UpdateLoginFlow", "the password", func(m *member) (any, *http.Response, error) { return m.loginByPassword(nextPassword) }, 200},
		{"ToSession", "one factor is not enough", func(m *member) (any, *http.Response, error) {
			return m.api.ToSession(m.ctx()).XSessionToken(m.token).Execute()
		}, 403},
		{"CreateNativeSettingsFlow", "nor for settings", func(m *member) (any, *http.Response, error) { return m.createSettings() }, 403},
		{"CreateNativeLoginFlow", "ask for the second factor", func(m *member) (any, *http.Response, error) { return m.createLogin("aal2", false) }, 200},
		{"UpdateLoginFlow", "a wrong second factor", second(wrong), 400},
		{"UpdateLoginFlow", "the second factor", second(func(m *member) string { return totpNow(m.code) }), 200},
		{"ToSession", "both are enough", func(m *member) (any, *http.Response, error) {
			return m.api.ToSession(m.ctx()).XSessionToken(m.token).Execute()
		}, 200},
	}
}

func nativeMails() []stage {
	var had int
	recovery := func(email, code string) func(m *member) (any, *http.Response, error) {
		return func(m *member) (any, *http.Response, error) {
			body := &ory.UpdateRecoveryFlowWithCodeMethod{Method: "code"}
			if email != "" {
				body.Email = &m.email
			}
			if code != "" {
				body.Code = &code
			}
			return m.api.UpdateRecoveryFlow(m.ctx()).Flow(m.flow).UpdateRecoveryFlowBody(ory.UpdateRecoveryFlowWithCodeMethodAsUpdateRecoveryFlowBody(body)).Execute()
		}
	}
	verify := func(email, code string) func(m *member) (any, *http.Response, error) {
		return func(m *member) (any, *http.Response, error) {
			body := &ory.UpdateVerificationFlowWithCodeMethod{Method: "code"}
			if email != "" {
				had = len(m.mails.Codes(m.email))
				body.Email = &m.email
			}
			if code == "mailed" {
				code := m.mailed(had)
				body.Code = &code
			} else if code != "" {
				body.Code = &code
			}
			return m.api.UpdateVerificationFlow(m.ctx()).Flow(m.flow).UpdateVerificationFlowBody(ory.UpdateVerificationFlowWithCodeMethodAsUpdateVerificationFlowBody(body)).Execute()
		}
	}
	return []stage{
		{"CreateNativeVerificationFlow", "begin to verify the address", func(m *member) (any, *http.Response, error) {
			m.mailed(0)
			res, raw, err := m.api.CreateNativeVerificationFlow(m.ctx()).Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}, 200},
		{"GetVerificationFlow", "look at the verification", func(m *member) (any, *http.Response, error) {
			return m.api.GetVerificationFlow(m.ctx()).Id(m.flow).Execute()
		}, 200},
		{"UpdateVerificationFlow", "have a code mailed", verify("own", ""), 200},
		{"UpdateVerificationFlow", "a wrong code to verify", verify("", "000000"), 200},
		{"UpdateVerificationFlow", "the code to verify", verify("", "mailed"), 200},
		{"CreateNativeRecoveryFlow", "begin to recover", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.CreateNativeRecoveryFlow(m.ctx()).Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}, 200},
		{"GetRecoveryFlow", "look at the recovery", func(m *member) (any, *http.Response, error) {
			return m.api.GetRecoveryFlow(m.ctx()).Id(m.flow).Execute()
		}, 200},
		{"UpdateRecoveryFlow", "have a code mailed to recover", recovery("own", ""), 200},
		{"UpdateRecoveryFlow", "a wrong code to recover", recovery("", "000000"), 200},
		{"UpdateRecoveryFlow", "no form at all", recovery("", ""), 200},
	}
}

func nativeEnd() []stage {
	logout := func(m *member) (any, *http.Response, error) {
		raw, err := m.api.PerformNativeLogout(m.ctx()).PerformNativeLogoutBody(ory.PerformNativeLogoutBody{SessionToken: m.token}).Execute()
		return nil, raw, err
	}
	return []stage{
		{"PerformNativeLogout", "log out", logout, 204},
		{"ToSession", "whoami after the logout", func(m *member) (any, *http.Response, error) {
			return m.api.ToSession(m.ctx()).XSessionToken(m.token).Execute()
		}, 401},
		{"PerformNativeLogout", "log out somebody who never was", func(m *member) (any, *http.Response, error) {
			m.token = "made-up"
			return logout(m)
		}, 403},
	}
}
