package kratostest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// eachVersion runs a test once for every Kratos.
func eachVersion(t *testing.T, test func(t *testing.T, version Version)) {
	t.Helper()
	t.Parallel()
	for version := range releases {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			test(t, version)
		})
	}
}

func TestConcurrentUse(t *testing.T) {
	eachVersion(t, testConcurrentUse)
}

func testConcurrentUse(t *testing.T, version Version) {
	k := StartT(t, Options{Version: version, SMTPURL: NewMailboxT(t).URL})

	var wait sync.WaitGroup
	for i := range 50 {
		wait.Go(func() {
			email := fmt.Sprintf("user%d@example.org", i)
			for _, session := range []string{register(t, k, email), login(t, k, email)} {
				if status := whoami(t, k, session); status != http.StatusOK {
					t.Errorf("a new session has status %d, want 200", status)
				}
			}
		})
	}
	wait.Wait()
}

func TestServersShareNothing(t *testing.T) {
	eachVersion(t, testServersShareNothing)
}

func testServersShareNothing(t *testing.T, version Version) {
	var servers [2]*Kratos
	var wait sync.WaitGroup
	for i := range servers {
		wait.Go(func() {
			k, err := Start(t.Context(), Options{Version: version})
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { _ = k.Stop() })
			servers[i] = k
		})
	}
	wait.Wait()
	if t.Failed() {
		return
	}

	// An address can be registered only once per database.
	first := register(t, servers[0], "same@example.org")
	register(t, servers[1], "same@example.org")
	if status := whoami(t, servers[1], first); status != http.StatusUnauthorized {
		t.Errorf("a session of one server has status %d on the other, want 401", status)
	}
}

func TestKillAndRestart(t *testing.T) {
	eachVersion(t, testKillAndRestart)
}

func testKillAndRestart(t *testing.T, version Version) {
	k := StartT(t, Options{Version: version})
	session := register(t, k, "survivor@example.org")
	url := k.PublicURL

	k.Kill()
	k.Kill() // harmless
	if res, err := http.Get(url + "/health/alive"); err == nil {
		res.Body.Close()
		t.Fatal("a killed server still answers")
	}

	for range 2 { // once from dead, once from running
		if err := k.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if k.PublicURL != url {
			t.Errorf("restarted on %s, want %s", k.PublicURL, url)
		}
		if status := whoami(t, k, session); status != http.StatusOK {
			t.Errorf("after a restart the session has status %d, want 200", status)
		}
	}
}

func TestStop(t *testing.T) {
	eachVersion(t, testStop)
}

