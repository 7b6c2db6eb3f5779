package server_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
)

// fixture prepares a case and keeps what its checks need. It asks the server under test, over gRPC.
type fixture struct {
	t     *testing.T
	world *runningWorld
	own   *grpcClient

	account account
	browser *browser
	// flow is the flow that the case is about.
	flow string
}

// account is somebody who is registered and logged in.
type account struct {
	email, password, token, identity string
}

const password = "a-Long-enough-passphrase"

func newEmail() string { return strings.ToLower(rand.Text()) + "@example.org" }

// service is the full name of a method of the contract: service("Login", "GetLoginFlow").
func service(kind, name string) string { return "/kratosgrpc.v1." + kind + "Service/" + name }

// must makes a call that has to succeed, of a message in JSON.
func (f *fixture) must(rpc string, message map[string]any, c caller) reply {
	f.t.Helper()
	r := f.own.do(f.t, call{rpc: rpc, message: requestOf(f.t, rpc, message), caller: c})
	if r.failure.Code() != codes.OK {
		f.t.Fatalf("%s: %v", rpc, r.failure)
	}
	return r
}

func jsonText(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// start starts a flow of an API client, and returns its id.
func (f *fixture) start(kind string, c caller) string {
	f.t.Helper()
	f.flow = f.must(service(kind, "Initialize"+kind+"ViaApiFlow"), nil, c).text("id")
	return f.flow
}

// register registers a new account, which is logged in then.
func (f *fixture) register() account {
	f.t.Helper()
	email := newEmail()
	r := f.must(service("Registration", "CompleteRegistrationFlowWithPasswordMethod"), map[string]any{
		"flow":    f.start("Registration", caller{}),
		"payload": map[string]any{"traits": map[string]any{"email": email}, "password": password},
	}, caller{})
	f.account = account{email: email, password: password, token: r.text("session_token"), identity: r.text("identity.id")}
	if f.account.token == "" {
		f.t.Fatalf("the registration of %s yields no session: %v", email, r.body)
	}
	return f.account
}

// session is a caller with the session of a new account.
func (f *fixture) session() caller {
	f.t.Helper()
	return caller{sessionToken: f.register().token}
}

// browser keeps cookies, as browsers do.
type browser struct {
	f       *fixture
	cookies map[string]string
	// csrf is the anti-CSRF token of the form that was fetched last.
	csrf string
}

// open opens a browser.
func (f *fixture) open() *browser {
	f.browser = &browser{f: f, cookies: map[string]string{}}
	return f.browser
}

// take does with an answer's cookies what they say.
func (b *browser) take(r reply) {
	b.f.t.Helper()
	for _, value := range r.cookies {
		cookie, err := http.ParseSetCookie(value)
		if err != nil {
			b.f.t.Fatal(err)
		}
		if cookie.MaxAge < 0 {
			delete(b.cookies, cookie.Name)
		} else {
			b.cookies[cookie.Name] = cookie.Value
		}
	}
}

func (b *browser) caller() caller {
	var pairs []string
	for name, value := range b.cookies {
		pairs = append(pairs, name+"="+value)
	}
	slices.Sort(pairs)
	return caller{cookies: pairs, html: true}
}

// start starts a flow, fetches it and remembers the anti-CSRF token. The form is the method's.
func (b *browser) start(kind, method string) (flow string) {
	b.f.t.Helper()
	r := b.f.must(service(kind, "Initialize"+kind+"ViaBrowserFlow"), nil, b.caller())
	b.take(r)
	b.f.flow = flowIn(b.f.t, r.location)
	return b.fetch(kind, method, b.f.flow)
}

// fetch fetches a flow to show the method's form.
func (b *browser) fetch(kind, method, flow string) string {
	b.f.t.Helper()
	r := b.f.must(service(kind, "Get"+kind+"Flow"), map[string]any{"id": flow}, b.caller())
	b.take(r)
	b.csrf, _ = r.field(method, "csrf_token")["value"].(string)
	if b.csrf == "" {
		b.f.t.Fatalf("the form has no anti-CSRF token: %v", r.body)
	}
	return flow
}

// csrfCookie is the value of the anti-CSRF cookie, whose name ends in a hash in 1.x.
func (b *browser) csrfCookie() string {
	for name, value := range b.cookies {
		if strings.HasPrefix(name, "csrf_token") {
			return value
		}
	}
	return ""
}

// logIn logs in with a new account.
func (b *browser) logIn() *browser {
	b.f.t.Helper()
	return b.logInAs(b.f.register())
}

func (b *browser) logInAs(a account) *browser {
	b.f.t.Helper()
	flow := b.start("Login", "password")
	b.take(b.f.must(service("Login", "CompleteLoginFlowWithPasswordMethod"), map[string]any{
		"flow":    flow,
		"payload": map[string]any{"identifier": a.email, "password": a.password, "csrf_token": b.csrf},
	}, b.caller()))
	if b.cookies["ory_kratos_session"] == "" {
		b.f.t.Fatal("the login yields no session cookie")
	}
	return b
}

// flowIn is the flow that a location shows.
func flowIn(t *testing.T, location string) string {
	t.Helper()
	flow := queryOf(t, location).Get("flow")
	if flow == "" {
		t.Fatalf("no flow in %q", location)
	}
	return flow
}

func queryOf(t *testing.T, location string) url.Values {
	t.Helper()
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// recoveryLink has Kratos make a recovery link for the account, as an administrator, and returns what a request needs to
// open it: its token, and in 1.x the flow that it is for.
func (f *fixture) recoveryLink() map[string]any {
	f.t.Helper()
	body := jsonText(f.t, map[string]string{"identity_id": f.account.identity})
	url := f.world.kratos.AdminURL + "/recovery/link"
	if f.world.version == kratostest.V13 {
		url = f.world.kratos.AdminURL + "/admin/recovery/link"
	}
	req, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, url, bytes.NewBufferString(body))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := f.world.server.http.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	link, _ := decodeObject(f.t, data)["recovery_link"].(string)
	query := queryOf(f.t, link)
	if query.Get("token") == "" {
		f.t.Fatalf("no recovery link: %s", data)
	}
	opened := map[string]any{"token": query.Get("token")}
	if query.Has("flow") {
		opened["flow"] = query.Get("flow")
	}
	return opened
}
