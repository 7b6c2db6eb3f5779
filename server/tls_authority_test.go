package server_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest/testpki"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// tickets are the sessions that a client may come back with. They are counted when they are used.
type tickets struct {
	tls.ClientSessionCache

	offered atomic.Int64
}

func newTickets() *tickets { return &tickets{ClientSessionCache: tls.NewLRUClientSessionCache(0)} }

// Get implements tls.ClientSessionCache.
func (c *tickets) Get(key string) (*tls.ClientSessionState, bool) {
	state, ok := c.ClientSessionCache.Get(key)
	if ok && state != nil {
		c.offered.Add(1)
	}
	return state, ok
}

// with is a client's configuration with tickets, and no version but one.
func (c *tickets) with(config *tls.Config, version uint16) *tls.Config {
	config = config.Clone()
	config.ClientSessionCache, config.MinVersion, config.MaxVersion = c, version, version
	return config
}

// versions are those that the ports speak.
var versions = []uint16{tls.VersionTLS12, tls.VersionTLS13}

// TestClientAuthorityRotation: who has a certificate of an authority that is not believed any more comes in no more, not
// even with a session of before; who has one of the new one does.
func TestClientAuthorityRotation(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	s := startServer(t, new(recorder), m.serve)
	before, next := m.clientAuthority, testpki.NewAuthority(t)
	oldPair, newPair := before.Issue(t, "spiffe://example.org/a").TLS(t), next.Issue(t, "spiffe://example.org/a").TLS(t)
	for _, version := range versions {
		for port, address := range ports(s) {
			where := fmt.Sprintf("%s, %s", port, tls.VersionName(version))
			m.putClientCAs(before)
			kept := newTickets()
			oldConfig, newConfig := kept.with(m.configOf(&oldPair), version), newTickets().with(m.configOf(&newPair), version)
			resumed := 0
			comesIn := func(config *tls.Config) bool {
				state, err := testpki.Handshake(t.Context(), address, config)
				if err == nil && state.DidResume {
					resumed++
				}
				return err == nil
			}
			until(t, where+" believes the first authority only", func() bool { return comesIn(oldConfig) && !comesIn(newConfig) })
			m.putClientCAs(before, next)
			until(t, where+" believes both", func() bool { return comesIn(newConfig) })
			if !comesIn(oldConfig) {
				t.Errorf("%s: the first authority is not believed any more", where)
			}
			m.putClientCAs(next)
			until(t, where+" believes the next one only", func() bool { return !comesIn(oldConfig) })
			// The session of before is not what opens, either.
			offered := kept.offered.Load()
			if offered == 0 || resumed == 0 {
				t.Errorf("%s: nobody came with a session of before", where)
			}
			if comesIn(oldConfig) {
				t.Errorf("%s: the first authority is believed again", where)
			}
			if !comesIn(newConfig) {
				t.Errorf("%s: the next authority is not believed", where)
			}
		}
	}
}

// TestTicketNamesNobody: where certificates are optional, a session of before, of a caller whose authority is not believed any
// more, does not make that caller of who shows no certificate now. As long as it is believed, it does.
func TestTicketNamesNobody(t *testing.T) {
	t.Parallel()
	for _, version := range versions {
		m := newMesh(t)
		log := new(capturedLog)
		s := startWithSession(t, m.serve, optional, withExamplePolicy, log.capture)
		pair := m.clientAuthority.Issue(t, "spiffe://example.org/ns/shop/sa/checkout").TLS(t)
		kept := newTickets()
		shows, shy := kept.with(m.configOf(&pair), version), kept.with(m.configOf(nil), version)
		whoami := func(config *tls.Config) error {
			conn := m.dial(s, config)
			defer func() { _ = conn.Close() }()
			_, err := kratosgrpcv1.NewSessionServiceClient(conn).Whoami(t.Context(), new(kratosgrpcv1.WhoamiRequest))
			return err
		}
		named := func(err error) bool {
			if code := status.Code(err); code == codes.Unavailable {
				t.Fatalf("%s: the handshake failed: %v", tls.VersionName(version), err)
			}
			return !refused(t, err)
		}
		if named(whoami(shy)) {
			t.Fatal("who shows nothing is named")
		}
		kept.ClientSessionCache = tls.NewLRUClientSessionCache(0)
		if !named(whoami(shows)) || !named(whoami(shy)) {
			t.Errorf("%s: with a session of before nobody comes back", tls.VersionName(version))
		}
		if !named(whoami(shows)) {
			t.Fatal("it is not let in again")
		}
		m.putClientCAs(testpki.NewAuthority(t))
		log.await(t, "read again: the authorities of clients")
		before := kept.offered.Load()
		if named(whoami(shy)) || kept.offered.Load() == before {
			t.Errorf("%s: a session of an authority that is gone names its caller, or was not offered (%d times before)", tls.VersionName(version), before)
		}
	}
}

// TestClientAuthorityRotationUnderLoad changes the authority of all clients, again and again and as it is to be done: the next
// one beside the one that is in use, then certificates of it, then it alone. Clients that connect all the time, with sessions
// of before and without, see nothing of it.
func TestClientAuthorityRotationUnderLoad(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	log := new(capturedLog)
	s := startServer(t, new(recorder), m.serve, log.capture)
	var shown atomic.Pointer[tls.Certificate]
	show := func(authority *testpki.Authority) {
		pair := authority.Issue(t, "spiffe://example.org/a").TLS(t)
		shown.Store(&pair)
	}
	show(m.clientAuthority)

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var clients sync.WaitGroup
	r := &rotation{serials: map[string]bool{}}
	var all []*tickets
	for i := range 8 {
		kept := newTickets()
		config := m.configOf(nil)
		if i < 4 {
			all = append(all, kept)
			config = kept.with(config, versions[i%2])
		}
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return shown.Load(), nil }
		call := callGRPC(s, config)
		if i%4 > 1 {
			call = callREST(s, config)
		}
		clients.Go(func() { r.connect(ctx, call) })
	}
	more := func() {
		t.Helper()
		already := r.count()
		until(t, "there are more handshakes", func() bool { return r.count() >= already+40 })
	}
	put := func(authorities ...*testpki.Authority) {
		t.Helper()
		said := len(log.lines("read again: the authorities of clients"))
		m.putClientCAs(authorities...)
		until(t, "the authorities are read again", func() bool { return len(log.lines("read again: the authorities of clients")) > said })
		more()
	}
	more()
	current := m.clientAuthority
	const rotations = 6
	for range rotations {
		next := testpki.NewAuthority(t)
		put(current, next)
		show(next)
		more()
		// Whoever has begun before has ended.
		r.settle(t)
		put(next)
		pair := current.Issue(t, "spiffe://example.org/a").TLS(t)
		for port, address := range ports(s) {
			if _, err := testpki.Handshake(t.Context(), address, m.configOf(&pair)); err == nil {
				t.Errorf("%s still believes an authority that is gone", port)
			}
		}
		current = next
	}
	stop()
	clients.Wait()
	if len(r.failed) > 0 {
		t.Errorf("%d of %d handshakes failed, the first with %v", len(r.failed), r.handshakes, r.failed[0])
	}
	for i, kept := range all {
		if kept.offered.Load() == 0 {
			t.Errorf("client %d never came with a session of before", i)
		}
	}
	t.Logf("%d handshakes, %d rotations", r.handshakes, rotations)
}
