package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest/testpki"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// front stands in front of a Kratos and speaks TLS: what it shows, and whom it lets in, can change.
type front struct {
	*httptest.Server

	config atomic.Pointer[tls.Config]
	// shown is the serial number of the certificate that was last shown to it.
	shown atomic.Pointer[string]
}

func startFront(t *testing.T, kratos string) *front {
	t.Helper()
	to, err := url.Parse(kratos)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	f := new(front)
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serial := r.TLS.PeerCertificates[0].SerialNumber.String()
		f.shown.Store(&serial)
		proxy.ServeHTTP(w, r)
	}))
	f.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return f.config.Load(), nil }}
	f.Config.ErrorLog = log.New(io.Discard, "", 0)
	// Each request has a handshake of its own.
	f.Config.SetKeepAlivesEnabled(false)
	return f
}

// trust has the front show a certificate of one authority, and let in clients of the other.
func (f *front) trust(t *testing.T, own, clients *testpki.Authority) {
	t.Helper()
	f.config.Store(&tls.Config{
		Certificates: []tls.Certificate{own.Issue(t).TLS(t)}, MinVersion: tls.VersionTLS12,
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: testpki.Pool(clients), SessionTicketsDisabled: true,
	})
}

func serialOf(t *testing.T, pair testpki.Pair) string {
	t.Helper()
	leaf, err := x509.ParseCertificate(pair.TLS(t).Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return leaf.SerialNumber.String()
}

// poll waits until something succeeds.
func poll(t *testing.T, what string, try func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = try(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}

// verifyTLS serves with mutual TLS on both sides, in front of a real Kratos behind a front that speaks it, and replaces
// everything there is while it runs.
func verifyTLS(t *testing.T, binary string) {
	t.Helper()
	kratos := kratostest.StartT(t, kratostest.Options{Version: kratostest.V13})
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	put := func(name string, pair testpki.Pair) {
		testpki.Replace(t, at(name+".crt"), pair.CertPEM)
		testpki.Replace(t, at(name+".key"), pair.KeyPEM)
	}
	// One authority for all of the mesh, as in most; and others for the way to Kratos.
	meshCA, frontCA, upstreamCA := testpki.NewAuthority(t), testpki.NewAuthority(t), testpki.NewAuthority(t)
	testpki.Write(t, dir, "mesh.crt", meshCA.PEM)
	testpki.Write(t, dir, "front.crt", frontCA.PEM)
	put("own", meshCA.Issue(t, "spiffe://example.org/ns/id/sa/kratosgrpc"))
	firstClient := upstreamCA.Issue(t)
	put("upstream", firstClient)

	f := startFront(t, kratos.PublicURL)
	f.trust(t, frontCA, upstreamCA)
	f.StartTLS()
	defer f.Close()

	// A certificate that does not fit the key, and so on, is refused at start.
	for says, flags := range map[string][]string{
		"does not match":                    {"--tls-cert-file=" + at("own.crt"), "--tls-key-file=" + at("upstream.key")},
		"no such file":                      {"--tls-cert-file=" + at("own.crt"), "--tls-key-file=" + at("none")},
		"go together":                       {"--tls-cert-file=" + at("own.crt")},
		"of no use with http":               {"--upstream=http://kratos:4433", "--upstream-ca-file=" + at("front.crt")},
		"the authorities of the server":     {"--upstream-ca-file=" + at("own.key")},
		"need the authorities":              {"--allow-spiffe-id=spiffe://example.org/*"},
		"is no SPIFFE ID":                   {"--allow-spiffe-id=shop"},
		"the policy":                        {"--policy=" + at("own.crt")},
		"--policy: it is empty":             {"--policy="},
		"--allow-spiffe-id: it is empty":    {"--allow-spiffe-id="},
		"--tls-client-ca-file: it is empty": {"--tls-client-ca-file="},
		"--tls-cert-file: it is empty":      {"--tls-cert-file=", "--tls-key-file="},
		`"" is no SPIFFE ID`:                {"--allow-spiffe-id=spiffe://example.org/a,,spiffe://example.org/b"},
	} {
		out, err := run(t, binary, nil, append([]string{"serve", "--upstream-api=v1", "--upstream=" + f.URL}, flags...)...)
		if err == nil || !strings.Contains(out, says) {
			t.Errorf("%v: %v\n%s\nwithout %q", flags, err, out, says)
		}
	}

	// A variable that a script has not set is no wish for a server that is open.
	for _, variable := range []string{"ALLOW_SPIFFE_ID", "POLICY", "TLS_CLIENT_CA_FILE", "TLS_CERT_FILE"} {
		out, err := run(t, binary, []string{"KRATOSGRPC_" + variable + "="}, "serve", "--upstream-api=v1", "--upstream="+f.URL)
		if err == nil || !strings.Contains(out, "it is empty") {
			t.Errorf("with an empty %s: %v\n%s", variable, err, out)
		}
	}

	s := start(t, binary,
		"--upstream="+f.URL, "--upstream-ca-file="+at("front.crt"),
		"--upstream-client-cert-file="+at("upstream.crt"), "--upstream-client-key-file="+at("upstream.key"),
		"--tls-cert-file="+at("own.crt"), "--tls-key-file="+at("own.key"), "--tls-client-ca-file="+at("mesh.crt"),
		"--allow-spiffe-id=spiffe://example.org/ns/id/*", "--allow-spiffe-id=spiffe://example.org/ns/shop/sa/checkout",
		"--policy="+filepath.Join("..", "..", "policy.yaml"))

	// The health check has the same environment: it shows the server's own certificate.
	plain := s.probe
	s.probe = append(s.probe, "KRATOSGRPC_TLS_CERT_FILE="+at("own.crt"), "KRATOSGRPC_TLS_KEY_FILE="+at("own.key"), "KRATOSGRPC_TLS_CA_FILE="+at("mesh.crt"))
	s.becomes(t, binary, "--ready")
	if shown := *f.shown.Load(); shown != serialOf(t, firstClient) {
		t.Errorf("Kratos was shown certificate %s", shown)
	}
	for what, c := range map[string]struct {
		env  []string
		args []string
		says string
	}{
		"without TLS":           {plain, nil, "Unavailable"},
		"without a certificate": {plain, []string{"--tls-ca-file=" + at("mesh.crt")}, "Unavailable"},
		"of another authority":  {plain, []string{"--tls-ca-file=" + at("mesh.crt"), "--tls-cert-file=" + at("upstream.crt"), "--tls-key-file=" + at("upstream.key")}, "Unavailable"},
		"not believing it":      {s.probe, []string{"--tls-ca-file=" + at("front.crt")}, "unknown authority"},
		"by another name":       {s.probe, []string{"--tls-server-name=kratosgrpc.example.org"}, "kratosgrpc.example.org"},
		"TLS switched off":      {s.probe, []string{"--no-tls"}, "Unavailable"},
		"not to be verified":    {s.probe, []string{"--tls-no-verify", "--tls-ca-file=" + at("front.crt")}, ""},
		"by the name it has":    {s.probe, []string{"--tls-server-name=localhost"}, ""},
	} {
		out, err := run(t, binary, c.env, append([]string{"healthcheck"}, c.args...)...)
		if (err == nil) != (c.says == "") || !strings.Contains(out, c.says) {
			t.Errorf("healthcheck %s: %v: %s", what, err, out)
		}
	}

	// In a container, the check has the environment that the server has, which says on which ports there is TLS.
	rest := start(t, binary, "--upstream=http://127.0.0.1:1", "--upstream-api=v1", "--tls-on=rest", "--tls-cert-file="+at("own.crt"), "--tls-key-file="+at("own.key"))
	rest.probe = append(rest.probe, "KRATOSGRPC_TLS_CERT_FILE="+at("own.crt"), "KRATOSGRPC_TLS_KEY_FILE="+at("own.key"), "KRATOSGRPC_TLS_ON=rest")
	rest.becomes(t, binary)
	rest.terminate(t)

	// A caller that may, end to end.
	ask := func() error {
		config := &tls.Config{
			RootCAs: testpki.Pool(meshCA), ServerName: "localhost", MinVersion: tls.VersionTLS13,
			Certificates: []tls.Certificate{meshCA.Issue(t, "spiffe://example.org/ns/shop/sa/checkout").TLS(t)},
		}
		conn, err := grpc.NewClient(strings.TrimPrefix(plain[0], "KRATOSGRPC_GRPC_ADDR="), grpc.WithTransportCredentials(credentials.NewTLS(config)), grpc.WithNoProxy())
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err = kratosgrpcv1.NewSessionServiceClient(conn).Whoami(ctx, new(kratosgrpcv1.WhoamiRequest))
		if err != nil && strings.Contains(err.Error(), "No valid session credentials") {
			return nil
		}
		return err
	}
	if err := ask(); err != nil {
		t.Errorf("Whoami: %v", err)
	}

	// Everything is replaced: the server's certificate, the one that Kratos is shown, and who Kratos is.
	newFront, newUpstream := testpki.NewAuthority(t), testpki.NewAuthority(t)
	testpki.Replace(t, at("front.crt"), append(append([]byte{}, frontCA.PEM...), newFront.PEM...))
	second := newUpstream.Issue(t)
	put("upstream", second)
	put("own", meshCA.Issue(t, "spiffe://example.org/ns/id/sa/kratosgrpc"))
	f.trust(t, newFront, newUpstream)
	poll(t, "Kratos is shown the new certificate", func() error {
		if err := ask(); err != nil {
			return err
		}
		if *f.shown.Load() != serialOf(t, second) {
			return context.DeadlineExceeded
		}
		return nil
	})
	s.becomes(t, binary, "--ready")
	said := s.terminate(t)
	for _, want := range []string{"read again: the server's certificate and key", "read again: the client's certificate and key", "read again: the authorities of the server", `"caller":"spiffe://example.org/ns/shop/sa/checkout"`} {
		if !strings.Contains(said, want) {
			t.Errorf("the log does not say %q:\n%s", want, said)
		}
	}
}
