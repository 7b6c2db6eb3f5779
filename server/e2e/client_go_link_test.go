package e2e

import (
	"net/http"
	"net/url"

	ory "github.com/ory/client-go"
)

// linkLife is the life of an account in a browser whose pages are one script, where Kratos mails links.
func linkLife() []stage {
	var life []stage
	for _, chapter := range [][]stage{linkProviders(), linkRegistration(), linkVerification(), linkRecovery()} {
		life = append(life, chapter...)
	}
	return life
}

func linkProviders() []stage {
	return []stage{
		{"begin to register by a provider", func(m *member) (any, *http.Response, error) { return m.createRegistration() }, 200},
		{"register by a provider", func(m *member) (any, *http.Response, error) {
			return m.api.UpdateRegistrationFlow(m.ctx()).Flow(m.flow).UpdateRegistrationFlowBody(ory.UpdateRegistrationFlowWithOidcMethodAsUpdateRegistrationFlowBody(
				&ory.UpdateRegistrationFlowWithOidcMethod{Method: "oidc", Provider: "github", CsrfToken: &m.csrf})).Execute()
		}, 422},
		{"begin to log in by a provider", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.CreateBrowserLoginFlow(m.ctx()).ReturnTo("http://127.0.0.1:4455/welcome").Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}, 200},
		{"log in by a provider", func(m *member) (any, *http.Response, error) {
			return m.api.UpdateLoginFlow(m.ctx()).Flow(m.flow).UpdateLoginFlowBody(ory.UpdateLoginFlowWithOidcMethodAsUpdateLoginFlowBody(
				&ory.UpdateLoginFlowWithOidcMethod{Method: "oidc", Provider: "github", CsrfToken: &m.csrf})).Execute()
		}, 422},
		{"log in by a provider that is none", func(m *member) (any, *http.Response, error) {
			return m.api.UpdateLoginFlow(m.ctx()).Flow(m.flow).UpdateLoginFlowBody(ory.UpdateLoginFlowWithOidcMethodAsUpdateLoginFlowBody(
				&ory.UpdateLoginFlowWithOidcMethod{Method: "oidc", Provider: "nobody", CsrfToken: &m.csrf})).Execute()
		}, 404},
	}
}

func linkRegistration() []stage {
	return []stage{
		{"begin to register where links are mailed", func(m *member) (any, *http.Response, error) { return m.createRegistration() }, 200},
		{"register where links are mailed", func(m *member) (any, *http.Response, error) {
			return m.api.UpdateRegistrationFlow(m.ctx()).Flow(m.flow).UpdateRegistrationFlowBody(ory.UpdateRegistrationFlowWithPasswordMethodAsUpdateRegistrationFlowBody(
				&ory.UpdateRegistrationFlowWithPasswordMethod{Method: "password", Traits: m.traits(), Password: firstPassword, CsrfToken: &m.csrf})).Execute()
		}, 200},
		{"begin to change the password", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.CreateBrowserSettingsFlow(m.ctx()).Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}, 200},
		{"log in again before that", func(m *member) (any, *http.Response, error) {
			return m.api.UpdateSettingsFlow(m.ctx()).Flow(m.flow).UpdateSettingsFlowBody(ory.UpdateSettingsFlowWithPasswordMethodAsUpdateSettingsFlowBody(
				&ory.UpdateSettingsFlowWithPasswordMethod{Method: "password", Password: nextPassword, CsrfToken: &m.csrf})).Execute()
		}, 403},
		{"begin to log in again", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.CreateBrowserLoginFlow(m.ctx()).Refresh(true).Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}, 200},
		{"log in again", func(m *member) (any, *http.Response, error) {
			return m.api.UpdateLoginFlow(m.ctx()).Flow(m.flow).UpdateLoginFlowBody(ory.UpdateLoginFlowWithPasswordMethodAsUpdateLoginFlowBody(
				&ory.UpdateLoginFlowWithPasswordMethod{Method: "password", Identifier: m.email, Password: firstPassword, CsrfToken: &m.csrf})).Execute()
		}, 200},
	}
}

func (m *member) createRegistration() (any, *http.Response, error) {
	res, raw, err := m.api.CreateBrowserRegistrationFlow(m.ctx()).Execute()
	if err == nil {
		m.began(res.Id, res.Ui.Nodes)
	}
	return res, raw, err
}

