package server_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest/testpki"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// statusAt is the status of what is at a URL, or 0 if it can't be reached.
func statusAt(t *testing.T, client *http.Client, url string) int {
	t.Helper()
	res, err := client.Get(url)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// ports are the addresses of a server.
func ports(s *testServer) map[string]string {
	return map[string]string{"gRPC": s.conn.Target(), "REST": strings.TrimPrefix(s.rest, "http://")}
}

func TestTLSHandshakes(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	log := new(capturedLog)
	s := startServer(t, new(recorder), m.serve, log.capture)
	stranger := testpki.NewAuthority(t).Issue(t, "spiffe://example.org/a").TLS(t)
	with := func(change func(*tls.Config)) *tls.Config {
		config := m.config("spiffe://example.org/a")
		change(config)
		return config
	}
	for name, c := range map[string]struct {
		config *tls.Config
		says   string
	}{
		"TLS 1.3":                    {with(func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }), ""},
		"TLS 1.2":                    {with(func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }), ""},
		"TLS 1.1":                    {with(func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }), "protocol version"},
		"no certificate":             {with(func(c *tls.Config) { c.GetClientCertificate = nil }), "certificate required"},
		"no certificate, TLS 1.2":    {with(func(c *tls.Config) { c.GetClientCertificate, c.MaxVersion = nil, tls.VersionTLS12 }), "handshake failure"},
		"another authority's client": {with(func(c *tls.Config) { c.GetClientCertificate = m.configOf(&stranger).GetClientCertificate }), "unknown certificate authority"},
		"no such protocol":           {with(func(c *tls.Config) { c.NextProtos = []string{"spdy/3"} }), "no application protocol"},
	} {
		for port, address := range ports(s) {
			state, err := testpki.Handshake(t.Context(), address, c.config)
			switch {
			case c.says == "" && (err != nil || state.NegotiatedProtocol != "h2"):
				t.Errorf("%s, %s: %q, %v", port, name, state.NegotiatedProtocol, err)
			case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
				t.Errorf("%s, %s: %v, which is not %q", port, name, err, c.says)
			}
		}
	}
	// Who looks for it finds it in the log.
	log.await(t, `"level":"DEBUG","msg":"TLS handshake failed"`)
	log.await(t, "http: TLS handshake error")

	// REST speaks HTTP/1.1 as well.
	old := with(func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} })
	if state, err := testpki.Handshake(t.Context(), ports(s)["REST"], old); err != nil || state.NegotiatedProtocol != "http/1.1" {
		t.Errorf("HTTP/1.1: %q, %v", state.NegotiatedProtocol, err)
	}
	if _, err := testpki.Handshake(t.Context(), ports(s)["gRPC"], old); err == nil {
		t.Error("the gRPC port speaks HTTP/1.1")
	}
	// And without TLS there is nothing.
	if _, err := healthpb.NewHealthClient(s.conn).Check(t.Context(), &healthpb.HealthCheckRequest{}); status.Code(err) != codes.Unavailable {
		t.Errorf("without TLS: %v", err)
	}
	if got := statusAt(t, s.http, s.rest+"/healthz"); got != http.StatusBadRequest {
		t.Errorf("without TLS: %d", got)
	}
}

func TestTLSPorts(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	for _, on := range []server.TLSPorts{server.BothPorts, server.GRPCPort, server.RESTPort} {
		log := new(capturedLog)
		s := startServer(t, new(recorder), m.serve, log.capture, func(c *server.Config) { c.TLS.Ports = on })
		config := m.config("spiffe://example.org/a")
		for port, address := range ports(s) {
			_, err := testpki.Handshake(t.Context(), address, config)
			if want := on == server.BothPorts || string(on) == strings.ToLower(port); (err == nil) != want {
				t.Errorf("TLS on %s: %s says %v", on, port, err)
			}
		}
		_, err := healthpb.NewHealthClient(s.conn).Check(t.Context(), &healthpb.HealthCheckRequest{})
		if plain := on == server.RESTPort; (err == nil) != plain {
			t.Errorf("TLS on %s: gRPC without it: %v", on, err)
		}
		if warned := len(log.lines("whoever reaches the other one")) > 0; warned != (on != server.BothPorts) {
			t.Errorf("TLS on %s: warned of the other port: %t", on, warned)
		}
	}
}

