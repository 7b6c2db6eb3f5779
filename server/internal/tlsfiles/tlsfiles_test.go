package tlsfiles_test

import (
	"bytes"
	"crypto/x509"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest/testpki"
	"github.com/kratosgrpc/kratosgrpc/server/internal/tlsfiles"
)

// TestRefusals opens files that are of no use, which is to be said at once and clearly.
func TestRefusals(t *testing.T) {
	t.Parallel()
	ca := testpki.NewAuthority(t)
	good, other := ca.Issue(t), ca.Issue(t)
	expired := ca.IssueLike(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	early := ca.IssueLike(t, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) })
	broken := bytes.Replace(ca.PEM, []byte("MII"), []byte("AII"), 1)
	bundle := bytes.Join([][]byte{ca.PEM, testpki.NewAuthority(t).PEM}, []byte("# another one\n"))

	for name, c := range map[string]struct {
		cert, key, ca []byte
		says          string
	}{
		"good":                       {good.CertPEM, good.KeyPEM, bundle, ""},
		"chain and key in one":       {append(append([]byte{}, good.CertPEM...), ca.PEM...), append(good.KeyPEM, good.CertPEM...), bundle, ""},
		"another's key":              {good.CertPEM, other.KeyPEM, bundle, "does not match"},
		"no certificate":             {good.KeyPEM, good.KeyPEM, bundle, "no PEM certificate"},
		"no key":                     {good.CertPEM, good.CertPEM, bundle, "key"},
		"not PEM":                    {[]byte("certificate"), good.KeyPEM, bundle, "no PEM certificate"},
		"expired":                    {expired.CertPEM, expired.KeyPEM, bundle, "expired"},
		"not yet valid":              {early.CertPEM, early.KeyPEM, bundle, "not valid before"},
		"broken intermediate":        {append(append([]byte{}, good.CertPEM...), broken...), good.KeyPEM, bundle, "number 2"},
		"authorities broken off":     {good.CertPEM, good.KeyPEM, bundle[:len(bundle)-40], "broken off"},
		"one authority is broken":    {good.CertPEM, good.KeyPEM, append(broken, bundle...), "number 1"},
		"one authority has expired":  {good.CertPEM, good.KeyPEM, append(append([]byte{}, expired.CertPEM...), bundle...), ""},
		"authorities have expired":   {good.CertPEM, good.KeyPEM, append(append([]byte{}, expired.CertPEM...), early.CertPEM...), "all of its certificates have expired"},
		"no authority, but comments": {good.CertPEM, good.KeyPEM, []byte("# none\n"), "no PEM certificate"},
	} {
		dir := t.TempDir()
		cert, key := testpki.Write(t, dir, "tls.crt", c.cert), testpki.Write(t, dir, "tls.key", c.key)
		authorities := testpki.Write(t, dir, "ca.crt", c.ca)
		_, err := tlsfiles.NewServer(slog.New(slog.DiscardHandler), cert, key, authorities, false)
		_, clientErr := tlsfiles.NewClient(slog.New(slog.DiscardHandler), authorities, cert, key)
		if c.says == "" {
			if err != nil || clientErr != nil {
				t.Errorf("%s: %v, %v", name, err, clientErr)
			}
			continue
		}
		for _, err := range []error{err, clientErr} {
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), dir) {
				t.Errorf("%s: %v, which is not %q", name, err, c.says)
			} else if text := err.Error(); strings.Contains(text, "BEGIN") || strings.Contains(text, "MIG") {
				t.Errorf("%s: the error shows what is in the file: %s", name, text)
			}
		}
	}

	dir := t.TempDir()
	cert := testpki.Write(t, dir, "tls.crt", good.CertPEM)
	if _, err := tlsfiles.NewServer(slog.New(slog.DiscardHandler), cert, filepath.Join(dir, "tls.key"), "", false); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("without a key: %v", err)
	}
	if _, err := tlsfiles.NewClient(slog.New(slog.DiscardHandler), "", cert, ""); err == nil || !strings.Contains(err.Error(), "go together") {
		t.Errorf("without a key: %v", err)
	}
}