// linked waits for the next mail, and keeps the flow and the token of its link.
func (m *member) linked() {
	m.t.Helper()
	eventually(m.t, "a mail with a link", func() bool { return len(m.mails.Links(m.email)) > m.had })
	links := m.mails.Links(m.email)
	to, err := url.Parse(links[len(links)-1])
	if err != nil {
		m.t.Fatal("a mail's link is none")
	}
	m.flow, m.code = to.Query().Get("flow"), to.Query().Get("token")
}

func linkVerification() []stage {
	// The SDK's model of this form has an address, which is of no use to who has a token.
	use := func(m *member) (any, *http.Response, error) {
		return m.api.UpdateVerificationFlow(m.ctx()).Flow(m.flow).Token(m.code).UpdateVerificationFlowBody(ory.UpdateVerificationFlowWithLinkMethodAsUpdateVerificationFlowBody(
			&ory.UpdateVerificationFlowWithLinkMethod{Method: "link", CsrfToken: &m.csrf})).Execute()
	}
	return []stage{
		{"begin to verify by link", func(m *member) (any, *http.Response, error) {
			m.linked() // Kratos mails one to whoever registers.
			res, raw, err := m.api.CreateBrowserVerificationFlow(m.ctx()).ReturnTo("http://127.0.0.1:4455/verified").Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}, 200},
		{"have a link mailed to verify", func(m *member) (any, *http.Response, error) {
			m.had = len(m.mails.Links(m.email))
			return m.api.UpdateVerificationFlow(m.ctx()).Flow(m.flow).UpdateVerificationFlowBody(ory.UpdateVerificationFlowWithLinkMethodAsUpdateVerificationFlowBody(
				&ory.UpdateVerificationFlowWithLinkMethod{Method: "link", Email: m.email, CsrfToken: &m.csrf})).Execute()
		}, 200},
		{"a wrong token to verify", func(m *member) (any, *http.Response, error) {
			m.code = "made-up"
			return use(m)
		}, 303},
		{"the token to verify", func(m *member) (any, *http.Response, error) {
			m.linked()
			return use(m)
		}, 200},
		{"look at the address that is verified", func(m *member) (any, *http.Response, error) {
			return m.api.GetVerificationFlow(m.ctx()).Id(m.flow).Execute()
		}, 200},
		{"the token to verify again", use, 303},
	}
}

func linkRecovery() []stage {
	use := func(m *member) (any, *http.Response, error) {
		return m.api.UpdateRecoveryFlow(m.ctx()).Flow(m.flow).Token(m.code).UpdateRecoveryFlowBody(ory.UpdateRecoveryFlowWithLinkMethodAsUpdateRecoveryFlowBody(
			&ory.UpdateRecoveryFlowWithLinkMethod{Method: "link", CsrfToken: &m.csrf})).Execute()
	}
	return []stage{
		{"begin to recover by link", func(m *member) (any, *http.Response, error) {
			m.keepCookies() // another browser
			res, raw, err := m.api.CreateBrowserRecoveryFlow(m.ctx()).Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}, 200},
		{"an address to recover that is none", func(m *member) (any, *http.Response, error) {
			return m.api.UpdateRecoveryFlow(m.ctx()).Flow(m.flow).UpdateRecoveryFlowBody(ory.UpdateRecoveryFlowWithLinkMethodAsUpdateRecoveryFlowBody(
				&ory.UpdateRecoveryFlowWithLinkMethod{Method: "link", Email: "none", CsrfToken: &m.csrf})).Execute()
		}, 400},
		{"have a link mailed to recover", func(m *member) (any, *http.Response, error) {
			m.had = len(m.mails.Links(m.email))
			return m.api.UpdateRecoveryFlow(m.ctx()).Flow(m.flow).UpdateRecoveryFlowBody(ory.UpdateRecoveryFlowWithLinkMethodAsUpdateRecoveryFlowBody(
				&ory.UpdateRecoveryFlowWithLinkMethod{Method: "link", Email: m.email, CsrfToken: &m.csrf})).Execute()
		}, 200},
		{"the token to recover", func(m *member) (any, *http.Response, error) {
			m.linked()
			return use(m)
		}, 303},
		{"whoami by the link", func(m *member) (any, *http.Response, error) { return m.api.ToSession(m.ctx()).Execute() }, 200},
		{"the token to recover again", use, 303},
	}
}