// optional lets clients in without a certificate.
func optional(c *server.Config) { c.TLS.ClientCertOptional = true }

func TestClientCertificateOptional(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	s := startServer(t, new(recorder), m.serve, optional)
	stranger := testpki.NewAuthority(t).Issue(t).TLS(t)
	for name, c := range map[string]struct {
		config *tls.Config
		ok     bool
	}{
		"none":                {m.config(), true},
		"one":                 {m.config("spiffe://example.org/a"), true},
		"one of a stranger's": {m.configOf(&stranger), false},
	} {
		_, err := healthpb.NewHealthClient(m.dial(s, c.config)).Check(t.Context(), &healthpb.HealthCheckRequest{})
		if (err == nil) != c.ok {
			t.Errorf("gRPC, %s: %v", name, err)
		}
		if got := statusAt(t, m.browse(c.config), secure(s, "/healthz")); (got == http.StatusOK) != c.ok {
			t.Errorf("REST, %s: %d", name, got)
		}
	}
}

// TestTLSRefusedAtStart starts with what can't be right.
func TestTLSRefusedAtStart(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	other := m.authority.Issue(t)
	for name, c := range map[string]struct {
		change func(*server.Config)
		says   string
	}{
		"no key":                  {func(c *server.Config) { c.TLS.KeyFile = "" }, "go together"},
		"only authorities":        {func(c *server.Config) { c.TLS.CertFile, c.TLS.KeyFile = "", "" }, "of no use"},
		"nothing but ports":       {func(c *server.Config) { c.TLS = server.TLS{Ports: server.GRPCPort} }, "of no use"},
		"unknown ports":           {func(c *server.Config) { c.TLS.Ports = "udp" }, "unknown"},
		"optional nothing":        {func(c *server.Config) { c.TLS.ClientCAFile, c.TLS.ClientCertOptional = "", true }, "optional"},
		"another's key":           {func(c *server.Config) { c.TLS.KeyFile = testpki.Write(t, t.TempDir(), "k", other.KeyPEM) }, "does not match"},
		"missing authorities":     {func(c *server.Config) { c.TLS.ClientCAFile = m.path("none") }, "no such file"},
		"IDs without authorities": {func(c *server.Config) { c.TLS.ClientCAFile, c.AllowSPIFFEIDs = "", []string{"spiffe://a/b"} }, "need the authorities"},
		"malformed ID":            {func(c *server.Config) { c.AllowSPIFFEIDs = []string{"spiffe://a/b", "https://a/b"} }, `"https://a/b"`},
		"bad policy":              {func(c *server.Config) { c.PolicyFile = m.path("ca.crt") }, "the policy"},
		"never looked at":         {func(c *server.Config) { c.ReloadInterval = 0 }, "interval"},
	} {
		config := server.DefaultConfig()
		config.GRPCAddr, config.HTTPAddr = "127.0.0.1:0", "127.0.0.1:0"
		m.serve(&config)
		c.change(&config)
		if _, err := server.New(config, new(recorder)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, which is not %q", name, err, c.says)
		}
	}
}

// rotation counts what clients see who connect anew all the time.
type rotation struct {
	mu         sync.Mutex
	handshakes int
	failed     []error
	// serials are the serial numbers of the certificates that they were shown.
	serials map[string]bool
	// underWay are the handshakes that have begun, by number, and begun is the number of the last one.
	underWay map[int]bool
	begun    int
}

func (r *rotation) begin() (number int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.underWay == nil {
		r.underWay = map[int]bool{}
	}
	r.begun++
	r.underWay[r.begun] = true
	return r.begun
}

func (r *rotation) note(number int, state *tls.ConnectionState, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.underWay, number)
	r.handshakes++
	if err != nil {
		r.failed = append(r.failed, err)
		return
	}
	r.serials[state.PeerCertificates[0].SerialNumber.String()] = true
}

func (r *rotation) seen() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.serials)
}

func (r *rotation) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.handshakes
}

