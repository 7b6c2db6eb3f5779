package mesh

import (
	"crypto/tls"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest/testpki"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// Programs of the mesh, by what the policy calls them.
const (
	ownID      = "spiffe://example.org/ns/id/sa/kratosgrpc"
	envoyID    = "spiffe://example.org/ns/gateway/sa/envoy"
	checkoutID = "spiffe://example.org/ns/shop/sa/checkout"
	otherID    = "spiffe://example.org/ns/other/sa/other"
)

// pki is who believes whom: one authority for the mesh, and two for the way to Kratos.
type pki struct {
	mesh, kratos, kratosClients *testpki.Authority
	dir                         string
	// terminator is the URL of what stands in front of Kratos.
	terminator string
}

func newPKI(t *testing.T) *pki {
	t.Helper()
	p := &pki{mesh: testpki.NewAuthority(t), kratos: testpki.NewAuthority(t), kratosClients: testpki.NewAuthority(t), dir: t.TempDir()}
	p.put(t, "mesh.crt", p.mesh.PEM)
	p.put(t, "kratos-clients.crt", p.kratosClients.PEM)
	p.put(t, "kratos-ca.crt", p.kratos.PEM)
	p.pair(t, "own", p.mesh.Issue(t, ownID))
	p.pair(t, "kratos", p.kratos.Issue(t))
	p.pair(t, "to-kratos", p.kratosClients.Issue(t))
	return p
}

func (p *pki) at(name string) string { return filepath.Join(p.dir, name) }

func (p *pki) put(t *testing.T, name string, content []byte) {
	t.Helper()
	testpki.Replace(t, p.at(name), content)
}

func (p *pki) pair(t *testing.T, name string, pair testpki.Pair) {
	t.Helper()
	p.put(t, name+".crt", pair.CertPEM)
	p.put(t, name+".key", pair.KeyPEM)
}

// config is the configuration of a client in the mesh.
func (p *pki) config(t *testing.T, id string) *tls.Config {
	t.Helper()
	return &tls.Config{
		RootCAs: testpki.Pool(p.mesh), ServerName: "localhost", MinVersion: tls.VersionTLS12,
		Certificates: []tls.Certificate{p.mesh.Issue(t, id).TLS(t)},
	}
}

// startTerminator starts a real nginx in front of Kratos, which speaks TLS and wants to be shown a certificate.
func (p *pki) startTerminator(t *testing.T, kratos string) {
	t.Helper()
	program := needed(t, "NGINX", noNginx, "nginx", "/usr/sbin/nginx")
	address, folder := freeAddress(t), t.TempDir()
	// Each request has a handshake of its own, so that what is in the files shows at once.
	config := `events {}
http {
    access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    server {
        listen ` + address + ` ssl;
        keepalive_timeout 0;
        ssl_session_tickets off;
        ssl_certificate ` + p.at("kratos.crt") + `;
        ssl_certificate_key ` + p.at("kratos.key") + `;
        ssl_client_certificate ` + p.at("kratos-clients.crt") + `;
        ssl_verify_client on;
        location / { proxy_pass ` + kratos + `; }
    }
}
`
	file := testpki.Write(t, folder, "nginx.conf", []byte(config))
	nginx := startProcess(t, program, "-p", folder, "-c", file, "-e", "stderr", "-g", "daemon off; master_process off; pid nginx.pid;")
	own := p.kratosClients.Issue(t).TLS(t)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
		RootCAs: testpki.Pool(p.kratos), Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12,
	}}}
	eventually(t, "nginx is ready", func() bool {
		if !nginx.running() {
			t.Fatalf("nginx ended: %s", nginx.output)
		}
		res, err := client.Get("https://" + address + "/health/alive")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	p.terminator = "https://" + address
}

// asking is a program of the mesh that asks kratosgrpc by itself.
type asking struct {
	conn *grpc.ClientConn
	http *http.Client
	rest string
}

func (p *pki) asking(t *testing.T, m *mesh, id string) *asking {
	t.Helper()
	conn, err := grpc.NewClient(m.grpcAddress, grpc.WithTransportCredentials(credentials.NewTLS(p.config(t, id))), grpc.WithNoProxy())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	transport := &http.Transport{TLSClientConfig: p.config(t, id), ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &asking{conn: conn, http: &http.Client{Transport: transport}, rest: "https://" + m.restAddress}
}

// whoami asks by gRPC and by REST.
func (a *asking) whoami(t *testing.T, token string) (codes.Code, int) {
	t.Helper()
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-session-token", token)
	_, err := kratosgrpcv1.NewSessionServiceClient(a.conn).Whoami(ctx, new(kratosgrpcv1.WhoamiRequest), grpc.WaitForReady(true))
	req, reqErr := http.NewRequestWithContext(t.Context(), http.MethodGet, a.rest+"/sessions/whoami", http.NoBody)
	if reqErr != nil {
		t.Fatal(reqErr)
	}
	req.Header.Set("X-Session-Token", token)
	res, resErr := a.http.Do(req)
	if resErr != nil {
		return status.Code(err), 0
	}
	_ = res.Body.Close()
	return status.Code(err), res.StatusCode
}

// becomes waits until whoami is answered like this by both.
func (a *asking) becomes(t *testing.T, what, token string, code codes.Code, httpStatus int) {
	t.Helper()
	eventually(t, what, func() bool {
		gotCode, gotStatus := a.whoami(t, token)
		if gotCode == codes.Unauthenticated && code != codes.Unauthenticated || gotStatus == http.StatusUnauthorized && httpStatus != http.StatusUnauthorized {
			t.Fatalf("%s: that Kratos can't be asked is told as if there were no session: %s, %d", what, gotCode, gotStatus)
		}
		return gotCode == code && gotStatus == httpStatus
	})
}

// envoyTLS is the edit that has Envoy speak TLS to kratosgrpc, as server/envoy-tls.yaml has it.
func (p *pki) envoyTLS(t *testing.T, own testpki.Pair) edit {
	t.Helper()
	dir := t.TempDir()
	data, err := os.ReadFile(filepath.Join("..", "..", "envoy-tls.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	fragment := edited(t, "envoy-tls.yaml", string(data),
		edit{"/etc/envoy/tls/tls.crt", testpki.Write(t, dir, "tls.crt", own.CertPEM)},
		edit{"/etc/envoy/tls/tls.key", testpki.Write(t, dir, "tls.key", own.KeyPEM)},
		edit{"/etc/envoy/tls/ca.crt", p.at("mesh.crt")},
	)
	const before = "      connect_timeout: 0.1s\n"
	// A slow machine needs longer for a handshake.
	return edit{before, "      connect_timeout: 5s\n      " + strings.ReplaceAll(strings.TrimSpace(fragment), "\n", "\n      ") + "\n"}
}

// startMTLS starts kratosgrpc with mutual TLS on both sides, and the policy that the README shows.
func startMTLS(t *testing.T, m *mesh, p *pki, upstream string, flags ...string) {
	t.Helper()
	binary, err := kratosgrpcBinary()
	if err != nil {
		t.Fatal(err)
	}
	m.kratosgrpc.terminate(t)
	m.grpcAddress, m.restAddress = freeAddress(t), freeAddress(t)
	m.kratosgrpc = startProcess(t, binary, append(append([]string{
		"serve", "--upstream=" + upstream, "--upstream-api=v1", "--grpc-addr=" + m.grpcAddress, "--http-addr=" + m.restAddress,
		"--upstream-ca-file=" + p.at("kratos-ca.crt"),
		"--tls-cert-file=" + p.at("own.crt"), "--tls-key-file=" + p.at("own.key"), "--tls-client-ca-file=" + p.at("mesh.crt"),
		"--policy=" + filepath.Join("..", "..", "policy.yaml"),
	}, meshFlags...), flags...)...)
}

// TestMTLS: everybody shows everybody a certificate: a real Envoy and other programs to kratosgrpc, and that to a real nginx in
// front of a real Kratos. Who may ask what is as the policy says, and who can't ask lets nobody pass.
func TestMTLS(t *testing.T) {
	t.Parallel()
	m := startMesh(t)
	p := newPKI(t)
	p.startTerminator(t, m.gate.URL)
	startMTLS(t, m, p, p.terminator, "--upstream-client-cert-file="+p.at("to-kratos.crt"), "--upstream-client-key-file="+p.at("to-kratos.key"))
	checkout, other := p.asking(t, m, checkoutID), p.asking(t, m, otherID)
	checkout.becomes(t, "kratosgrpc is ready", m.ada.token, codes.OK, http.StatusOK)
	if code, httpStatus := checkout.whoami(t, "nobody's"); code != codes.Unauthenticated || httpStatus != http.StatusUnauthorized {
		t.Errorf("who has no session is answered %s, %d", code, httpStatus)
	}
	for _, token := range []string{m.ada.token, "nobody's"} {
		if code, httpStatus := other.whoami(t, token); code != codes.PermissionDenied || httpStatus != http.StatusForbidden {
			t.Errorf("who may not ask is answered %s, %d", code, httpStatus)
		}
	}

	ada := []string{"X-Session-Token", m.ada.token}
	e := startEnvoy(t, m, p.envoyTLS(t, p.mesh.Issue(t, envoyID)))
	m.web.passes(t, e.base, "/", m.ada.identity, ada...)
	m.web.passes(t, e.base, "/public/", "")
	m.web.isDenied(t, e.base, "/", http.StatusUnauthorized)
	if st := e.calls(t, "x-session-token", m.ada.token); st.Code() != codes.OK {
		t.Errorf("a call is answered %v", st)
	}
	if len(m.kratosgrpc.output.lines(`"caller":"`+envoyID+`"`)) == 0 {
		t.Error("kratosgrpc's log does not say that it was Envoy")
	}

	// An Envoy that no rule names, and that lets pass whatever it may not ask about: nobody passes.
	unnamed := startEnvoy(t, m, p.envoyTLS(t, p.mesh.Issue(t, otherID)), lettingPass)
	for _, path := range []string{"/", "/public/"} {
		_, body := m.web.isDenied(t, unnamed.base, path, http.StatusForbidden, ada...)
		if !strings.Contains(body, "CALLER_NOT_ALLOWED") {
			t.Errorf("who is denied reads %s", body)
		}
	}
	// One that can't even connect.
	stranger := startEnvoy(t, m, p.envoyTLS(t, testpki.NewAuthority(t).Issue(t, envoyID)))
	m.web.isDenied(t, stranger.base, "/", http.StatusServiceUnavailable, ada...)

	verifyUpstreamTLS(t, m, p, e, checkout)
}

// verifyUpstreamTLS replaces what the way to Kratos is secured with while kratosgrpc runs, with what is wrong and what is right.
func verifyUpstreamTLS(t *testing.T, m *mesh, p *pki, e *envoy, checkout *asking) {
	t.Helper()
	unavailable := func(what string) {
		t.Helper()
		checkout.becomes(t, what, m.ada.token, codes.Unavailable, http.StatusServiceUnavailable)
		for _, token := range []string{m.ada.token, "nobody's"} {
			m.web.isDenied(t, e.base, "/", http.StatusServiceUnavailable, "X-Session-Token", token)
			m.web.isDenied(t, e.base, "/public/", http.StatusServiceUnavailable, "X-Session-Token", token)
			checkout.becomes(t, what, token, codes.Unavailable, http.StatusServiceUnavailable)
		}
	}
	well := func(what string) {
		t.Helper()
		checkout.becomes(t, what, m.ada.token, codes.OK, http.StatusOK)
		m.web.passes(t, e.base, "/", m.ada.identity, "X-Session-Token", m.ada.token)
	}
	p.put(t, "kratos-ca.crt", testpki.NewAuthority(t).PEM)
	unavailable("another authority than Kratos's is believed")
	p.put(t, "kratos-ca.crt", append(testpki.NewAuthority(t).PEM, p.kratos.PEM...))
	well("Kratos's is believed too")

	// nginx does not end such a handshake, but answers with a status of its own.
	p.pair(t, "to-kratos", testpki.NewAuthority(t).Issue(t))
	unavailable("the certificate is of an authority that nginx does not know")
	p.pair(t, "to-kratos", p.kratosClients.Issue(t))
	well("nginx is shown a certificate that is new")

	// Bad files change nothing.
	p.put(t, "kratos-ca.crt", []byte("gone"))
	if err := os.Remove(p.at("to-kratos.key")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it says that both are bad", func() bool { return len(m.kratosgrpc.output.lines("last good stays in use")) == 2 })
	well("there are bad files")

	// One that shows nothing at all.
	p.put(t, "kratos-ca.crt", p.kratos.PEM)
	startMTLS(t, m, p, p.terminator)
	bare := p.asking(t, m, checkoutID)
	for _, token := range []string{m.ada.token, "nobody's"} {
		bare.becomes(t, "no certificate is shown", token, codes.Unavailable, http.StatusServiceUnavailable)
	}
}
