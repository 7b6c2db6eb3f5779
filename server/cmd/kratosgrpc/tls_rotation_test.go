package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest/testpki"
)

// mount is a folder as Kubernetes makes of a secret: files are links into a folder that is a link, which is exchanged.
type mount struct {
	dir     string
	version int
}

// put exchanges all files at once. A file that is nil is not there.
func (m *mount) put(t *testing.T, files map[string][]byte) {
	t.Helper()
	m.version++
	version := fmt.Sprintf("..%d", m.version)
	if err := os.Mkdir(filepath.Join(m.dir, version), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if content != nil {
			testpki.Write(t, filepath.Join(m.dir, version), name, content)
		}
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(m.dir, name)); err != nil && !errors.Is(err, os.ErrExist) {
			t.Fatal(err)
		}
	}
	fresh := filepath.Join(m.dir, "..fresh")
	if err := errors.Join(os.Symlink(version, fresh), os.Rename(fresh, filepath.Join(m.dir, "..data"))); err != nil {
		t.Fatal(err)
	}
	if m.version > 1 {
		if err := os.RemoveAll(filepath.Join(m.dir, fmt.Sprintf("..%d", m.version-1))); err != nil {
			t.Fatal(err)
		}
	}
}

// crowd are clients that connect all the time.
type crowd struct {
	mu      sync.Mutex
	resumed int
	failed  []string
	// came is how often each client has come, by client.
	came map[string]int
	// last is, by client, the serial number of the certificate that it was shown last, and how often that was so.
	last  map[string]string
	often map[string]int
}

func (c *crowd) note(client string, state *tls.ConnectionState, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.came[client]++
	if err != nil {
		c.failed = append(c.failed, client+": "+err.Error())
		return
	}
	if state.DidResume {
		c.resumed++
	}
	serial := state.PeerCertificates[0].SerialNumber.String()
	if c.last[client] != serial {
		c.last[client], c.often[client] = serial, 0
	}
	c.often[client]++
}

// snapshot is how often each client has come by now.
func (c *crowd) snapshot() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.came)
}

// all tells whether all clients were shown a certificate, so often, after one another.
func (c *crowd) all(clients int, serial string, often int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.last) < clients {
		return errors.New("not all clients have come")
	}
	for client, last := range c.last {
		if last != serial || c.often[client] < often {
			return fmt.Errorf("%s has %s, %d times", client, last, c.often[client])
		}
	}
	return nil
}

