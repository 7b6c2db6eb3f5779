package differential

import (
	"net/http"
	"net/url"
)

// begin starts a browser flow and fetches it, and returns its id and its anti-CSRF token.
func (s *side) begin(kind, method string) (flow, csrf string) {
	flow = s.do("start "+kind, request{path: "/self-service/" + kind + "/browser"}).flow()
	csrf = s.do("fetch "+kind, request{path: "/self-service/" + kind + "/flows?id=" + flow, header: asJSON()}).csrf(method)
	return flow, csrf
}

func (s *side) startSettings(method string) (flow, csrf string) { return s.begin("settings", method) }

// logIn logs the browser in.
func (s *side) logIn(email string) {
	flow, csrf := s.begin("login", "password")
	s.do("log in", request{
		method: post, path: "/self-service/login/methods/password?flow=" + flow,
		form: url.Values{"csrf_token": {csrf}, "identifier": {email}, "password": {goodPassword}}.Encode(),
	})
}

func browserRegistration(s *side) {
	s.openBrowser()
	path := "/self-service/registration/methods/password?flow="
	flow, csrf := s.begin("registration", "password")
	form := url.Values{"csrf_token": {csrf}, "traits.email": {"browser@example.org"}, "traits.name.first": {"Bró & Co"}, "password": {goodPassword}}
	s.do("without a token", request{method: post, path: path + flow, form: "traits.email=x%40example.org&password=" + goodPassword})
	s.do("weak password", request{method: post, path: path + flow, form: url.Values{"csrf_token": {csrf}, "traits.email": {"browser@example.org"}, "password": {"abc"}}.Encode()})
	again := s.do("fetch again", request{path: "/self-service/registration/flows?id=" + flow, header: asJSON()})
	form.Set("csrf_token", again.csrf("password"))
	s.do("register", request{method: post, path: path + flow, form: form.Encode()})
	s.do("whoami", request{path: "/sessions/whoami", header: asJSON()})
	s.do("register with a session", request{path: "/self-service/registration/browser"})
	s.do("complete with a session", request{method: post, path: path + flow, form: form.Encode()})
	s.do("complete with a session, as JSON", request{method: post, path: path + flow, json: `{}`})

	s.openBrowser()
	flow, csrf = s.begin("registration", "password")
	s.do("as JSON", request{method: post, path: path + flow, json: `{"csrf_token":"` + csrf + `","traits.email":"browser2@example.org","password":"` + goodPassword + `"}`, header: asJSON()})
	s.openBrowser()
	flow, csrf = s.begin("registration", "password")
	s.do("duplicate", request{method: post, path: path + flow, form: url.Values{"csrf_token": {csrf}, "traits.email": {"browser2@example.org"}, "password": {goodPassword}}.Encode()})
	s.do("unknown flow", request{method: post, path: path + unknownID, form: "password=x"})
	s.do("unknown flow, as JSON", request{method: post, path: path + unknownID, json: `{}`, header: asJSON()})
}

func browserLogin(s *side) {
	s.register("blogin@example.org")
	path := "/self-service/login/methods/password?flow="
	good := func(csrf string) string {
		return url.Values{"csrf_token": {csrf}, "identifier": {"blogin@example.org"}, "password": {goodPassword}}.Encode()
	}

	s.openBrowser()
	s.do("whoami without a session", request{path: "/sessions/whoami"})
	s.do("start with return_to", request{path: "/self-service/login/browser?return_to=" + url.QueryEscape("http://127.0.0.1:4455/welcome?x=1")})
	flow, csrf := s.begin("login", "password")
	s.do("without a token", request{method: post, path: path + flow, form: "identifier=a&password=b"})
	s.do("wrong token", request{method: post, path: path + flow, form: "csrf_token=abc&identifier=a&password=b"})
	s.do("wrong password", request{method: post, path: path + flow, form: url.Values{"csrf_token": {csrf}, "identifier": {"blogin@example.org"}, "password": {"nope"}}.Encode()})
	s.do("fetch with the message", request{path: "/self-service/login/flows?id=" + flow, header: asJSON()})
	s.do("wrong password, as JSON", request{method: post, path: path + flow, json: `{"csrf_token":"` + csrf + `","identifier":"blogin@example.org","password":"nope"}`, header: asJSON()})
	s.do("unknown flow", request{method: post, path: path + unknownID, form: "password=x"})
	s.do("malformed flow", request{method: post, path: path + "x", form: "password=x"})
	s.do("no flow, as JSON", request{method: post, path: path + unknownID, json: `{}`})
	s.do("log in", request{method: post, path: path + flow, form: good(csrf)})
	s.do("whoami", request{path: "/sessions/whoami"})
	s.do("session already there", request{path: "/self-service/login/browser"})
	s.do("refresh", request{path: "/self-service/login/browser?refresh=true"})
	s.do("log out", request{path: "/self-service/browser/flows/logout"})
	s.do("whoami after", request{path: "/sessions/whoami"})
	s.do("log out again", request{path: "/self-service/browser/flows/logout?return_to=" + url.QueryEscape("http://127.0.0.1:4455/bye")})
	s.do("log out to elsewhere", request{path: "/self-service/browser/flows/logout?return_to=" + url.QueryEscape("http://evil.example.org/")})

	s.openBrowser()
	flow, csrf = s.begin("login", "password")
	s.do("log in, as JSON", request{method: post, path: path + flow, json: `{"csrf_token":"` + csrf + `","identifier":"blogin@example.org","password":"` + goodPassword + `"}`, header: asJSON()})
	s.openBrowser()
	flow, csrf = s.begin("login", "password")
	s.do("log in with Accept */*", request{method: post, path: path + flow, form: good(csrf), header: map[string]string{"Accept": "*/*"}})
	s.do("to the error UI", request{path: "/self-service/login/browser?return_to=" + url.QueryEscape("http://evil.example.org/")})
}

