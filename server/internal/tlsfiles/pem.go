// Package tlsfiles makes TLS configurations of PEM files that can be replaced at any time.
package tlsfiles

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"
)

// parsePair reads a certificate, with the intermediate ones that it needs behind it, and its key.
func parsePair(contents ...[]byte) (*tls.Certificate, error) {
	if _, err := certificates(contents[0]); err != nil {
		return nil, fmt.Errorf("the certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(contents[0], contents[1])
	if err != nil {
		return nil, err
	}
	switch now := time.Now(); {
	case now.After(pair.Leaf.NotAfter):
		return nil, fmt.Errorf("the certificate has expired on %s", pair.Leaf.NotAfter.Format(time.RFC3339))
	case now.Before(pair.Leaf.NotBefore):
		return nil, fmt.Errorf("the certificate is not valid before %s", pair.Leaf.NotBefore.Format(time.RFC3339))
	}
	return &pair, nil
}

// parsePool reads the certificates of authorities.
func parsePool(contents ...[]byte) (*x509.CertPool, error) {
	authorities, err := certificates(contents[0])
	if err != nil {
		return nil, err
	}
	now := time.Now()
	if !slices.ContainsFunc(authorities, func(a *x509.Certificate) bool { return !now.Before(a.NotBefore) && !now.After(a.NotAfter) }) {
		// One of many is no harm. But nobody can be believed for the sake of these.
		return nil, errors.New("all of its certificates have expired, or are not valid yet")
	}
	pool := x509.NewCertPool()
	for _, authority := range authorities {
		pool.AddCert(authority)
	}
	return pool, nil
}

// certificates reads all certificates of a file. Unlike package x509's own way to read a pool it does not pass over one that
// is broken: what then fails is the handshake of somebody, some day.
func certificates(data []byte) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		data = rest
		if block.Type != "CERTIFICATE" {
			continue
		}
		one, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("number %d: %w", len(all)+1, err)
		}
		all = append(all, one)
	}
	if bytes.Contains(data, []byte("-----BEGIN")) {
		return nil, errors.New("the last PEM block is broken off")
	}
	if len(all) == 0 {
		return nil, errors.New("there is no PEM certificate in it")
	}
	return all, nil
}
