package kratosreplay_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratosreplay"
)

// watched is a test that may fail without consequence.
type watched struct {
	failures []string
	cleanups []func()
}

func (*watched) Helper() {}

func (w *watched) Cleanup(f func()) { w.cleanups = append(w.cleanups, f) }

func (w *watched) Errorf(format string, args ...any) {
	w.failures = append(w.failures, fmt.Sprintf(format, args...))
}

// end ends the test that is watched.
func (w *watched) end() {
	for _, f := range slices.Backward(w.cleanups) {
		f()
	}
}

// login is a request that has all that counts.
var login = kratosreplay.Exchange{
	Name: "log in",
	Request: kratosreplay.Request{
		Line: "POST /self-service/login?flow=1&aal=aal2",
		Header: kratosreplay.Header{
			"Accept: application/json, text/plain, */*", "Content-Type: application/json", "X-Session-Token: token", "Cookie: a=1; b=2==",
		},
		Body: kratosreplay.Body{JSON: []byte(`{"method": "password", "identifier": "ada", "n": 1}`)},
	},
	Response: kratosreplay.Response{
		Status: http.StatusBadRequest,
		Header: kratosreplay.Header{"Content-Type: application/json; charset=utf-8", "Set-Cookie: a=1; Path=/", "Set-Cookie: b=2"},
		Body:   kratosreplay.Body{JSON: []byte(`{ "id": "1" }`)},
	},
}

// form is one of a browser.
var form = kratosreplay.Exchange{
	Name: "change the profile",
	Request: kratosreplay.Request{
		Line:   "POST /self-service/browser/flows/profile/update?request=1",
		Header: kratosreplay.Header{"Accept: text/html,application/xhtml+xml,*/*;q=0.8", "Content-Type: application/x-www-form-urlencoded"},
		Body:   kratosreplay.Body{Form: []string{"csrf_token=a+b/c==", "traits.tags=one", "traits.tags=two"}},
	},
	Response: kratosreplay.Response{
		Status: http.StatusFound,
		Header: kratosreplay.Header{"Location: http://127.0.0.1:4455/profile?request=1"},
	},
}

// sent is a request that a test sends, by default the one that was recorded.
type sent struct {
	method, target, body string
	header               map[string]string
}

func loginAsSent() sent {
	return sent{
		method: http.MethodPost, target: "/self-service/login?flow=1&aal=aal2",
		header: map[string]string{
			"Accept": "application/json", "Content-Type": "application/json", "X-Session-Token": "token", "Cookie": "a=1; b=2==",
		},
		body: `{"method": "password", "identifier": "ada", "n": 1}`,
	}
}

func formAsSent() sent {
	return sent{
		method: http.MethodPost, target: "/self-service/browser/flows/profile/update?request=1",
		header: map[string]string{"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"},
		body:   "csrf_token=a%2Bb%2Fc%3D%3D&traits.tags=one&traits.tags=two",
	}
}

