package mesh

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
)

// mesh is what stands behind a proxy that asks kratosgrpc whose requests are theirs: an HTTP service, a gRPC service, and a
// real Kratos with people.
type mesh struct {
	kratos *kratostest.Kratos
	gate   *gate
	// grpcAddress and restAddress are where kratosgrpc listens, or will.
	grpcAddress, restAddress string
	kratosgrpc               *process

	web *webService
	api *apiService

	ada, tester *person
}

// loginURL is where browsers are sent. Nobody has to be there.
const loginURL = "https://id.example.org/login"

// startMesh starts all but the proxy. The flags are kratosgrpc's.
func startMesh(t testing.TB, flags ...string) *mesh {
	t.Helper()
	kratos := kratostest.StartT(t, kratostest.Options{Version: kratostest.V13})
	m := &mesh{
		kratos: kratos, gate: startGate(t, kratos.PublicURL), grpcAddress: freeAddress(t), restAddress: freeAddress(t),
		web: startWeb(t), api: startAPI(t),
	}
	m.ada = signUp(t, kratos.PublicURL, "ada@example.org", "staff")
	m.tester = signUp(t, kratos.PublicURL, "zoe@example.org")
	m.startKratosgrpc(t, flags...)
	return m
}

// startKratosgrpc starts the command as people run it.
func (m *mesh) startKratosgrpc(t testing.TB, flags ...string) {
	t.Helper()
	m.kratosgrpc = startReplica(t, m.gate.URL, m.grpcAddress, m.restAddress, flags...)
}

func startReplica(t testing.TB, upstream, grpcAddress, restAddress string, flags ...string) *process {
	t.Helper()
	binary, err := kratosgrpcBinary()
	if err != nil {
		t.Fatal(err)
	}
	flags = append([]string{"serve", "--upstream=" + upstream, "--upstream-api=v1", "--grpc-addr=" + grpcAddress, "--http-addr=" + restAddress}, flags...)
	replica := startProcess(t, binary, flags...)
	eventually(t, "kratosgrpc is ready", func() bool {
		res, err := http.Get("http://" + restAddress + "/readyz")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	return replica
}

// gate stands between kratosgrpc and Kratos, and has Kratos seem slow, or busy, when a test wants that.
type gate struct {
	*httptest.Server

	answers atomic.Pointer[http.HandlerFunc]
	// asked counts what was asked about sessions.
	asked atomic.Int64
}

func startGate(t testing.TB, kratos string) *gate {
	t.Helper()
	to := parsed(t, kratos)
	through := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }, Transport: new(http.Transport)}
	through.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	g := new(gate)
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/sessions/whoami" {
			g.asked.Add(1)
			if answer := g.answers.Load(); answer != nil {
				(*answer)(w, r)
				return
			}
		}
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(g.Close)
	return g
}

// with has Kratos seem to answer like this while something is done.
func (g *gate) with(answer http.HandlerFunc, do func()) {
	g.answers.Store(&answer)
	defer g.answers.Store(nil)
	do()
}

// whileSlow has Kratos seem not to answer while something is done.
func (g *gate) whileSlow(do func()) {
	done := make(chan struct{})
	defer close(done)
	g.with(func(http.ResponseWriter, *http.Request) {
		<-done
		panic(http.ErrAbortHandler)
	}, do)
}

// busy has a limit.
func busy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Retry-After", "7")
	w.WriteHeader(http.StatusTooManyRequests)
	_, _ = io.WriteString(w, `{"error":{"code":429,"status":"Too Many Requests","message":"slow down"}}`)
}

// webService is an HTTP service that believes what it is told of its callers. It remembers the last request.
type webService struct {
	address string
	last    atomic.Pointer[http.Request]
	count   atomic.Int64
}

func startWeb(t testing.TB) *webService {
	t.Helper()
	s := new(webService)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.last.Store(r)
		s.count.Add(1)
		w.Header().Add("Set-Cookie", "web=1")
		_, _ = io.WriteString(w, "hello")
	}))
	t.Cleanup(server.Close)
	s.address = server.Listener.Addr().String()
	return s
}

// apiService is a gRPC service: gRPC's own for health, which everybody has stubs of. It remembers the last call's metadata.
type apiService struct {
	address string

	mu   sync.Mutex
	last metadata.MD
	n    int64
}

func startAPI(t testing.TB) *apiService {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &apiService{address: listener.Addr().String()}
	server := grpc.NewServer(grpc.UnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		md, _ := metadata.FromIncomingContext(ctx)
		s.mu.Lock()
		s.last = md
		s.n++
		s.mu.Unlock()
		return handler(ctx, req)
	}))
	healthpb.RegisterHealthServer(server, health.NewServer())
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return s
}

func (s *apiService) seen() (md metadata.MD, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last, s.n
}

