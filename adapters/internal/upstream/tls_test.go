package upstream_test

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest/testpki"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// TestTLS asks by a configuration that changes: each new connection has the one of then, and speaks HTTP/2.
func TestTLS(t *testing.T) {
	t.Parallel()
	servers, clients, other := testpki.NewAuthority(t), testpki.NewAuthority(t), testpki.NewAuthority(t)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{
		Certificates: []tls.Certificate{servers.Issue(t).TLS(t)}, MinVersion: tls.VersionTLS12,
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: testpki.Pool(clients),
	}
	s.StartTLS()
	t.Cleanup(s.Close)

	config := func(believed, own *testpki.Authority) *tls.Config {
		pair := own.Issue(t).TLS(t)
		return &tls.Config{
			RootCAs: testpki.Pool(believed), MinVersion: tls.VersionTLS12,
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil },
		}
	}
	var current atomic.Pointer[tls.Config]
	c, err := upstream.New(s.URL, adapters.WithTLS(current.Load))
	if err != nil {
		t.Fatal(err)
	}
	for _, use := range []struct {
		what   string
		config *tls.Config
		ok     bool
	}{
		{"another authority of servers", config(other, clients), false},
		{"another authority of clients", config(servers, other), false},
		{"no certificate", &tls.Config{RootCAs: testpki.Pool(servers), MinVersion: tls.VersionTLS12}, false},
		{"another name", func() *tls.Config { c := config(servers, clients); c.ServerName = "kratos.example.org"; return c }(), false},
		{"what is right", config(servers, clients), true},
		// The connection is there already.
		{"nothing, for who is connected", config(other, other), true},
	} {
		current.Store(use.config)
		res, err := c.Do(t.Context(), upstream.Request{Method: http.MethodGet, Path: "/"})
		switch e := new(adapters.Error); {
		case use.ok && (err != nil || string(res.Body) != "HTTP/2.0"):
			t.Errorf("with %s: %v, %v", use.what, res, err)
		case !use.ok && (!errors.As(err, &e) || e.Reason != kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE):
			t.Errorf("with %s: %v", use.what, err)
		}
	}
	c.Close()
	if _, err := c.Do(t.Context(), upstream.Request{Method: http.MethodGet, Path: "/"}); err == nil {
		t.Error("a new connection has the configuration of an old one")
	}
}