func browserSettings(s *side) {
	s.register("bsettings@example.org")
	s.openBrowser()
	s.do("without a session", request{path: "/self-service/settings/browser"})
	s.do("fetch without a session", request{path: "/self-service/settings/flows?id=" + unknownID})
	s.logIn("bsettings@example.org")
	flow, csrf := s.startSettings("profile")
	profile := "/self-service/settings/methods/profile?flow="
	s.do("profile", request{method: post, path: profile + flow, form: url.Values{"csrf_token": {csrf}, "traits.email": {"bsettings@example.org"}, "traits.name.first": {"Q"}}.Encode()})
	s.do("profile, invalid", request{method: post, path: profile + flow, form: url.Values{"csrf_token": {csrf}, "traits.email": {"nobody"}}.Encode()})
	s.do("profile without a token", request{method: post, path: profile + flow, form: "traits.email=x%40example.org"})
	s.do("fetch after", request{path: "/self-service/settings/flows?id=" + flow, header: asJSON()})
	s.do("profile, as JSON", request{method: post, path: profile + flow, json: `{"csrf_token":"` + csrf + `","traits.email":"bsettings@example.org","traits.name.first":"R"}`, header: asJSON()})
	password := "/self-service/settings/methods/password?flow="
	flow, csrf = s.startSettings("password")
	s.do("weak password", request{method: post, path: password + flow, form: url.Values{"csrf_token": {csrf}, "password": {"abc"}}.Encode()})
	s.do("password", request{method: post, path: password + flow, form: url.Values{"csrf_token": {csrf}, "password": {"Grace-counts-to-1906"}}.Encode()})
	s.do("password, unknown flow", request{method: post, path: password + unknownID, form: url.Values{"csrf_token": {csrf}, "password": {"x"}}.Encode()})
}

func links(s *side) {
	for _, kind := range []string{"recovery", "verification"} {
		s.closeBrowser()
		flow := s.do(kind+" start", request{path: "/self-service/" + kind + "/api"}).text("id")
		s.do(kind+" fetch", request{path: "/self-service/" + kind + "/flows?id=" + flow})
		unknown := request{path: "/self-service/" + kind + "/flows?id=" + unknownID}
		if kind == "verification" {
			unknown.differs = "unknown verification"
		}
		s.do(kind+" fetch unknown", unknown)
		s.do(kind+" by API", request{method: post, path: "/self-service/" + kind + "/methods/link?flow=" + flow, json: `{"email":"nobody@example.org"}`, differs: "links of API flows"})
		s.openBrowser()
		path := "/self-service/" + kind + "/methods/link?flow="
		flow, csrf := s.begin(kind, "link")
		s.do(kind+" without an address", request{method: post, path: path + flow, form: url.Values{"csrf_token": {csrf}}.Encode()})
		s.do(kind+" with an address", request{method: post, path: path + flow, form: url.Values{"csrf_token": {csrf}, "email": {"nobody@example.org"}}.Encode()})
		s.do(kind+" fetch after", request{path: "/self-service/" + kind + "/flows?id=" + flow, header: asJSON()})
		s.do(kind+" wrong token", request{path: "/self-service/" + kind + "/methods/link?token=nope"})
		s.do(kind+" with a wrong anti-CSRF token", request{method: post, path: path + flow, form: "csrf_token=nope&email=x%40example.org"})
		s.do(kind+" unknown flow", request{method: post, path: path + unknownID, form: url.Values{"csrf_token": {csrf}, "email": {"x@example.org"}}.Encode()})
	}
}

func oidc(s *side) {
	s.register("oidc@example.org")
	s.openBrowser()
	s.logIn("oidc@example.org")
	flow, csrf := s.startSettings("oidc")
	path := "/self-service/methods/oidc/settings/connections?flow="
	s.do("link", request{method: post, path: path + flow, form: url.Values{"csrf_token": {csrf}, "link": {"github"}}.Encode()})
	s.do("link an unknown provider", request{method: post, path: path + flow, form: url.Values{"csrf_token": {csrf}, "link": {"nobody"}}.Encode()})
	s.do("unlink what is not linked", request{method: post, path: path + flow, form: url.Values{"csrf_token": {csrf}, "unlink": {"github"}}.Encode()})
	s.do("both", request{method: post, path: path + flow, form: url.Values{"csrf_token": {csrf}, "link": {"github"}, "unlink": {"github"}}.Encode()})
	s.do("neither", request{method: post, path: path + flow, form: url.Values{"csrf_token": {csrf}}.Encode()})
	s.do("without a token", request{method: post, path: path + flow, form: "link=github"})
	s.do("fetch after", request{path: "/self-service/settings/flows?id=" + flow, header: asJSON()})
}

func odds(s *side) {
	s.do("fetch without an id", request{path: "/self-service/login/flows", differs: "missing id"})
	s.do("error without an id", request{path: "/self-service/errors", differs: "missing id"})
	s.do("schema", request{path: "/schemas/default"})
	s.do("unknown schema", request{path: "/schemas/nope"})
	s.do("schema with an odd id", request{path: "/schemas/a%20b%C3%A9"})
	s.do("error", request{path: "/self-service/errors?error=stub:500"})
	s.do("unknown error", request{path: "/self-service/errors?error=" + unknownID})
	s.do("unknown route", request{path: "/self-service/nothing", differs: "routing"})
	s.do("wrong method", request{method: http.MethodPut, path: "/self-service/login/flows", differs: "routing"})
}