func send(t *testing.T, base string, s sent) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), s.method, base+s.target, strings.NewReader(s.body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range s.header {
		req.Header.Set(name, value)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestAnswersAsRecorded(t *testing.T) {
	t.Parallel()
	s := kratosreplay.StartT(t, kratosreplay.Options{Exchanges: []kratosreplay.Exchange{login, form}})
	res, body := send(t, s.URL, formAsSent())
	if res.StatusCode != http.StatusFound || res.Header.Get("Location") != "http://127.0.0.1:4455/profile?request=1" || body != "" {
		t.Errorf("got %d %v %q", res.StatusCode, res.Header, body)
	}
	if kind, ok := res.Header["Content-Type"]; ok {
		t.Errorf("there is a content type, %q", kind)
	}
	res, body = send(t, s.URL, loginAsSent())
	if res.StatusCode != http.StatusBadRequest || body != `{"id":"1"}` || len(res.Header.Values("Set-Cookie")) != 2 ||
		res.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("got %d %v %q", res.StatusCode, res.Header, body)
	}
	if res, _ := send(t, s.URL, sent{method: http.MethodGet, target: "/health/ready"}); res.StatusCode != http.StatusOK {
		t.Errorf("it is not ready: %d", res.StatusCode)
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		as     func() sent
		change func(*sent)
		// blames is what the failure names; empty if there is to be none.
		blames string
	}{
		"as recorded":                {loginAsSent, func(*sent) {}, ""},
		"another client's headers":   {loginAsSent, func(s *sent) { s.header["User-Agent"] = "kratosgrpc" }, ""},
		"order of the query":         {loginAsSent, func(s *sent) { s.target = "/self-service/login?aal=aal2&flow=%31" }, ""},
		"a parameter of the type":    {loginAsSent, func(s *sent) { s.header["Content-Type"] = "application/json; charset=utf-8" }, ""},
		"order of the cookies":       {loginAsSent, func(s *sent) { s.header["Cookie"] = "b=2==; a=1" }, ""},
		"order of the members":       {loginAsSent, func(s *sent) { s.body = `{"n":1.0,"method":"password","identifier":"\u0061da"}` }, ""},
		"accepts JSON in other ways": {loginAsSent, func(s *sent) { s.header["Accept"] = "text/html;q=0.5, application/json" }, ""},
		"order of a form's fields":   {formAsSent, func(s *sent) { s.body = "traits.tags=one&traits.tags=two&csrf_token=a%2bb/c==" }, ""},
		"a form":                     {formAsSent, func(*sent) {}, ""},

		"method":             {loginAsSent, func(s *sent) { s.method = http.MethodPut }, "PUT /self-service/login?flow=1&aal=aal2 is not recorded"},
		"path":               {loginAsSent, func(s *sent) { s.target = "/self-service/logout?flow=1&aal=aal2" }, "/self-service/logout?flow=1&aal=aal2 is not recorded"},
		"escaped path":       {loginAsSent, func(s *sent) { s.target = "/self-service%2Flogin?flow=1&aal=aal2" }, "is not recorded"},
		"value in the query": {loginAsSent, func(s *sent) { s.target = "/self-service/login?flow=2&aal=aal2" }, "the query"},
		"less in the query":  {loginAsSent, func(s *sent) { s.target = "/self-service/login?flow=1" }, "the query"},
		"more in the query":  {loginAsSent, func(s *sent) { s.target += "&refresh=" }, "the query"},
		"no credential":      {loginAsSent, func(s *sent) { delete(s.header, "X-Session-Token") }, "X-Session-Token"},
		"other credential":   {loginAsSent, func(s *sent) { s.header["X-Session-Token"] = "Token" }, "X-Session-Token"},
		"one more credential": {
			loginAsSent, func(s *sent) { s.header["Authorization"] = "Bearer token" }, "Authorization",
		},
		"other kind of credential": {
			loginAsSent, func(s *sent) { delete(s.header, "X-Session-Token"); s.header["Authorization"] = "Bearer token" }, "Authorization",
		},
		"a request's id": {loginAsSent, func(s *sent) { s.header["X-Request-Id"] = "1" }, "X-Request-Id"},
		"an anti-CSRF token": {
			formAsSent, func(s *sent) { s.header["X-CSRF-Token"] = "1" }, "X-Csrf-Token",
		},
		"no cookies":           {loginAsSent, func(s *sent) { delete(s.header, "Cookie") }, "Cookie"},
		"one cookie less":      {loginAsSent, func(s *sent) { s.header["Cookie"] = "a=1" }, "Cookie"},
		"one cookie more":      {loginAsSent, func(s *sent) { s.header["Cookie"] += "; c=3" }, "Cookie"},
		"other cookie's value": {loginAsSent, func(s *sent) { s.header["Cookie"] = "a=1; b=2=" }, "Cookie"},
		"order of cookies of one name": {
			loginAsSent, func(s *sent) { s.header["Cookie"] = "a=1; b=2==; a=2" }, "Cookie",
		},
		"wishes for HTML": {formAsSent, func(s *sent) { s.header["Accept"] = "application/json" }, "what is wished for"},
		"wishes for JSON": {
			loginAsSent,
			func(s *sent) {
				s.header["Accept"], s.header["Content-Type"] = "text/html, application/json;q=0.9", "application/json;charset=utf-8"
			},
			"what is wished for",
		},
		"wishes for anything": {formAsSent, func(s *sent) { s.header["Accept"] = "*/*" }, "what is wished for"},
		"wishes for nothing":  {formAsSent, func(s *sent) { delete(s.header, "Accept") }, "what is wished for"},
		"the body's type":     {formAsSent, func(s *sent) { s.header["Content-Type"] = "text/plain" }, "the body's media type"},
		"a form as JSON": {
			formAsSent, func(s *sent) { s.header["Content-Type"] = "application/json; charset=utf-8" }, "the body's media type",
		},
		"no body":                  {loginAsSent, func(s *sent) { s.body = "" }, "the body"},
		"a value in the body":      {loginAsSent, func(s *sent) { s.body = `{"method":"password","identifier":"ada","n":2}` }, "the body"},
		"a type in the body":       {loginAsSent, func(s *sent) { s.body = `{"method":"password","identifier":"ada","n":"1"}` }, "the body"},
		"less in the body":         {loginAsSent, func(s *sent) { s.body = `{"method":"password","identifier":"ada"}` }, "the body"},
		"more in the body":         {loginAsSent, func(s *sent) { s.body = `{"method":"password","identifier":"ada","n":1,"csrf_token":""}` }, "the body"},
		"a body that is broken":    {loginAsSent, func(s *sent) { s.body = s.body[1:] }, "the body"},
		"order of values in forms": {formAsSent, func(s *sent) { s.body = "csrf_token=a%2Bb/c==&traits.tags=two&traits.tags=one" }, "the body"},
		"less in a form":           {formAsSent, func(s *sent) { s.body = "csrf_token=a%2Bb/c==&traits.tags=one" }, "the body"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var w watched
			s := kratosreplay.StartT(&w, kratosreplay.Options{Exchanges: []kratosreplay.Exchange{login, form}, AllowUnused: true})
			request := c.as()
			c.change(&request)
			res, _ := send(t, s.URL, request)
			w.end()
			answered := res.StatusCode != http.StatusNotImplemented
			if c.blames == "" {
				if len(w.failures) > 0 || !answered {
					t.Errorf("it is not the same: %d, %v", res.StatusCode, w.failures)
				}
				return
			}
			if len(w.failures) != 1 || !strings.Contains(w.failures[0], c.blames) || answered {
				t.Errorf("got %d and %q, not a failure that names %q", res.StatusCode, w.failures, c.blames)
			}
		})
	}
}

