package e2e

import (
	"net/http"

	ory "github.com/ory/client-go"
)

// codeLife is the life of an account in an app that has no password: it registers and logs in by mailed codes. Its Kratos
// has every change of credentials wait for a login.
func codeLife() []stage {
	var life []stage
	for _, chapter := range [][]stage{codeRegistration(), codeLogin(), codeSettings()} {
		life = append(life, chapter...)
	}
	return life
}

func codeRegistration() []stage {
	register := func(code func(m *member) *string) func(m *member) (any, *http.Response, error) {
		return func(m *member) (any, *http.Response, error) {
			traits := m.traits()
			// Kratos panics when it compares a list with what the code was mailed for.
			delete(traits, "tags")
			body := &ory.UpdateRegistrationFlowWithCodeMethod{Method: "code", Traits: traits, Code: code(m)}
			res, raw, err := m.api.UpdateRegistrationFlow(m.ctx()).Flow(m.flow).UpdateRegistrationFlowBody(
				ory.UpdateRegistrationFlowWithCodeMethodAsUpdateRegistrationFlowBody(body)).Execute()
			if err == nil && res.SessionToken != nil {
				m.token = *res.SessionToken
			}
			return res, raw, err
		}
	}
	return []stage{
		{"begin to register by code", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.CreateNativeRegistrationFlow(m.ctx()).ReturnTo("http://127.0.0.1:4455/welcome").Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}, 200},
		{"have a code mailed to register", register(noCode), 400},
		{"a wrong code to register", register(wrongCode), 400},
		{"the code to register", register(mailedCode), 200},
		{"whoami without a password", func(m *member) (any, *http.Response, error) {
			return m.api.ToSession(m.ctx()).XSessionToken(m.token).Execute()
		}, 200},
	}
}

// Codes to send with a form. Before none is sent, Kratos has mailed none.
func noCode(m *member) *string {
	m.had = len(m.mails.Codes(m.email))
	return nil
}
func wrongCode(*member) *string { return new("000000") }
func mailedCode(m *member) *string {
	m.t.Helper()
	return new(m.mailed(m.had))
}

func codeLogin() []stage {
	login := func(code func(m *member) *string) func(m *member) (any, *http.Response, error) {
		return func(m *member) (any, *http.Response, error) {
			return m.login(ory.UpdateLoginFlowWithCodeMethodAsUpdateLoginFlowBody(&ory.UpdateLoginFlowWithCodeMethod{
				Method: "code", Identifier: &m.email, Code: code(m),
			}))
		}
	}
	return []stage{
		{"begin to log in by code", func(m *member) (any, *http.Response, error) {
			m.token = ""
			return m.createLogin("", false)
		}, 200},
		{"somebody unknown", func(m *member) (any, *http.Response, error) {
			return m.login(ory.UpdateLoginFlowWithCodeMethodAsUpdateLoginFlowBody(&ory.UpdateLoginFlowWithCodeMethod{
				Method: "code", Identifier: new("nobody@example.org"),
			}))
		}, 400},
		{"have a code mailed to log in", login(noCode), 400},
		{"a wrong code to log in", login(wrongCode), 400},
		{"the code to log in", login(mailedCode), 200},
	}
}

func codeSettings() []stage {
	return []stage{
		{"begin to have a password", func(m *member) (any, *http.Response, error) { return m.createSettings() }, 200},
		{"not without another login", func(m *member) (any, *http.Response, error) {
			return m.settings(ory.UpdateSettingsFlowWithPasswordMethodAsUpdateSettingsFlowBody(&ory.UpdateSettingsFlowWithPasswordMethod{
				Method: "password", Password: nextPassword,
			}))
		}, 403},
		{"nor other traits, for the address is a credential", func(m *member) (any, *http.Response, error) {
			traits := m.traits()
			traits["age"] = 37
			return m.settings(ory.UpdateSettingsFlowWithProfileMethodAsUpdateSettingsFlowBody(&ory.UpdateSettingsFlowWithProfileMethod{
				Method: "profile", Traits: traits,
			}))
		}, 403},
		{"a provider needs a browser", func(m *member) (any, *http.Response, error) {
			return m.settings(ory.UpdateSettingsFlowWithOidcMethodAsUpdateSettingsFlowBody(&ory.UpdateSettingsFlowWithOidcMethod{
				Method: "oidc", Link: new("github"),
			}))
		}, 403},
	}
}