// verifyRotation exchanges everything that the ports' TLS is made of, while clients connect to them all the time: the server's
// certificate and key, the authority of clients, and their certificates. In between there are files that are bad. No
// handshake fails.
func verifyRotation(t *testing.T, binary string) {
	t.Helper()
	servers, clients := testpki.NewAuthority(t), testpki.NewAuthority(t)
	m := &mount{dir: t.TempDir()}
	files := func(pair testpki.Pair, authorities ...*testpki.Authority) map[string][]byte {
		all := map[string][]byte{"tls.crt": pair.CertPEM, "tls.key": pair.KeyPEM, "ca.crt": {}}
		for _, a := range authorities {
			all["ca.crt"] = append(all["ca.crt"], a.PEM...)
		}
		return all
	}
	pair := servers.Issue(t)
	m.put(t, files(pair, clients))
	at := func(name string) string { return filepath.Join(m.dir, name) }
	// There is no Kratos, and none is asked for.
	s := start(t, binary, "--upstream=http://127.0.0.1:1", "--upstream-api=v1", "--log-level=debug",
		"--tls-cert-file="+at("tls.crt"), "--tls-key-file="+at("tls.key"), "--tls-client-ca-file="+at("ca.crt"))
	grpcAddr := strings.TrimPrefix(s.probe[0], "KRATOSGRPC_GRPC_ADDR=")

	var shown atomic.Pointer[tls.Certificate]
	show := func(authority *testpki.Authority) {
		own := authority.Issue(t, "spiffe://example.org/a").TLS(t)
		shown.Store(&own)
	}
	show(clients)
	config := func(own func() *tls.Certificate, protocol string) *tls.Config {
		return &tls.Config{
			RootCAs: testpki.Pool(servers), ServerName: "localhost", NextProtos: []string{protocol}, MinVersion: tls.VersionTLS12,
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return own(), nil },
		}
	}
	kinds := map[string]struct{ address, protocol string }{"gRPC": {grpcAddr, "h2"}, "REST": {s.rest, "h2"}, "REST, HTTP/1.1": {s.rest, "http/1.1"}}
	poll(t, "the server serves", func() error {
		for _, kind := range kinds {
			if _, err := testpki.Handshake(context.Background(), kind.address, config(shown.Load, kind.protocol)); err != nil {
				return err
			}
		}
		return nil
	})

	c := &crowd{came: map[string]int{}, last: map[string]string{}, often: map[string]int{}}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var coming sync.WaitGroup
	started := 0
	for name, kind := range kinds {
		for _, returning := range []bool{false, true} {
			started++
			client, own := fmt.Sprintf("%s, returning %t", name, returning), config(shown.Load, kind.protocol)
			if returning {
				own.ClientSessionCache = tls.NewLRUClientSessionCache(0)
			}
			coming.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					if returning && n%4 == 0 {
						// Who comes back with a ticket is not shown a certificate.
						own.ClientSessionCache = tls.NewLRUClientSessionCache(0)
					}
					state, err := testpki.Handshake(context.Background(), kind.address, own)
					c.note(client, &state, err)
				}
			})
		}
	}
	// comes waits until all clients are shown a certificate, and nothing else any more, whatever they had begun before.
	comes := func(pair testpki.Pair) {
		t.Helper()
		poll(t, "all are shown the new certificate", func() error { return c.all(started, serialOf(t, pair), 10) })
	}
	comes(pair)
	said := func(text string) int { return strings.Count(s.log.String(), text) }

	for i := range 3 {
		next := testpki.NewAuthority(t)
		pair = servers.Issue(t)
		m.put(t, files(pair, clients, next))
		comes(pair)
		show(next)
		// Certificates of the authority that goes are in no handshake that is still under way.
		seen := c.snapshot()
		poll(t, "all have changed their certificates", func() error {
			for client, n := range c.snapshot() {
				if n < seen[client]+2 {
					return fmt.Errorf("%s has not come again", client)
				}
			}
			return nil
		})
		pair = servers.Issue(t)
		m.put(t, files(pair, next))
		comes(pair)
		gone := clients.Issue(t, "spiffe://example.org/a").TLS(t)
		for name, kind := range kinds {
			if _, err := testpki.Handshake(context.Background(), kind.address, config(func() *tls.Certificate { return &gone }, kind.protocol)); err == nil {
				t.Errorf("%s still believes an authority that is gone", name)
			}
		}
		clients = next

		// Bad ones change nothing. What is wrong is said once, for the pair and for the authorities.
		good := files(pair, next)
		bad := maps.Clone(good)
		bad["tls.key"] = [][]byte{servers.Issue(t).KeyPEM, good["tls.key"][:60], nil}[i]
		bad["ca.crt"] = [][]byte{[]byte("gone"), {}, nil}[i]
		m.put(t, bad)
		poll(t, "it says what is bad", func() error {
			if n := said("last good stays in use"); n < 2*i+2 {
				return fmt.Errorf("it says so %d times", n)
			}
			return nil
		})
		comes(pair)
		m.put(t, good)
		poll(t, "it says that all is good", func() error {
			if n := said("good again"); n < 2*i+2 {
				return fmt.Errorf("it says so %d times", n)
			}
			return nil
		})
	}
	stop()
	coming.Wait()
	handshakes := 0
	for _, n := range c.snapshot() {
		handshakes += n
	}
	if len(c.failed) > 0 {
		t.Errorf("%d of %d handshakes failed, the first: %s", len(c.failed), handshakes, c.failed[0])
	}
	if c.resumed == 0 {
		t.Error("nobody came with a session of before")
	}
	log := s.terminate(t)
	if n := strings.Count(log, `"level":"ERROR"`); n != 6 {
		t.Errorf("two files that were bad three times are said %d times:\n%s", n, log)
	}
	if strings.Contains(log, "PRIVATE KEY") || strings.Contains(log, "BEGIN") {
		t.Error("the log shows what is in files")
	}
	t.Logf("%d handshakes, %d of them with sessions of before", handshakes, c.resumed)
}