func TestEachOnce(t *testing.T) {
	t.Parallel()
	again := login
	again.Name, again.Response.Status = "log in again", http.StatusOK
	var w watched
	s := kratosreplay.StartT(&w, kratosreplay.Options{Exchanges: []kratosreplay.Exchange{login, again}})
	for _, want := range []int{http.StatusBadRequest, http.StatusOK, http.StatusNotImplemented} {
		if res, _ := send(t, s.URL, loginAsSent()); res.StatusCode != want {
			t.Errorf("the status is %d, want %d", res.StatusCode, want)
		}
	}
	w.end()
	if len(w.failures) != 1 || !strings.Contains(w.failures[0], "log in again: was answered already") {
		t.Errorf("the failures are %q", w.failures)
	}
}

func TestUnused(t *testing.T) {
	t.Parallel()
	for _, allowed := range []bool{false, true} {
		var w watched
		s := kratosreplay.StartT(&w, kratosreplay.Options{Exchanges: []kratosreplay.Exchange{login, form}, AllowUnused: allowed})
		send(t, s.URL, loginAsSent())
		w.end()
		switch {
		case allowed && len(w.failures) > 0:
			t.Errorf("there are failures, %q", w.failures)
		case !allowed && (len(w.failures) != 1 || !strings.Contains(w.failures[0], form.Name)):
			t.Errorf("the failures are %q", w.failures)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	twice := kratosreplay.Exchange{
		Name:    "fetch an unknown request",
		Request: kratosreplay.Request{Line: "GET /self-service/browser/flows/requests/login?request=%zz"},
		Response: kratosreplay.Response{
			Status: http.StatusForbidden, Header: kratosreplay.Header{"Content-Type: application/json"},
			Body: kratosreplay.Body{Text: "{\"error\":{\"code\":403}}\n{\"error\":{\"code\":403}}\n"},
		},
	}
	s := kratosreplay.StartT(t, kratosreplay.Options{Exchanges: []kratosreplay.Exchange{twice}})
	if _, body := send(t, s.URL, sent{method: http.MethodGet, target: "/self-service/browser/flows/requests/login?request=%zz"}); body != twice.Response.Text {
		t.Errorf("got %q", body)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	const good = `{"kratos": "v1", "api": "v1", "about": "", "exchanges": [{"name": "n",
		"request": {"line": "GET /", "header": ["Accept: text/html"]},
		"response": {"status": 200, "header": ["Vary: Cookie", "Ory-Error-Id:"], "json": null}}]}`
	r, err := kratosreplay.Read(strings.NewReader(good))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(r.Exchanges[0].Response.Bytes()); got != "null" {
		t.Errorf("the body is %q", got)
	}
	for name, change := range map[string][2]string{
		"unknown member":                  {`"about": ""`, `"about": "", "date": ""`},
		"unknown member, inside":          {`"line"`, `"date": "", "line"`},
		"no release":                      {`"kratos": "v1"`, `"kratos": ""`},
		"no generation":                   {`"api": "v1"`, `"api": ""`},
		"no name":                         {`"name": "n"`, `"name": ""`},
		"no path":                         {`GET /`, `GET`},
		"no method":                       {`GET /`, ` /`},
		"a host":                          {`GET /`, `GET http://kratos/`},
		"a header that no rule compares":  {`Accept: text/html`, `User-Agent: axios`},
		"a header that is none":           {`Accept: text/html`, `Accept`},
		"a header spelled in its own way": {`Vary: Cookie`, `vary: Cookie`},
		"a header of the server's":        {`Vary: Cookie`, `Content-Length: 3`},
		"no status":                       {`200`, `0`},
		"two bodies":                      {`"json": null`, `"json": null, "text": "a"`},
		"a form without a value":          {`"line"`, `"form": ["a"], "line"`},
		"something after it":              {`"json": null}}]}`, `"json": null}}]} {}`},
		"broken":                          {`"json": null}}]}`, `"json": null}}]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := strings.Replace(good, change[0], change[1], 1)
			if _, err := kratosreplay.Read(strings.NewReader(bad)); bad == good || err == nil {
				t.Errorf("it was read: %s", bad)
			}
		})
	}
}

func TestRecordings(t *testing.T) {
	t.Parallel()
	recordings, err := kratosreplay.Recordings(kratosreplay.V262)
	if err != nil {
		t.Fatal(err)
	}
	exchanges := 0
	for _, r := range recordings {
		exchanges += len(r.Exchanges)
	}
	if exchanges != 55 {
		t.Errorf("there are %d exchanges", exchanges)
	}
	if _, err := kratosreplay.Recordings("v0.0"); err == nil {
		t.Error("there are recordings of no release")
	}
}
