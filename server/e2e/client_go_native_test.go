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
	for _, chapter := range [][]stage{nativeStrangers(), nativeRegistration(), nativeLogin(), nativeSettings(), nativeSessions(), nativeFactors(), nativeBackup(), nativeMails(), nativeEnd()} {
		life = append(life, chapter...)
	}
	return life
}

func nativeStrangers() []stage {
	return []stage{
		{"example error", func(m *member) (any, *http.Response, error) {
			return m.api.GetFlowError(m.ctx()).Id("stub:500").Execute()
		}, 200},
		{"unknown error", func(m *member) (any, *http.Response, error) {
			return m.api.GetFlowError(m.ctx()).Id(unknownID).Execute()
		}, 404},
		{"script for security keys", func(m *member) (any, *http.Response, error) {
			return m.api.GetWebAuthnJavaScript(m.ctx()).Execute()
		}, 200},
		{"whoami without a session", func(m *member) (any, *http.Response, error) {
			return m.api.ToSession(m.ctx()).Execute()
		}, 401},
		{"whoami with a made-up token", func(m *member) (any, *http.Response, error) {
			return m.api.ToSession(m.ctx()).XSessionToken("made-up").Execute()
		}, 401},
		{"settings without a session", func(m *member) (any, *http.Response, error) {
			return m.api.CreateNativeSettingsFlow(m.ctx()).Execute()
		}, 401},
		{"unknown flow", func(m *member) (any, *http.Response, error) {
			return m.api.GetLoginFlow(m.ctx()).Id(unknownID).Execute()
		}, 404},
		{"codes that nobody has", func(m *member) (any, *http.Response, error) {
			return m.api.ExchangeSessionToken(m.ctx()).InitCode("a").ReturnToCode("b").Execute()
		}, 404},
		{"end the others' sessions without a session", func(m *member) (any, *http.Response, error) {
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
		{"begin to register", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.CreateNativeRegistrationFlow(m.ctx()).Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}, 200},
		{"look at the registration", func(m *member) (any, *http.Response, error) {
			return m.api.GetRegistrationFlow(m.ctx()).Id(m.flow).Execute()
		}, 200},
		{"register with an address that is none", func(m *member) (any, *http.Response, error) {
			return update(m, ory.UpdateRegistrationFlowWithProfileMethodAsUpdateRegistrationFlowBody(&ory.UpdateRegistrationFlowWithProfileMethod{
				Method: "profile", Traits: map[string]any{"email": "none"},
			}))
		}, 400},
		{"the first step", func(m *member) (any, *http.Response, error) {
			return update(m, ory.UpdateRegistrationFlowWithProfileMethodAsUpdateRegistrationFlowBody(&ory.UpdateRegistrationFlowWithProfileMethod{
				Method: "profile", Traits: m.traits(),
			}))
		}, 400},
		{"a password that is too short", func(m *member) (any, *http.Response, error) {
			return update(m, ory.UpdateRegistrationFlowWithPasswordMethodAsUpdateRegistrationFlowBody(&ory.UpdateRegistrationFlowWithPasswordMethod{
				Method: "password", Traits: m.traits(), Password: "short",
			}))
		}, 400},
		{"the second step", func(m *member) (any, *http.Response, error) {
			return update(m, ory.UpdateRegistrationFlowWithPasswordMethodAsUpdateRegistrationFlowBody(&ory.UpdateRegistrationFlowWithPasswordMethod{
				Method: "password", Traits: m.traits(), Password: firstPassword,
			}))
		}, 200},
		{"whoami", func(m *member) (any, *http.Response, error) {
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
		{"log in although there is a session", func(m *member) (any, *http.Response, error) { return m.createLogin("", false) }, 400},
		{"log in anew", func(m *member) (any, *http.Response, error) {
			m.token = ""
			return m.createLogin("", false)
		}, 200},
		{"look at the login", func(m *member) (any, *http.Response, error) {
			return m.api.GetLoginFlow(m.ctx()).Id(m.flow).Execute()
		}, 200},
		{"a wrong password", func(m *member) (any, *http.Response, error) { return m.loginByPassword("wrong") }, 400},
		{"the right password", func(m *member) (any, *http.Response, error) { return m.loginByPassword(firstPassword) }, 200},
		{"refresh the session", func(m *member) (any, *http.Response, error) { return m.createLogin("", true) }, 200},
		{"the password once more", func(m *member) (any, *http.Response, error) { return m.loginByPassword(firstPassword) }, 200},
		{"begin a login that ends in a browser", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.CreateNativeLoginFlow(m.ctx()).ReturnSessionTokenExchangeCode(true).Execute()
			if err == nil && res.SessionTokenExchangeCode != nil {
				m.code = *res.SessionTokenExchangeCode
				m.seen.last.Body.(map[string]any)["session_token_exchange_code"] = "<secret>"
			}
			return res, raw, err
		}, 200},
		{"half of the codes", func(m *member) (any, *http.Response, error) {
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
		{"begin to change", func(m *member) (any, *http.Response, error) { return m.createSettings() }, 200},
		{"look at the own settings", func(m *member) (any, *http.Response, error) {
			return m.api.GetSettingsFlow(m.ctx()).Id(m.flow).XSessionToken(m.token).Execute()
		}, 200},
		{"somebody else looks at them", func(m *member) (any, *http.Response, error) {
			return m.api.GetSettingsFlow(m.ctx()).Id(m.flow).Execute()
		}, 401},
		{"an address that is none", changeTraits(map[string]any{"email": "none"}), 400},
		{"other traits", changeTraits(map[string]any{"age": 37, "tags": []any{}, "newsletter": false}), 200},
		{"a password that is too short", changePassword("short"), 400},
		{"another password", changePassword(nextPassword), 200},
	}
}

func nativeSessions() []stage {
	return []stage{
		{"list the other sessions", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.ListMySessions(m.ctx()).XSessionToken(m.token).Execute()
			if err == nil && len(res) > 0 {
				m.id = res[0].Id
			}
			return res, raw, err
		}, 200},
		{"list one of them", func(m *member) (any, *http.Response, error) {
			return m.api.ListMySessions(m.ctx()).XSessionToken(m.token).PerPage(1).Page(1).Execute()
		}, 200},
		{"end one of them", func(m *member) (any, *http.Response, error) {
			raw, err := m.api.DisableMySession(m.ctx(), m.id).XSessionToken(m.token).Execute()
			return nil, raw, err
		}, 204},
		{"end one that is none", func(m *member) (any, *http.Response, error) {
			raw, err := m.api.DisableMySession(m.ctx(), "none").XSessionToken(m.token).Execute()
			return nil, raw, err
		}, 400},
		{"end all the others", func(m *member) (any, *http.Response, error) {
			return m.api.DisableMyOtherSessions(m.ctx()).XSessionToken(m.token).Execute()
		}, 200},
		{"the own one goes on", func(m *member) (any, *http.Response, error) {
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
		{"begin to add an app", func(m *member) (any, *http.Response, error) { return m.createSettings() }, 200},
		{"a wrong code of the app", enrol(wrong), 400},
		{"look at the secret", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.GetSettingsFlow(m.ctx()).Id(m.flow).XSessionToken(m.token).Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
				m.code = m.secret
			}
			return res, raw, err
		}, 200},
		{"the code of the app", enrol(func(m *member) string { return totpNow(m.secret) }), 200},
		{"whoami with two factors", func(m *member) (any, *http.Response, error) {
			return m.api.ToSession(m.ctx()).XSessionToken(m.token).Execute()
		}, 200},
		{"log in anew with one factor", func(m *member) (any, *http.Response, error) {
			m.token = ""
			return m.createLogin("", false)
		}, 200},
		{"the password", func(m *member) (any, *http.Response, error) { return m.loginByPassword(nextPassword) }, 200},
		{"one factor is not enough", func(m *member) (any, *http.Response, error) {
			return m.api.ToSession(m.ctx()).XSessionToken(m.token).Execute()
		}, 403},
		{"nor for settings", func(m *member) (any, *http.Response, error) { return m.createSettings() }, 403},
		{"ask for the second factor", func(m *member) (any, *http.Response, error) { return m.createLogin("aal2", false) }, 200},
		{"a wrong second factor", second(wrong), 400},
		{"the second factor", second(func(m *member) string { return totpNow(m.code) }), 200},
		{"both are enough", func(m *member) (any, *http.Response, error) {
			return m.api.ToSession(m.ctx()).XSessionToken(m.token).Execute()
		}, 200},
	}
}

func nativeMails() []stage {
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
				m.had = len(m.mails.Codes(m.email))
				body.Email = &m.email
			}
			if code == "mailed" {
				code := m.mailed(m.had)
				body.Code = &code
			} else if code != "" {
				body.Code = &code
			}
			return m.api.UpdateVerificationFlow(m.ctx()).Flow(m.flow).UpdateVerificationFlowBody(ory.UpdateVerificationFlowWithCodeMethodAsUpdateVerificationFlowBody(body)).Execute()
		}
	}
	return []stage{
		{"begin to verify the address", func(m *member) (any, *http.Response, error) {
			m.mailed(0)
			res, raw, err := m.api.CreateNativeVerificationFlow(m.ctx()).Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}, 200},
		{"look at the verification", func(m *member) (any, *http.Response, error) {
			return m.api.GetVerificationFlow(m.ctx()).Id(m.flow).Execute()
		}, 200},
		{"have a code mailed", verify("own", ""), 200},
		{"a wrong code to verify", verify("", "000000"), 200},
		{"the code to verify", verify("", "mailed"), 200},
		{"begin to recover", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.CreateNativeRecoveryFlow(m.ctx()).Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}, 200},
		{"look at the recovery", func(m *member) (any, *http.Response, error) {
			return m.api.GetRecoveryFlow(m.ctx()).Id(m.flow).Execute()
		}, 200},
		{"have a code mailed to recover", recovery("own", ""), 200},
		{"a wrong code to recover", recovery("", "000000"), 200},
		{"no form at all", recovery("", ""), 200},
	}
}

func nativeEnd() []stage {
	logout := func(m *member) (any, *http.Response, error) {
		raw, err := m.api.PerformNativeLogout(m.ctx()).PerformNativeLogoutBody(ory.PerformNativeLogoutBody{SessionToken: m.token}).Execute()
		return nil, raw, err
	}
	return []stage{
		{"log out", logout, 204},
		{"whoami after the logout", func(m *member) (any, *http.Response, error) {
			return m.api.ToSession(m.ctx()).XSessionToken(m.token).Execute()
		}, 401},
		{"log out somebody who never was", func(m *member) (any, *http.Response, error) {
			m.token = "made-up"
			return logout(m)
		}, 403},
	}
}