// settle waits until all handshakes that are under way have ended.
func (r *rotation) settle(t *testing.T) {
	t.Helper()
	r.mu.Lock()
	last := r.begun
	r.mu.Unlock()
	until(t, "handshakes that had begun have ended", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		for number := range r.underWay {
			if number <= last {
				return false
			}
		}
		return true
	})
}

// connect makes a call over a connection of its own, again and again, until ctx ends.
func (r *rotation) connect(ctx context.Context, call func(context.Context) (*tls.ConnectionState, error)) {
	for ctx.Err() == nil {
		number := r.begin()
		// A call that has begun may end.
		state, err := call(context.WithoutCancel(ctx))
		r.note(number, state, err)
	}
}

// callGRPC makes a call by gRPC, over a connection of its own.
func callGRPC(s *testServer, config *tls.Config) func(context.Context) (*tls.ConnectionState, error) {
	return func(ctx context.Context) (*tls.ConnectionState, error) {
		var state *tls.ConnectionState
		config := config.Clone()
		config.VerifyConnection = func(cs tls.ConnectionState) error { state = &cs; return nil }
		conn, err := grpc.NewClient(s.conn.Target(), grpc.WithTransportCredentials(credentials.NewTLS(config)), grpc.WithNoProxy())
		if err != nil {
			return nil, err
		}
		defer func() { _ = conn.Close() }()
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		// Without waiting for another connection: one that fails fails the call.
		_, err = healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{Service: server.LivenessService})
		return state, err
	}
}

// callREST makes a call by REST, over a connection of its own.
func callREST(s *testServer, config *tls.Config) func(context.Context) (*tls.ConnectionState, error) {
	return func(ctx context.Context) (*tls.ConnectionState, error) {
		transport := &http.Transport{TLSClientConfig: config.Clone(), ForceAttemptHTTP2: true}
		defer transport.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, secure(s, "/healthz"), http.NoBody)
		if err != nil {
			return nil, err
		}
		res, err := (&http.Client{Transport: transport}).Do(req)
		if err != nil {
			return nil, err
		}
		_, err = io.Copy(io.Discard, res.Body)
		return res.TLS, errors.Join(err, res.Body.Close())
	}
}

