package differential

import (
	"net/http"
	"net/url"
	"time"
)

const (
	post = http.MethodPost
	del  = http.MethodDelete

	goodPassword = "Ada-counts-to-1815"
	unknownID    = "6a4f7f3a-5b0e-4f2e-8d11-6ee9bd296b4a"
)

func asJSON() map[string]string { return map[string]string{"Accept": "application/json"} }

func bearer(token string) map[string]string {
	return map[string]string{"Accept": "application/json", "Authorization": "Bearer " + token}
}

// register makes an account, and returns its session token.
func (s *side) register(email string) string {
	flow := s.do("start a registration", request{path: "/self-service/registration/api"}).text("id")
	return s.do("register", request{
		method: post, path: "/self-service/registration/methods/password?flow=" + flow,
		json: `{"traits.email":"` + email + `","traits.name.first":"Ada","password":"` + goodPassword + `"}`,
	}).text("session_token")
}

func apiRegistration(s *side) {
	path := func(flow string) string { return "/self-service/registration/methods/password?flow=" + flow }
	start := s.do("start", request{path: "/self-service/registration/api", header: asJSON()})
	flow := start.text("id")
	s.do("fetch", request{path: "/self-service/registration/flows?id=" + flow})
	s.do("empty object", request{method: post, path: path(flow), json: `{}`})
	s.do("no password", request{method: post, path: path(flow), json: `{"traits.email":"reg@example.org"}`})
	s.do("no e-mail", request{method: post, path: path(flow), json: `{"password":"` + goodPassword + `"}`})
	s.do("not an e-mail", request{method: post, path: path(flow), json: `{"traits.email":"nobody","password":"` + goodPassword + `"}`})
	s.do("weak password", request{method: post, path: path(flow), json: `{"traits.email":"reg@example.org","password":"abc"}`})
	s.do("password like the e-mail", request{method: post, path: path(flow), json: `{"traits.email":"reg@example.org","password":"reg@example.org"}`})
	s.do("unknown fields", request{method: post, path: path(flow), json: `{"traits.email":"reg@example.org","traits.shoe":"42","color":"red","password":"` + goodPassword + `"}`})
	s.do("duplicate", request{method: post, path: path(flow), json: `{"traits.email":"reg@example.org","password":"` + goodPassword + `"}`})

	typed := s.do("start for typed values", request{path: "/self-service/registration/api"}).text("id")
	s.do("typed values, flat", request{method: post, path: path(typed), json: `{"traits.email":"typed@example.org","traits.age":36,"traits.newsletter":true,"traits.name.first":"Ædå 👩‍💻","traits.name.last":"L%6Fve","password":"` + goodPassword + `"}`})
	bad := s.do("start for wrong types", request{path: "/self-service/registration/api"}).text("id")
	s.do("wrong types", request{method: post, path: path(bad), json: `{"traits.email":"bad@example.org","traits.age":"old","traits.newsletter":"perhaps","password":"` + goodPassword + `"}`})
	form := s.do("start for a form", request{path: "/self-service/registration/api"}).text("id")
	s.do("form with an array and typed values", request{method: post, path: path(form), form: url.Values{
		"traits.email": {"form@example.org"}, "traits.age": {"36"}, "traits.newsletter": {"false", "true"}, "traits.tags": {"a", "b c", "ü&="},
		"traits.name.first": {"Grace", "ignored"}, "password": {goodPassword},
	}.Encode()})
	one := s.do("start for an array of one", request{path: "/self-service/registration/api"}).text("id")
	s.do("form with an array of one", request{method: post, path: path(one), form: url.Values{
		"traits.email": {"one@example.org"}, "traits.tags": {"only"}, "password": {goodPassword},
	}.Encode()})

	nested := s.do("start for nested traits", request{path: "/self-service/registration/api"}).text("id")
	s.do("nested traits", request{method: post, path: path(nested), json: `{"traits":{"email":"nested@example.org","name":{"first":"N"}},"password":"` + goodPassword + `"}`, differs: "nested traits"})
	array := s.do("start for an array in JSON", request{path: "/self-service/registration/api"}).text("id")
	s.do("array in JSON", request{method: post, path: path(array), json: `{"traits.email":"array@example.org","traits.tags":["a","b"],"password":"` + goodPassword + `"}`, differs: "arrays"})
	broken := s.do("start for what is malformed", request{path: "/self-service/registration/api"}).text("id")
	s.do("malformed JSON", request{method: post, path: path(broken), json: `{"traits.email":`, differs: "unreadable body"})
	s.do("not an object", request{method: post, path: path(broken), json: `[1]`, differs: "unreadable body"})
	s.do("empty body", request{method: post, path: path(broken), contentType: "application/json", differs: "empty form"})
	s.do("wrong content type", request{method: post, path: path(broken), json: `{}`, contentType: "text/plain", differs: "unreadable body"})
	s.do("null", request{method: post, path: path(broken), json: `{"traits.email":null,"password":null}`})

	s.do("unknown flow", request{method: post, path: path(unknownID), json: `{}`})
	s.do("malformed flow", request{method: post, path: path("not-an-id"), json: `{}`})
	s.do("no flow", request{method: post, path: "/self-service/registration/methods/password", json: `{}`, differs: "missing id"})
	s.do("fetch unknown", request{path: "/self-service/registration/flows?id=" + unknownID})
	s.do("fetch malformed", request{path: "/self-service/registration/flows?id=%20%2F%C3%A9"})
}