func testStop(t *testing.T, version Version) {
	k, err := Start(t.Context(), Options{Version: version})
	if err != nil {
		t.Fatal(err)
	}

	for range 2 {
		if err := k.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(k.dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", k.dir, err)
	}
	listener, err := net.Listen("tcp", strings.TrimPrefix(k.PublicURL, "http://"))
	if err != nil {
		t.Fatalf("the port is not free: %v", err)
	}
	listener.Close()
	if !strings.Contains(k.Logs(), "shutdown gracefully") {
		t.Errorf("the server did not end in good order:\n%s", k.Logs())
	}
}

func TestStartReportsWhatKratosSays(t *testing.T) {
	eachVersion(t, testStartReportsWhatKratosSays)
}

func testStartReportsWhatKratosSays(t *testing.T, version Version) {
	_, err := Start(t.Context(), Options{Version: version, ExtraConfig: func(config map[string]any) {
		config["identity"] = map[string]any{}
	}})
	if err == nil || !strings.Contains(err.Error(), "identity") || !strings.Contains(err.Error(), "missing") {
		t.Errorf("got %v, want Kratos's own complaint", err)
	}
}

func TestOptions(t *testing.T) {
	eachVersion(t, testOptions)
}

func testOptions(t *testing.T, version Version) {
	t.Run("address", func(t *testing.T) {
		t.Parallel()
		free, err := parseAddress("")
		if err != nil {
			t.Fatal(err)
		}
		k := StartT(t, Options{Version: version, PublicAddr: free.String(), PublicBaseURL: "http://auth.example.org/"})
		if k.PublicURL != free.url() {
			t.Errorf("listens on %s, want %s", k.PublicURL, free.url())
		}
		if got := action(t, k, "login"); !strings.HasPrefix(got, "http://auth.example.org/self-service/") {
			t.Errorf("form action is %s, want one at the base URL", got)
		}
	})

	t.Run("lifespan", func(t *testing.T) {
		t.Parallel()
		k := StartT(t, Options{Version: version, FlowLifespan: time.Second})
		flow := initFlow(t, k, "login")
		time.Sleep(1100 * time.Millisecond)
		if status, body := call(t, http.MethodGet, k.PublicURL+"/self-service/login/flows?id="+flow["id"].(string), "", nil); status != http.StatusGone {
			t.Errorf("expired flow has status %d, want 410: %s", status, body)
		}
	})

	t.Run("production", func(t *testing.T) {
		t.Parallel()
		for _, production := range []bool{false, true} {
			k := StartT(t, Options{Version: version, Production: production})
			res := browse(t, nil, k.PublicURL+"/self-service/login/browser")
			for _, cookie := range res.Cookies() {
				if cookie.Secure != production {
					t.Errorf("production %t: cookie %s", production, cookie)
				}
			}
			if len(res.Cookies()) == 0 {
				t.Errorf("production %t: no cookie", production)
			}
		}
	})

	t.Run("breached passwords", func(t *testing.T) {
		t.Parallel()
		k := StartT(t, Options{Version: version, BreachedPasswords: []string{password}})
		status, body := submitRegistration(t, k, "leak@example.org")
		if status != http.StatusBadRequest || !strings.Contains(body, "data breaches") {
			t.Errorf("status %d, want 400 because of the breach: %s", status, body)
		}
	})

	t.Run("oidc", func(t *testing.T) {
		t.Parallel()
		k := StartT(t, Options{Version: version, OIDC: true})
		res := browse(t, nil, k.PublicURL+"/self-service/login/browser")
		page, err := res.Location()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(page.String(), "http://127.0.0.1:4455/auth/login?flow=") {
			t.Errorf("redirected to %s, want the login page", page)
		}

		res = browse(t, res.Cookies(), k.PublicURL+"/self-service/login/flows?id="+page.Query().Get("flow"))
		if flow, err := io.ReadAll(res.Body); err != nil || !strings.Contains(string(flow), `"second"`) {
			t.Errorf("no provider to choose (%v) in %s", err, flow)
		}
	})

	t.Run("codes", func(t *testing.T) {
		t.Parallel()
		if version == V05 {
			t.Skip("it has no codes")
		}
		for _, codes := range []bool{false, true} {
			k := StartT(t, Options{Version: version, MailCodes: codes, CodeLogin: codes})
			for kind, mailed := range map[string]string{"login": "", "recovery": "link", "verification": "link"} {
				if codes {
					mailed = "code"
				}
				var groups []string
				for _, node := range find(t, initFlow(t, k, kind), "ui", "nodes").([]any) {
					groups = append(groups, find(t, node, "group").(string))
				}
				if mailed != "" && !slices.Contains(groups, mailed) || !codes && slices.Contains(groups, "code") {
					t.Errorf("%s with codes=%t has nodes of %q, want %q among them", kind, codes, groups, mailed)
				}
			}
		}
	})

	t.Run("mail", func(t *testing.T) {
		t.Parallel()
		const email = "mailed@example.org"
		for _, codes := range []bool{false, true} {
			mailbox := NewMailboxT(t)
			k := StartT(t, Options{Version: version, SMTPURL: mailbox.URL, MailCodes: codes})
			register(t, k, email)
			for deadline := time.Now().Add(30 * time.Second); len(mailbox.Links(email)) == 0; time.Sleep(50 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("no mail to verify the address")
				}
			}
			if got, want := len(mailbox.Codes(email)) > 0, codes && version != V05; got != want {
				t.Errorf("with MailCodes=%t the mail has a code: %t, want %t", codes, got, want)
			}
		}
	})
}

