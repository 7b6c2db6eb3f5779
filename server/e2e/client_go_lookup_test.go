package e2e

import (
	"net/http"

	ory "github.com/ory/client-go"
)

// nativeBackup is about the codes on paper, for when the second factor is lost.
func nativeBackup() []stage {
	change := func(body ory.UpdateSettingsFlowWithLookupMethod) func(m *member) (any, *http.Response, error) {
		return func(m *member) (any, *http.Response, error) {
			body.Method = "lookup_secret"
			res, raw, err := m.settings(ory.UpdateSettingsFlowWithLookupMethodAsUpdateSettingsFlowBody(&body))
			if err == nil && len(m.backup) > 0 {
				m.code = m.backup[0]
			}
			return res, raw, err
		}
	}
	second := func(m *member) (any, *http.Response, error) {
		return m.login(ory.UpdateLoginFlowWithLookupSecretMethodAsUpdateLoginFlowBody(&ory.UpdateLoginFlowWithLookupSecretMethod{
			Method: "lookup_secret", LookupSecret: m.code,
		}))
	}
	wrong := func(m *member) (any, *http.Response, error) {
		return m.login(ory.UpdateLoginFlowWithLookupSecretMethodAsUpdateLoginFlowBody(&ory.UpdateLoginFlowWithLookupSecretMethod{
			Method: "lookup_secret", LookupSecret: "no-such1",
		}))
	}
	return []stage{
		{"begin to have backup codes", func(m *member) (any, *http.Response, error) { return m.createSettings() }, 200},
		{"new backup codes", change(ory.UpdateSettingsFlowWithLookupMethod{LookupSecretRegenerate: new(true)}), 200},
		{"they are written down", change(ory.UpdateSettingsFlowWithLookupMethod{LookupSecretConfirm: new(true)}), 200},
		{"show them again", change(ory.UpdateSettingsFlowWithLookupMethod{LookupSecretReveal: new(true)}), 200},
		{"log in anew without the app", func(m *member) (any, *http.Response, error) {
			m.token = ""
			return m.createLogin("", false)
		}, 200},
		{"the password without the app", func(m *member) (any, *http.Response, error) { return m.loginByPassword(nextPassword) }, 200},
		{"ask for another second factor", func(m *member) (any, *http.Response, error) { return m.createLogin("aal2", false) }, 200},
		{"a backup code that is none", wrong, 400},
		{"a backup code", second, 200},
		{"ask for the second factor once more", func(m *member) (any, *http.Response, error) {
			if res, raw, err := m.createLogin("aal2", true); err != nil {
				return res, raw, err
			}
			return second(m)
		}, 400},
		{"begin to have no backup codes", func(m *member) (any, *http.Response, error) { return m.createSettings() }, 200},
		{"show which of them is used", change(ory.UpdateSettingsFlowWithLookupMethod{LookupSecretReveal: new(true)}), 200},
		{"no more backup codes", change(ory.UpdateSettingsFlowWithLookupMethod{LookupSecretDisable: new(true)}), 200},
	}
}