func apiLogin(s *side) {
	token := s.register("login@example.org")
	path := func(flow string) string { return "/self-service/login/methods/password?flow=" + flow }
	flow := s.do("start", request{path: "/self-service/login/api"}).text("id")
	s.do("fetch", request{path: "/self-service/login/flows?id=" + flow})
	s.do("wrong password", request{method: post, path: path(flow), json: `{"identifier":"login@example.org","password":"nope"}`})
	s.do("fetch after a mistake", request{path: "/self-service/login/flows?id=" + flow})
	s.do("no password", request{method: post, path: path(flow), json: `{"identifier":"login@example.org"}`})
	s.do("nothing", request{method: post, path: path(flow), json: `{}`})
	s.do("empty password", request{method: post, path: path(flow), json: `{"identifier":"login@example.org","password":""}`, differs: "empty form"})
	s.do("malformed JSON", request{method: post, path: path(flow), json: `{"identifier"`, differs: "unreadable body"})
	s.do("wrong type", request{method: post, path: path(flow), json: `{"identifier":5,"password":"x"}`, differs: "unreadable body"})
	s.do("empty body", request{method: post, path: path(flow), contentType: "application/json", differs: "empty form"})
	s.do("wrong content type", request{method: post, path: path(flow), json: `{}`, contentType: "text/plain", differs: "unreadable body"})
	s.do("with a cookie", request{method: post, path: path(flow), json: `{"identifier":"login@example.org","password":"` + goodPassword + `"}`, header: map[string]string{"Cookie": "csrf_token=abc"}, differs: "cookies of API flows"})
	s.do("unknown account", request{method: post, path: path(flow), json: `{"identifier":"nobody@example.org","password":"nope"}`})
	s.do("unknown field", request{method: post, path: path(flow), json: `{"identifier":"login@example.org","password":"` + goodPassword + `","x":1}`})
	s.do("as a form", request{method: post, path: path(flow), form: "identifier=login%40example.org&password=" + goodPassword})
	s.do("unknown flow", request{method: post, path: path(unknownID), json: `{}`})
	s.do("malformed flow", request{method: post, path: path("x"), json: `{}`})
	s.do("fetch unknown", request{path: "/self-service/login/flows?id=" + unknownID})
	s.do("session already there", request{path: "/self-service/login/api", header: bearer(token)})
	s.do("registration with a session", request{path: "/self-service/registration/api", header: bearer(token)})
	s.do("recovery with a session", request{path: "/self-service/recovery/api", header: bearer(token)})
	again := s.do("refresh", request{path: "/self-service/login/api?refresh=true", header: bearer(token)}).text("id")
	s.do("log in again", request{method: post, path: path(again), json: `{"identifier":"login@example.org","password":"` + goodPassword + `"}`, header: bearer(token)})
	s.do("refresh that is not true", request{path: "/self-service/login/api?refresh=1", header: bearer(token)})
}

