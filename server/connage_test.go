package server_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest/testpki"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// TestConnectionAgeOverREST: clients that ask all the time open another connection now and then, and no request fails because of
// it; over HTTP/1.1 and HTTP/2.
func TestConnectionAgeOverREST(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		m := newMesh(t)
		aging := func(age time.Duration) func(*server.Config) {
			return func(c *server.Config) { c.Limits.ConnectionAge = age }
		}
		s := startServer(t, new(recorder), m.serve, aging(50*time.Millisecond))
		connections, client := map[string]bool{}, m.browse(m.config("spiffe://example.org/a"))
		client.Transport.(*http.Transport).ForceAttemptHTTP2 = http2
		if !http2 {
			client.Transport.(*http.Transport).TLSClientConfig.NextProtos = []string{"http/1.1"}
		}
		until(t, "the client has opened other connections", func() bool {
			from, proto := connectionOf(t, client, secure(s, "/healthz"))
			if (proto == "HTTP/2.0") != http2 {
				t.Fatalf("it speaks %s", proto)
			}
			connections[from] = true
			return len(connections) >= 4
		})

		// It is age that ends them, and nothing else.
		forever := startServer(t, new(recorder), m.serve, aging(0))
		first, _ := connectionOf(t, client, secure(forever, "/healthz"))
		for range 20 {
			if next, _ := connectionOf(t, client, secure(forever, "/healthz")); next != first {
				t.Errorf("a connection that does not age ends")
			}
		}
	}
}

// connectionOf makes a request, and says by which connection it went, and in which protocol.
func connectionOf(t *testing.T, client *http.Client, url string) (connection, proto string) {
	t.Helper()
	var from net.Addr
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { from = info.Conn.LocalAddr() }})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("the answer is %d", res.StatusCode)
	}
	return from.String(), res.Proto
}

// TestAuthorityGoneByConnection: who is connected stays connected when the authority of its certificate is taken out, and has to
// show that it is believed once the connection is old.
func TestAuthorityGoneByConnection(t *testing.T) {
	t.Parallel()
	m := newMesh(t)
	log := new(capturedLog)
	lasting := startServer(t, new(recorder), m.serve, log.capture)
	aging := startServer(t, new(recorder), m.serve, func(c *server.Config) { c.Limits.ConnectionAge = 50 * time.Millisecond })
	client := m.browse(m.config("spiffe://example.org/a"))
	first, _ := connectionOf(t, client, secure(lasting, "/healthz"))
	_, _ = connectionOf(t, client, secure(aging, "/healthz"))
	m.putClientCAs(testpki.NewAuthority(t))
	log.await(t, "read again: the authorities of clients")
	if next, _ := connectionOf(t, client, secure(lasting, "/healthz")); next != first {
		t.Errorf("it comes by %s, and did by %s", next, first)
	}
	until(t, "its connection is old", func() bool { return statusAt(t, client, secure(aging, "/healthz")) == 0 })
}