// TestRotationUnderLoad replaces certificates, keys and authorities, in all the ways that there are and with bad ones in
// between, while clients connect all the time. No handshake fails.
func TestRotationUnderLoad(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	log := new(capturedLog)
	// As Kubernetes mounts a secret: a file is a link into a folder that is a link.
	kubernetes := t.TempDir()
	inKubernetes := func(name string) string { return filepath.Join(kubernetes, name) }
	mount := func(version string, pair testpki.Pair, authorities []byte) {
		dir := inKubernetes(version)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		testpki.Write(t, dir, "tls.crt", pair.CertPEM)
		testpki.Write(t, dir, "tls.key", pair.KeyPEM)
		testpki.Write(t, dir, "ca.crt", authorities)
		if err := errors.Join(os.Symlink(version, inKubernetes("new")), os.Rename(inKubernetes("new"), inKubernetes("..data"))); err != nil {
			t.Fatal(err)
		}
	}
	mount("..0", m.authority.Issue(t), m.clientAuthority.PEM)
	for _, name := range []string{"tls.crt", "tls.key", "ca.crt"} {
		if err := os.Symlink("..data/"+name, inKubernetes(name)); err != nil {
			t.Fatal(err)
		}
	}
	plain := startServer(t, new(recorder), m.serve, log.capture)
	mounted := startServer(t, new(recorder), m.serve, log.capture, func(c *server.Config) {
		c.TLS.CertFile, c.TLS.KeyFile, c.TLS.ClientCAFile = inKubernetes("tls.crt"), inKubernetes("tls.key"), inKubernetes("ca.crt")
	})

	config := m.config("spiffe://example.org/a")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var clients sync.WaitGroup
	seen := map[*testServer]*rotation{}
	for _, s := range []*testServer{plain, mounted} {
		r := &rotation{serials: map[string]bool{}}
		seen[s] = r
		for range 3 {
			clients.Go(func() { r.connect(ctx, callGRPC(s, config)) })
			clients.Go(func() { r.connect(ctx, callREST(s, config)) })
		}
	}
	used := func(s *testServer, want int) {
		t.Helper()
		until(t, "a new certificate is in use", func() bool { return seen[s].seen() >= want })
	}
	used(plain, 1)
	used(mounted, 1)

	const rotations = 20
	for i := range rotations {
		pair := m.authority.Issue(t)
		another := testpki.NewAuthority(t)
		switch i % 4 {
		case 0: // At once, each.
			m.putPair(pair)
			m.putClientCAs(m.clientAuthority, another)
		case 1: // In place, where a reader may find half of it.
			testpki.Write(t, m.dir, "tls.key", pair.KeyPEM)
			testpki.Write(t, m.dir, "tls.crt", pair.CertPEM)
			testpki.Write(t, m.dir, "ca.crt", append(another.PEM, m.clientAuthority.PEM...))
		case 2: // With so much time between the two that the server must notice that they don't match.
			bad := len(log.lines("does not match"))
			testpki.Replace(t, m.path("tls.crt"), pair.CertPEM)
			until(t, "it says that they don't match", func() bool { return len(log.lines("does not match")) > bad })
			testpki.Replace(t, m.path("tls.key"), pair.KeyPEM)
		case 3: // After some that are bad.
			bad := len(log.lines(`"level":"ERROR"`))
			testpki.Replace(t, m.path("tls.crt"), pair.CertPEM[:100])
			testpki.Replace(t, m.path("ca.crt"), []byte("gone"))
			until(t, "it says that both are bad", func() bool { return len(log.lines(`"level":"ERROR"`)) >= bad+2 })
			m.putPair(pair)
			m.putClientCAs(m.clientAuthority)
		}
		mount("..1"+strings.Repeat("1", i), m.authority.Issue(t), append(another.PEM, m.clientAuthority.PEM...))
		used(plain, i+2)
		used(mounted, i+2)
		// Some of them find nothing but what is in use now.
		for _, r := range seen {
			already := r.count()
			until(t, "there are more handshakes", func() bool { return r.count() >= already+20 })
		}
	}
	stop()
	clients.Wait()
	total := 0
	for _, r := range seen {
		total += r.handshakes
		if len(r.failed) > 0 {
			t.Errorf("%d of %d handshakes failed, the first with %v", len(r.failed), r.handshakes, r.failed[0])
		}
	}
	t.Logf("%d handshakes, %d rotations of each", total, rotations)
}

// TestBrokenCertificateChangesNothing breaks each file in turn.
func TestBrokenCertificateChangesNothing(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	log := new(capturedLog)
	s := startServer(t, new(recorder), m.serve, log.capture)
	config := m.config("spiffe://example.org/a")
	state, err := callREST(s, config)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	serial := state.PeerCertificates[0].SerialNumber
	for i, name := range []string{"tls.crt", "tls.key", "ca.crt"} {
		good, err := os.ReadFile(m.path(name))
		if err != nil {
			t.Fatal(err)
		}
		testpki.Replace(t, m.path(name), []byte("no such thing"))
		until(t, "it says that the file is bad", func() bool { return len(log.lines("last good stays in use")) == i+1 })
		for _, call := range []func(context.Context) (*tls.ConnectionState, error){callGRPC(s, config), callREST(s, config)} {
			if state, err := call(t.Context()); err != nil || state.PeerCertificates[0].SerialNumber.Cmp(serial) != 0 {
				t.Errorf("with a broken %s: %v", name, err)
			}
		}
		if _, err := testpki.Handshake(t.Context(), s.conn.Target(), m.configOf(nil)); err == nil || !strings.Contains(err.Error(), "certificate required") {
			t.Errorf("with a broken %s, and no certificate: %v", name, err)
		}
		testpki.Replace(t, m.path(name), good)
		until(t, "it says that the file is good again", func() bool { return len(log.lines("good again")) == i+1 })
	}
	if n := len(log.lines(`"level":"ERROR"`)); n != 3 {
		t.Errorf("three broken files are said %d times:\n%s", n, log)
	}
	if strings.Contains(log.String(), "PRIVATE KEY") {
		t.Error("the log shows a key")
	}
}
