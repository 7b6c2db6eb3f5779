package server_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest/testpki"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// mesh is a place where programs know each other by certificates.
type mesh struct {
	t testing.TB
	// authority signs servers, clientAuthority clients.
	authority, clientAuthority *testpki.Authority
	dir                        string
}

func newMesh(t testing.TB) *mesh {
	t.Helper()
	m := &mesh{t: t, authority: testpki.NewAuthority(t), clientAuthority: testpki.NewAuthority(t), dir: t.TempDir()}
	m.putPair(m.authority.Issue(t))
	m.putClientCAs(m.clientAuthority)
	return m
}

func (m *mesh) path(name string) string { return filepath.Join(m.dir, name) }

func (m *mesh) putPair(pair testpki.Pair) {
	m.t.Helper()
	testpki.Replace(m.t, m.path("tls.crt"), pair.CertPEM)
	testpki.Replace(m.t, m.path("tls.key"), pair.KeyPEM)
}

func (m *mesh) putClientCAs(authorities ...*testpki.Authority) {
	m.t.Helper()
	var all []byte
	for _, a := range authorities {
		all = append(all, a.PEM...)
	}
	testpki.Replace(m.t, m.path("ca.crt"), all)
}

// serve is the configuration of a server there: mutual TLS on both ports.
func (m *mesh) serve(c *server.Config) {
	c.TLS = server.TLS{CertFile: m.path("tls.crt"), KeyFile: m.path("tls.key"), ClientCAFile: m.path("ca.crt")}
	c.ReloadInterval = 5 * time.Millisecond
}

// config is a client's configuration, with a certificate that names it, or without one if it has no name.
func (m *mesh) config(uris ...string) *tls.Config {
	m.t.Helper()
	if len(uris) == 0 {
		return m.configOf(nil)
	}
	pair := m.clientAuthority.Issue(m.t, uris...).TLS(m.t)
	return m.configOf(&pair)
}

func (m *mesh) configOf(pair *tls.Certificate) *tls.Config {
	config := &tls.Config{RootCAs: testpki.Pool(m.authority), ServerName: "localhost", NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12}
	if pair != nil {
		// Whatever authorities the server names.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair, nil }
	}
	return config
}

// without signs a certificate of a client's that names nobody.
func (m *mesh) without(change func(*x509.Certificate)) *tls.Config {
	m.t.Helper()
	pair := m.clientAuthority.IssueLike(m.t, change).TLS(m.t)
	return m.configOf(&pair)
}

// dial connects to a server's gRPC port.
func (m *mesh) dial(s *testServer, config *tls.Config) *grpc.ClientConn {
	m.t.Helper()
	conn, err := grpc.NewClient(s.conn.Target(), grpc.WithTransportCredentials(credentials.NewTLS(config)), grpc.WithNoProxy())
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// browse is a client of a server's REST port.
func (m *mesh) browse(config *tls.Config) *http.Client {
	m.t.Helper()
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	m.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// secure is the https URL of a path of a server's.
func secure(s *testServer, path string) string { return "https" + s.rest[len("http"):] + path }

// until waits until something is so.
func until(t testing.TB, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}
