package tlsfiles

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"

	"github.com/kratosgrpc/kratosgrpc/server/internal/livefile"
)

// Client is how a client shows who it is, and whose servers' certificates it believes.
type Client struct {
	// Of pair and rootCAs, either is nil where there is none: the system's authorities are believed, no certificate is shown.
	pair    *pair
	rootCAs *livefile.File[*x509.CertPool]
}

// NewClient reads the authorities of the server, and a certificate and its key to show to it; each may be missing.
func NewClient(logger *slog.Logger, caFile, certFile, keyFile string) (_ *Client, err error) {
	if (certFile == "") != (keyFile == "") {
		return nil, errors.New("a certificate and its key go together, and one of them is missing")
	}
	c := new(Client)
	if caFile != "" {
		if c.rootCAs, err = livefile.Open(logger, "the authorities of the server", parsePool, caFile); err != nil {
			return nil, err
		}
	}
	if certFile != "" {
		if c.pair, err = openPair(logger, "the client's certificate and key", certFile, keyFile); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Check implements livefile.Checker.
func (c *Client) Check() {
	if c.rootCAs != nil {
		c.rootCAs.Check()
	}
	if c.pair != nil {
		c.pair.Check()
	}
}

// Config is the configuration of a new connection, to be used for that one.
func (c *Client) Config() *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.rootCAs != nil {
		config.RootCAs = c.rootCAs.Get()
	}
	if c.pair != nil {
		pair := c.pair.Get()
		// Shown whichever authorities the server names: that it is not liked is better said by the server.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair, nil }
	}
	return config
}