const password = "a-Long-enough-passphrase"

// register creates an account with traits of every type and returns the token of
// its session.
func register(t *testing.T, k *Kratos, email string) (session string) {
	t.Helper()
	status, body := submitRegistration(t, k, email)
	if status != http.StatusOK {
		t.Errorf("registration of %s has status %d: %s", email, status, body)
		return ""
	}
	return sessionToken(t, body)
}

func submitRegistration(t *testing.T, k *Kratos, email string) (status int, body string) {
	t.Helper()
	payload := map[string]any{
		"method":   "password",
		"password": password,
		"traits": map[string]any{
			"email":      email,
			"name":       map[string]any{"first": "Ada"},
			"age":        36,
			"newsletter": true,
			"tags":       []string{"a", "b"},
		},
	}
	if k.options.Version == V05 {
		payload = map[string]any{
			"password":          password,
			"traits.email":      email,
			"traits.name.first": "Ada",
			"traits.age":        36,
			"traits.newsletter": true,
			"traits.tags":       []string{"a", "b"},
		}
	}
	return call(t, http.MethodPost, action(t, k, "registration"), "", payload)
}

// login returns the token of a new session.
func login(t *testing.T, k *Kratos, email string) (session string) {
	t.Helper()
	payload := map[string]any{"method": "password", "identifier": email, "password": password}
	status, body := call(t, http.MethodPost, action(t, k, "login"), "", payload)
	if status != http.StatusOK {
		t.Errorf("login of %s has status %d: %s", email, status, body)
	}
	return sessionToken(t, body)
}

func sessionToken(t *testing.T, body string) string {
	t.Helper()
	var answer struct {
		SessionToken string `json:"session_token"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.SessionToken == "" {
		t.Errorf("no session token (%v) in %s", err, body)
	}
	return answer.SessionToken
}

// action returns where the form of a new flow is sent.
func action(t *testing.T, k *Kratos, kind string) string {
	t.Helper()
	path := []string{"ui", "action"}
	if k.options.Version == V05 {
		path = []string{"methods", "password", "config", "action"}
	}
	return find(t, initFlow(t, k, kind), path...).(string)
}

// browse does what a browser does before it follows a redirect.
func browse(t *testing.T, cookies []*http.Cookie, url string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range cookies {
		req.AddCookie(cookie)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

func whoami(t *testing.T, k *Kratos, session string) (status int) {
	t.Helper()
	status, _ = call(t, http.MethodGet, k.PublicURL+"/sessions/whoami", session, nil)
	return status
}

func initFlow(t *testing.T, k *Kratos, kind string) map[string]any {
	t.Helper()
	status, body := call(t, http.MethodGet, k.PublicURL+"/self-service/"+kind+"/api", "", nil)
	var flow map[string]any
	if err := json.Unmarshal([]byte(body), &flow); err != nil || status != http.StatusOK {
		t.Fatalf("%s flow: status %d, %v: %s", kind, status, err, body)
	}
	return flow
}

func call(t *testing.T, method, url, session string, payload any) (status int, body string) {
	t.Helper()
	encoded, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if session != "" {
		req.Header.Set("Authorization", "Bearer "+session)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(data)
}

func find(t *testing.T, value any, path ...string) any {
	t.Helper()
	for _, key := range path {
		object, ok := value.(map[string]any)
		if !ok || object[key] == nil {
			t.Fatalf("no %s in %v", strings.Join(path, "."), value)
		}
		value = object[key]
	}
	return value
}
