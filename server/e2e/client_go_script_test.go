package e2e

import (
	"net/http"
	"net/url"

	ory "github.com/ory/client-go"
)

// scriptLife is the life of an account in a browser whose pages are one script: it asks for JSON, and has cookies.
func scriptLife() []stage {
	var life []stage
	for _, chapter := range [][]stage{scriptRegistration(), scriptLogin(), scriptSettings(), scriptMails(), scriptFactors(), scriptEnd()} {
		life = append(life, chapter...)
	}
	return life
}

func scriptRegistration() []stage {
	return []stage{
		{"begin to register", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.CreateBrowserRegistrationFlow(m.ctx()).Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}, 200},
		{"look at the registration", func(m *member) (any, *http.Response, error) {
			return m.api.GetRegistrationFlow(m.ctx()).Id(m.flow).Execute()
		}, 200},
		{"without the anti-CSRF token", func(m *member) (any, *http.Response, error) {
			return m.api.UpdateRegistrationFlow(m.ctx()).Flow(m.flow).UpdateRegistrationFlowBody(ory.UpdateRegistrationFlowWithPasswordMethodAsUpdateRegistrationFlowBody(
				&ory.UpdateRegistrationFlowWithPasswordMethod{Method: "password", Traits: m.traits(), Password: firstPassword})).Execute()
		}, 403},
		{"register", func(m *member) (any, *http.Response, error) {
			return m.api.UpdateRegistrationFlow(m.ctx()).Flow(m.flow).UpdateRegistrationFlowBody(ory.UpdateRegistrationFlowWithPasswordMethodAsUpdateRegistrationFlowBody(
				&ory.UpdateRegistrationFlowWithPasswordMethod{Method: "password", Traits: m.traits(), Password: firstPassword, CsrfToken: &m.csrf})).Execute()
		}, 200},
		{"whoami", func(m *member) (any, *http.Response, error) { return m.api.ToSession(m.ctx()).Execute() }, 200},
		{"register although there is a session", func(m *member) (any, *http.Response, error) {
			return m.api.CreateBrowserRegistrationFlow(m.ctx()).Execute()
		}, 400},
	}
}

func scriptLogin() []stage {
	create := func(returnTo string) func(m *member) (any, *http.Response, error) {
		return func(m *member) (any, *http.Response, error) {
			req := m.api.CreateBrowserLoginFlow(m.ctx())
			if returnTo != "" {
				req = req.ReturnTo(returnTo)
			}
			res, raw, err := req.Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}
	}
	login := func(password string) func(m *member) (any, *http.Response, error) {
		return func(m *member) (any, *http.Response, error) {
			return m.api.UpdateLoginFlow(m.ctx()).Flow(m.flow).UpdateLoginFlowBody(ory.UpdateLoginFlowWithPasswordMethodAsUpdateLoginFlowBody(
				&ory.UpdateLoginFlowWithPasswordMethod{Method: "password", Identifier: m.email, Password: password, CsrfToken: &m.csrf})).Execute()
		}
	}
	return []stage{
		{"begin to log out", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.CreateBrowserLogoutFlow(m.ctx()).Execute()
			if err == nil {
				m.logout = res.LogoutToken
			}
			return res, raw, err
		}, 200},
		{"log out with another token", func(m *member) (any, *http.Response, error) {
			raw, err := m.api.UpdateLogoutFlow(m.ctx()).Token("made-up").Execute()
			return nil, raw, err
		}, 403},
		{"log out", func(m *member) (any, *http.Response, error) {
			raw, err := m.api.UpdateLogoutFlow(m.ctx()).Token(m.logout).Execute()
			return nil, raw, err
		}, 204},
		{"log out twice", func(m *member) (any, *http.Response, error) {
			return m.api.CreateBrowserLogoutFlow(m.ctx()).Execute()
		}, 401},
		{"begin to log in, to return to where nobody may", create("https://evil.example.org/"), 400},
		{"begin to log in", create(""), 200},
		{"look at the login", func(m *member) (any, *http.Response, error) {
			return m.api.GetLoginFlow(m.ctx()).Id(m.flow).Execute()
		}, 200},
		{"a wrong password", login("wrong"), 400},
		{"the right password", login(firstPassword), 200},
		{"whoami by the cookie", func(m *member) (any, *http.Response, error) { return m.api.ToSession(m.ctx()).Execute() }, 200},
	}
}

func scriptSettings() []stage {
	return []stage{
		{"begin to change", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.CreateBrowserSettingsFlow(m.ctx()).Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}, 200},
		{"look at the settings", func(m *member) (any, *http.Response, error) {
			return m.api.GetSettingsFlow(m.ctx()).Id(m.flow).Execute()
		}, 200},
		{"other traits", func(m *member) (any, *http.Response, error) {
			return m.api.UpdateSettingsFlow(m.ctx()).Flow(m.flow).UpdateSettingsFlowBody(ory.UpdateSettingsFlowWithProfileMethodAsUpdateSettingsFlowBody(
				&ory.UpdateSettingsFlowWithProfileMethod{Method: "profile", Traits: map[string]any{"email": m.email}, CsrfToken: &m.csrf})).Execute()
		}, 200},
		{"no other sessions", func(m *member) (any, *http.Response, error) { return m.api.ListMySessions(m.ctx()).Execute() }, 200},
		{"end them", func(m *member) (any, *http.Response, error) {
			return m.api.DisableMyOtherSessions(m.ctx()).Execute()
		}, 200},
	}
}