func apiSettings(s *side) {
	token := s.register("settings@example.org")
	other := s.register("other@example.org")
	password := func(flow string) string { return "/self-service/settings/methods/password?flow=" + flow }
	profile := func(flow string) string { return "/self-service/settings/methods/profile?flow=" + flow }
	flow := s.do("start", request{path: "/self-service/settings/api", header: bearer(token)}).text("id")
	s.do("fetch", request{path: "/self-service/settings/flows?id=" + flow, header: bearer(token)})
	s.do("start without a session", request{path: "/self-service/settings/api", header: asJSON()})
	s.do("fetch without a session", request{path: "/self-service/settings/flows?id=" + flow, header: asJSON()})
	s.do("fetch somebody else's", request{path: "/self-service/settings/flows?id=" + flow, header: bearer(other)})
	s.do("fetch unknown", request{path: "/self-service/settings/flows?id=" + unknownID, header: bearer(token)})
	s.do("profile", request{method: post, path: profile(flow), json: `{"traits.email":"settings@example.org","traits.name.first":"Countess","traits.age":37}`, header: bearer(token)})
	s.do("profile of somebody else", request{method: post, path: profile(flow), json: `{"traits.email":"other@example.org"}`, header: bearer(other)})
	own := s.do("start another's", request{path: "/self-service/settings/api", header: bearer(other)}).text("id")
	s.do("profile with another's e-mail", request{method: post, path: profile(own), json: `{"traits.email":"settings@example.org"}`, header: bearer(other), differs: "conflict"})
	s.do("profile, invalid", request{method: post, path: profile(flow), json: `{"traits.email":"nobody"}`, header: bearer(token)})
	s.do("profile, as a form", request{method: post, path: profile(flow), form: "traits.email=settings%40example.org&traits.tags=x&traits.tags=y", header: bearer(token)})
	s.do("profile without a session", request{method: post, path: profile(flow), json: `{"traits.email":"x@example.org"}`})
	s.do("password", request{method: post, path: password(flow), json: `{"password":"Grace-counts-to-1906"}`, header: bearer(token)})
	s.do("weak password", request{method: post, path: password(flow), json: `{"password":"abc"}`, header: bearer(token)})
	s.do("no password", request{method: post, path: password(flow), json: `{}`, header: bearer(token)})
	s.do("password without a session", request{method: post, path: password(flow), json: `{"password":"Grace-counts-to-1906"}`})
	s.do("password, unknown flow", request{method: post, path: password(unknownID), json: `{"password":"Grace-counts-to-1906"}`, header: bearer(token)})
	s.do("password, malformed flow", request{method: post, path: password("x"), json: `{"password":"Grace-counts-to-1906"}`, header: bearer(token)})
}

func sessions(s *side) {
	token := s.register("whoami@example.org")
	s.do("bearer", request{path: "/sessions/whoami", header: bearer(token)})
	s.do("session token", request{path: "/sessions/whoami", header: map[string]string{"X-Session-Token": token}})
	s.do("bearer in lower case", request{path: "/sessions/whoami", header: map[string]string{"Authorization": "bearer " + token}})
	s.do("bearer hides the session token", request{path: "/sessions/whoami", header: map[string]string{"Authorization": "Bearer nope", "X-Session-Token": token}})
	s.do("basic does not", request{path: "/sessions/whoami", header: map[string]string{"Authorization": "Basic bm9wZQ==", "X-Session-Token": token}})
	s.do("none", request{path: "/sessions/whoami"})
	s.do("wrong", request{path: "/sessions/whoami", header: bearer("nope")})
	s.do("with a request id", request{path: "/sessions/whoami", header: map[string]string{"X-Request-Id": "request-1"}})
	s.do("by HEAD", request{method: http.MethodHead, path: "/sessions/whoami", header: bearer(token)})
	s.do("revoke", request{method: del, path: "/sessions", json: `{"session_token":"` + token + `"}`})
	s.do("after", request{path: "/sessions/whoami", header: bearer(token)})
	s.do("revoke again", request{method: del, path: "/sessions", json: `{"session_token":"` + token + `"}`})
	s.do("revoke without a token", request{method: del, path: "/sessions", json: `{}`, differs: "missing id"})
	s.do("revoke, malformed", request{method: del, path: "/sessions", json: `{`, differs: "unreadable body"})
	s.do("by POST", request{method: post, path: "/sessions/whoami", header: bearer(token)})
	s.do("revoke, unknown", request{method: del, path: "/sessions", json: `{"session_token":"nope"}`})
}

