package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"

	ory "github.com/ory/client-go"
)

// hastyLife is the life of an account in an app that registers in one step, and logs in again and again.
func hastyLife() []stage {
	var life []stage
	for _, chapter := range [][]stage{hastySchemas(), hastyRegistration(), hastyPages()} {
		life = append(life, chapter...)
	}
	return life
}

// hastySchemas is about what forms are made of.
func hastySchemas() []stage {
	return []stage{
		{"list the schemas", func(m *member) (any, *http.Response, error) {
			return m.schemas.ListIdentitySchemas(m.ctx()).Execute()
		}, 200},
		{"list the schemas after the last", func(m *member) (any, *http.Response, error) {
			return m.schemas.ListIdentitySchemas(m.ctx()).PerPage(1).Page(1).Execute()
		}, 200},
		{"look at a schema", func(m *member) (any, *http.Response, error) {
			return m.schemas.GetIdentitySchema(m.ctx(), "default").Execute()
		}, 200},
		{"look at a schema that is none", func(m *member) (any, *http.Response, error) {
			return m.schemas.GetIdentitySchema(m.ctx(), "a schema").Execute()
		}, 404},
	}
}

func hastyRegistration() []stage {
	create := func(m *member) (any, *http.Response, error) {
		res, raw, err := m.api.CreateNativeRegistrationFlow(m.ctx()).Execute()
		if err == nil {
			m.began(res.Id, res.Ui.Nodes)
		}
		return res, raw, err
	}
	register := func(m *member) (any, *http.Response, error) {
		return m.api.UpdateRegistrationFlow(m.ctx()).Flow(m.flow).UpdateRegistrationFlowBody(ory.UpdateRegistrationFlowWithPasswordMethodAsUpdateRegistrationFlowBody(
			&ory.UpdateRegistrationFlowWithPasswordMethod{
				Method: "password", Traits: m.traits(), Password: firstPassword, TransientPayload: map[string]any{"from": "an app"},
			})).Execute()
	}
	return []stage{
		{"begin to register in one step", create, 200},
		{"register in one step", register, 200},
		{"begin to register twice", create, 200},
		{"register twice", register, 400},
		{"a method that is none", func(m *member) (any, *http.Response, error) {
			return m.api.UpdateRegistrationFlow(m.ctx()).Flow(m.flow).UpdateRegistrationFlowBody(ory.UpdateRegistrationFlowWithPasswordMethodAsUpdateRegistrationFlowBody(
				&ory.UpdateRegistrationFlowWithPasswordMethod{Method: "none", Traits: m.traits(), Password: firstPassword})).Execute()
		}, 400},
		{"register in a flow that is none", func(m *member) (any, *http.Response, error) {
			m.flow = unknownID
			return register(m)
		}, 404},
	}
}

// pageToken is that of the link to the next page.
var pageToken = regexp.MustCompile(`page_token=([^&>]*)[^>]*>; rel="next"`)

// hastyPages goes through the sessions of many logins.
func hastyPages() []stage {
	page := func(m *member) (any, *http.Response, error) {
		req := m.api.ListMySessions(m.ctx()).XSessionToken(m.token).PageSize(2)
		if m.page != "" {
			req = req.PageToken(m.page)
		}
		res, raw, err := req.Execute()
		if err == nil {
			m.page = ""
			if found := pageToken.FindStringSubmatch(raw.Header.Get("Link")); found != nil {
				m.page, _ = url.QueryUnescape(found[1])
			}
		}
		return res, raw, err
	}
	var stages []stage
	for i := range 5 {
		stages = append(stages, stage{fmt.Sprint("begin login ", i), func(m *member) (any, *http.Response, error) {
			m.token = ""
			return m.createLogin("", false)
		}, 200}, stage{fmt.Sprint("login ", i), func(m *member) (any, *http.Response, error) { return m.loginByPassword(firstPassword) }, 200})
	}
	return append(stages,
		stage{"the first sessions", page, 200},
		stage{"the sessions after them", page, 200},
		stage{"the last sessions", page, 200},
		stage{"all sessions on one page", func(m *member) (any, *http.Response, error) {
			return m.api.ListMySessions(m.ctx()).XSessionToken(m.token).PageSize(5).Execute()
		}, 200},
		stage{"page tokens that are none", func(m *member) (any, *http.Response, error) {
			return m.api.ListMySessions(m.ctx()).XSessionToken(m.token).PageSize(2).PageToken("none").Execute()
		}, 200},
	)
}