func scriptMails() []stage {
	return []stage{
		{"begin to verify", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.CreateBrowserVerificationFlow(m.ctx()).Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}, 200},
		{"begin to log out to recover", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.CreateBrowserLogoutFlow(m.ctx()).Execute()
			if err == nil {
				m.logout = res.LogoutToken
			}
			return res, raw, err
		}, 200},
		{"log out to recover", func(m *member) (any, *http.Response, error) {
			raw, err := m.api.UpdateLogoutFlow(m.ctx()).Token(m.logout).Execute()
			return nil, raw, err
		}, 204},
		{"begin to recover", func(m *member) (any, *http.Response, error) {
			m.mailed(0)
			res, raw, err := m.api.CreateBrowserRecoveryFlow(m.ctx()).Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}, 200},
		{"have a code mailed", func(m *member) (any, *http.Response, error) {
			m.had = len(m.mails.Codes(m.email))
			return m.api.UpdateRecoveryFlow(m.ctx()).Flow(m.flow).UpdateRecoveryFlowBody(ory.UpdateRecoveryFlowWithCodeMethodAsUpdateRecoveryFlowBody(
				&ory.UpdateRecoveryFlowWithCodeMethod{Method: "code", Email: &m.email, CsrfToken: &m.csrf})).Execute()
		}, 200},
		{"the code leads to the settings, by way of the browser", func(m *member) (any, *http.Response, error) {
			code := m.mailed(m.had)
			return m.api.UpdateRecoveryFlow(m.ctx()).Flow(m.flow).UpdateRecoveryFlowBody(ory.UpdateRecoveryFlowWithCodeMethodAsUpdateRecoveryFlowBody(
				&ory.UpdateRecoveryFlowWithCodeMethod{Method: "code", Code: &code, CsrfToken: &m.csrf})).Execute()
		}, 422},
		{"whoami after the recovery", func(m *member) (any, *http.Response, error) { return m.api.ToSession(m.ctx()).Execute() }, 200},
	}
}

func scriptFactors() []stage {
	enrol := func(m *member) (any, *http.Response, error) {
		m.code = m.secret
		return m.api.UpdateSettingsFlow(m.ctx()).Flow(m.flow).UpdateSettingsFlowBody(ory.UpdateSettingsFlowWithTotpMethodAsUpdateSettingsFlowBody(
			&ory.UpdateSettingsFlowWithTotpMethod{Method: "totp", TotpCode: new(totpNow(m.secret)), CsrfToken: &m.csrf})).Execute()
	}
	login := func(aal string) func(m *member) (any, *http.Response, error) {
		return func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.CreateBrowserLoginFlow(m.ctx()).Aal(aal).Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}
	}
	second := func(code func(m *member) string) func(m *member) (any, *http.Response, error) {
		return func(m *member) (any, *http.Response, error) {
			return m.api.UpdateLoginFlow(m.ctx()).Flow(m.flow).UpdateLoginFlowBody(ory.UpdateLoginFlowWithTotpMethodAsUpdateLoginFlowBody(
				&ory.UpdateLoginFlowWithTotpMethod{Method: "totp", TotpCode: code(m), CsrfToken: &m.csrf})).Execute()
		}
	}
	return []stage{
		{"begin to add an app in the browser", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.CreateBrowserSettingsFlow(m.ctx()).Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}, 200},
		{"the code of the app in the browser", enrol, 200},
		{"another browser logs in", func(m *member) (any, *http.Response, error) {
			m.keepCookies()
			return login("aal1")(m)
		}, 200},
		{"the password leads to the second factor", func(m *member) (any, *http.Response, error) {
			return m.api.UpdateLoginFlow(m.ctx()).Flow(m.flow).UpdateLoginFlowBody(ory.UpdateLoginFlowWithPasswordMethodAsUpdateLoginFlowBody(
				&ory.UpdateLoginFlowWithPasswordMethod{Method: "password", Identifier: m.email, Password: firstPassword, CsrfToken: &m.csrf})).Execute()
		}, 422},
		{"whoami with one of two factors", func(m *member) (any, *http.Response, error) { return m.api.ToSession(m.ctx()).Execute() }, 403},
		{"settings with one of two factors", func(m *member) (any, *http.Response, error) {
			return m.api.CreateBrowserSettingsFlow(m.ctx()).Execute()
		}, 403},
		{"ask for the second factor in the browser", login("aal2"), 200},
		{"a wrong second factor in the browser", second(func(*member) string { return "000000" }), 400},
		{"the second factor in the browser", second(func(m *member) string { return totpNow(m.code) }), 200},
	}
}

func scriptEnd() []stage {
	return []stage{
		{"whoami by a header of cookies", func(m *member) (any, *http.Response, error) {
			var header string
			if at, err := url.Parse(m.urls[0]); err == nil {
				for _, cookie := range m.http.Jar.Cookies(at) {
					header += cookie.Name + "=" + cookie.Value + "; "
				}
			}
			return m.api.ToSession(m.ctx()).Cookie(header).Execute()
		}, 200},
	}
}