func expiry(s *side) {
	token := s.register("expiry@example.org")
	login := s.do("start a login", request{path: "/self-service/login/api"}).text("id")
	registration := s.do("start a registration", request{path: "/self-service/registration/api"}).text("id")
	settings := s.do("start settings", request{path: "/self-service/settings/api", header: bearer(token)}).text("id")
	recovery := s.do("start a recovery", request{path: "/self-service/recovery/api"}).text("id")
	verification := s.do("start a verification", request{path: "/self-service/verification/api"}).text("id")
	s.openBrowser()
	browserLogin := s.do("start a browser login", request{path: "/self-service/login/browser"}).flow()
	csrf := s.do("fetch it", request{path: "/self-service/login/flows?id=" + browserLogin}).csrf("password")
	browser := s.jar
	s.closeBrowser()
	time.Sleep(1500 * time.Millisecond)

	s.do("fetch login", request{path: "/self-service/login/flows?id=" + login})
	s.do("fetch registration", request{path: "/self-service/registration/flows?id=" + registration})
	s.do("fetch settings", request{path: "/self-service/settings/flows?id=" + settings, header: bearer(token)})
	s.do("fetch recovery", request{path: "/self-service/recovery/flows?id=" + recovery})
	s.do("fetch verification", request{path: "/self-service/verification/flows?id=" + verification})
	s.do("complete login", request{method: post, path: "/self-service/login/methods/password?flow=" + login, json: `{"identifier":"expiry@example.org","password":"x"}`})
	s.do("complete registration", request{method: post, path: "/self-service/registration/methods/password?flow=" + registration, json: `{}`})
	s.do("complete settings", request{method: post, path: "/self-service/settings/methods/profile?flow=" + settings, json: `{"traits.email":"expiry@example.org"}`, header: bearer(token)})
	s.jar = browser
	s.do("complete browser login", request{method: post, path: "/self-service/login/methods/password?flow=" + browserLogin, form: url.Values{"csrf_token": {csrf}, "identifier": {"x"}, "password": {"y"}}.Encode()})
	s.do("fetch browser login", request{path: "/self-service/login/flows?id=" + browserLogin})
}

func privileged(s *side) {
	token := s.register("old@example.org")
	flow := s.do("start", request{path: "/self-service/settings/api", header: bearer(token)}).text("id")
	s.do("password", request{method: post, path: "/self-service/settings/methods/password?flow=" + flow, json: `{"password":"Grace-counts-to-1906"}`, header: bearer(token)})
	s.do("e-mail", request{method: post, path: "/self-service/settings/methods/profile?flow=" + flow, json: `{"traits.email":"new@example.org"}`, header: bearer(token)})
	s.do("name", request{method: post, path: "/self-service/settings/methods/profile?flow=" + flow, json: `{"traits.email":"old@example.org","traits.name.first":"B"}`, header: bearer(token)})

	s.openBrowser()
	s.logIn("old@example.org")
	settings, csrf := s.startSettings("password")
	s.do("browser password", request{method: post, path: "/self-service/settings/methods/password?flow=" + settings, form: url.Values{"csrf_token": {csrf}, "password": {"Grace-counts-to-1906"}}.Encode()})
	s.do("browser goes on", request{path: "/self-service/settings/methods/password?flow=" + settings})
}
