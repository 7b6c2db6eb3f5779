package e2e

import (
	"net/http"
	"time"

	ory "github.com/ory/client-go"
)

// lateLife is a life in which every form has expired before it is filled in.
func lateLife() []stage {
	late := func(do func(m *member) (any, *http.Response, error)) func(m *member) (any, *http.Response, error) {
		return func(m *member) (any, *http.Response, error) {
			time.Sleep(10 * time.Millisecond)
			return do(m)
		}
	}
	return []stage{
		{"begin to register too slowly", func(m *member) (any, *http.Response, error) { return m.createRegistration() }, 200},
		{"look at the registration too late", late(func(m *member) (any, *http.Response, error) {
			return m.api.GetRegistrationFlow(m.ctx()).Id(m.flow).Execute()
		}), 410},
		{"register too late", late(func(m *member) (any, *http.Response, error) {
			return m.api.UpdateRegistrationFlow(m.ctx()).Flow(m.flow).UpdateRegistrationFlowBody(ory.UpdateRegistrationFlowWithPasswordMethodAsUpdateRegistrationFlowBody(
				&ory.UpdateRegistrationFlowWithPasswordMethod{Method: "password", Traits: m.traits(), Password: firstPassword, CsrfToken: &m.csrf})).Execute()
		}), 410},
		{"begin to log in too slowly", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.CreateBrowserLoginFlow(m.ctx()).Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}, 200},
		{"look at the login too late", late(func(m *member) (any, *http.Response, error) {
			return m.api.GetLoginFlow(m.ctx()).Id(m.flow).Execute()
		}), 410},
		{"log in too late", late(func(m *member) (any, *http.Response, error) {
			return m.api.UpdateLoginFlow(m.ctx()).Flow(m.flow).UpdateLoginFlowBody(ory.UpdateLoginFlowWithPasswordMethodAsUpdateLoginFlowBody(
				&ory.UpdateLoginFlowWithPasswordMethod{Method: "password", Identifier: m.email, Password: firstPassword, CsrfToken: &m.csrf})).Execute()
		}), 410},
		{"begin to recover too slowly", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.CreateBrowserRecoveryFlow(m.ctx()).Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}, 200},
		{"look at the recovery too late", late(func(m *member) (any, *http.Response, error) {
			return m.api.GetRecoveryFlow(m.ctx()).Id(m.flow).Execute()
		}), 410},
		{"recover too late", late(func(m *member) (any, *http.Response, error) {
			return m.api.UpdateRecoveryFlow(m.ctx()).Flow(m.flow).UpdateRecoveryFlowBody(ory.UpdateRecoveryFlowWithLinkMethodAsUpdateRecoveryFlowBody(
				&ory.UpdateRecoveryFlowWithLinkMethod{Method: "link", Email: m.email, CsrfToken: &m.csrf})).Execute()
		}), 303},
		{"begin to verify too slowly", func(m *member) (any, *http.Response, error) {
			res, raw, err := m.api.CreateBrowserVerificationFlow(m.ctx()).Execute()
			if err == nil {
				m.began(res.Id, res.Ui.Nodes)
			}
			return res, raw, err
		}, 200},
		{"look at the verification too late", late(func(m *member) (any, *http.Response, error) {
			return m.api.GetVerificationFlow(m.ctx()).Id(m.flow).Execute()
		}), 410},
		{"verify too late", late(func(m *member) (any, *http.Response, error) {
			return m.api.UpdateVerificationFlow(m.ctx()).Flow(m.flow).UpdateVerificationFlowBody(ory.UpdateVerificationFlowWithLinkMethodAsUpdateVerificationFlowBody(
				&ory.UpdateVerificationFlowWithLinkMethod{Method: "link", Email: m.email, CsrfToken: &m.csrf})).Execute()
		}), 303},
	}
}