// person is somebody with two sessions: one by a token, one by a cookie.
type person struct {
	identity, email, token, cookie string
}

// signUp registers somebody, and logs them in with a browser too.
func signUp(t testing.TB, kratos, email string, tags ...string) *person {
	t.Helper()
	const password = "no-machine-for-this"
	p := &person{email: email}
	var flow struct {
		ID string
		UI struct {
			Nodes []struct {
				Attributes struct {
					Name  string
					Value any
				}
			}
		}
	}
	var registered struct {
		SessionToken string `json:"session_token"`
		Identity     struct{ ID string }
	}
	app := new(http.Client)
	exchange(t, app, http.MethodGet, kratos+"/self-service/registration/api", nil, &flow)
	exchange(t, app, http.MethodPost, kratos+"/self-service/registration?flow="+flow.ID, map[string]any{
		"method": "password", "password": password, "traits": map[string]any{"email": email, "tags": append([]string{}, tags...)},
	}, &registered)
	p.identity, p.token = registered.Identity.ID, registered.SessionToken

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	exchange(t, browser, http.MethodGet, kratos+"/self-service/login/browser", nil, &flow)
	var csrf any
	for _, node := range flow.UI.Nodes {
		if node.Attributes.Name == "csrf_token" {
			csrf = node.Attributes.Value
		}
	}
	exchange(t, browser, http.MethodPost, kratos+"/self-service/login?flow="+flow.ID, map[string]any{
		"method": "password", "identifier": email, "password": password, "csrf_token": csrf,
	}, nil)
	var pairs []string
	for _, cookie := range jar.Cookies(parsed(t, kratos)) {
		pairs = append(pairs, cookie.Name+"="+cookie.Value)
	}
	p.cookie = strings.Join(pairs, "; ")
	if p.identity == "" || p.token == "" || !strings.Contains(p.cookie, sessionCookie+"=") {
		t.Fatalf("%s is not logged in", email)
	}
	return p
}

// exchange sends JSON to Kratos, and reads what it answers.
func exchange(t testing.TB, client *http.Client, method, target string, body, answer any) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, target, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	data, err = io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s answers %d, %s, %v", target, res.StatusCode, data, err)
	}
	if answer == nil {
		return
	}
	if err := json.Unmarshal(data, answer); err != nil {
		t.Fatal(err)
	}
}

// asks makes a request of a client that stays where a redirect leads away. Headers are pairs.
func asks(t testing.TB, base, path string, headers ...string) (res *http.Response, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		// Not Add, which would change how a name is written.
		req.Header[headers[i]] = append(req.Header[headers[i]], headers[i+1])
	}
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	res, err = (&http.Client{Transport: transport, CheckRedirect: stay}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(data)
}

// aBrowsers is what browsers ask for.
const aBrowsers = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

// returningTo is the login URL with where to return to.
func returningTo(base, path string) string {
	return loginURL + "?" + url.Values{"return_to": {base + path}}.Encode()
}

const identityHeader = "X-Kratos-Authenticated-Identity-Id"

// passes checks that a request reaches the HTTP service, as somebody's; nobody's is "".
func (s *webService) passes(t testing.TB, base, path, identity string, headers ...string) *http.Request {
	t.Helper()
	before := s.count.Load()
	res, body := asks(t, base, path, headers...)
	if res.StatusCode != http.StatusOK || body != "hello" || s.count.Load() != before+1 {
		t.Errorf("%s with %q is answered %d, %s", path, headers, res.StatusCode, body)
		return &http.Request{Header: http.Header{}}
	}
	seen := s.last.Load()
	var want []string
	if identity != "" {
		want = []string{identity}
	}
	if got := seen.Header.Values(identityHeader); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s with %q: the service is told %q, want %q", path, headers, got, want)
	}
	for name, values := range seen.Header {
		if alike := strings.ReplaceAll(strings.ToLower(name), "_", "-"); alike == strings.ToLower(identityHeader) && name != identityHeader {
			t.Errorf("%s with %q: the service is told %s: %q", path, headers, name, values)
		}
	}
	return seen
}

// isDenied checks that a request does not reach the HTTP service, and what is answered instead.
func (s *webService) isDenied(t testing.TB, base, path string, status int, headers ...string) (res *http.Response, body string) {
	t.Helper()
	before := s.count.Load()
	res, body = asks(t, base, path, headers...)
	if res.StatusCode != status || s.count.Load() != before {
		t.Errorf("%s with %q is answered %d, %s; want %d", path, headers, res.StatusCode, body, status)
	}
	if got := res.Header.Values(identityHeader); got != nil {
		t.Errorf("%s with %q: who is denied is told %q", path, headers, got)
	}
	return res, body
}

// sessionCookie is the cookie that is a browser's session.
const sessionCookie = "ory_kratos_session"

func parsed(t testing.TB, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// stay has a client not follow redirects.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
