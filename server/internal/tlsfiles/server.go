package tlsfiles

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"

	"github.com/kratosgrpc/kratosgrpc/server/internal/livefile"
)

// Server is how a server shows who it is, and whose clients' certificates it believes.
type Server struct {
	pair *pair
	// clientCAs is nil where clients need no certificate.
	clientCAs *livefile.File[*x509.CertPool]
	auth      tls.ClientAuthType
}

// NewServer reads a certificate, its key and, if clientCAFile is not empty, the authorities of clients' certificates; these
// are verified if they are shown, and have to be shown unless they are optional.
func NewServer(logger *slog.Logger, certFile, keyFile, clientCAFile string, optional bool) (_ *Server, err error) {
	s := new(Server)
	if s.pair, err = openPair(logger, "the server's certificate and key", certFile, keyFile); err != nil {
		return nil, err
	}
	if clientCAFile == "" {
		return s, nil
	}
	s.auth = tls.RequireAndVerifyClientCert
	if optional {
		s.auth = tls.VerifyClientCertIfGiven
	}
	s.clientCAs, err = livefile.Open(logger, "the authorities of clients", parsePool, clientCAFile)
	return s, err
}

// Check implements livefile.Checker.
func (s *Server) Check() {
	s.pair.Check()
	if s.clientCAs != nil {
		s.clientCAs.Check()
	}
}

// Config is the configuration of a listener that speaks these protocols (ALPN). It is up to date in every handshake.
func (s *Server) Config(protocols ...string) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		NextProtos:         protocols,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.handshake(protocols), nil },
	}
}

// handshake is the configuration of one handshake.
func (s *Server) handshake(protocols []string) *tls.Config {
	config := &tls.Config{
		MinVersion:   tls.VersionTLS12,
		NextProtos:   protocols,
		Certificates: []tls.Certificate{*s.pair.Get()},
		ClientAuth:   s.auth,
	}
	if s.clientCAs != nil {
		// A client that comes back with a ticket is checked against these too.
		config.ClientCAs = s.clientCAs.Get()
	}
	return config
}
