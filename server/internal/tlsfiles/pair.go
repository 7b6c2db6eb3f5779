package tlsfiles

import (
	"crypto/tls"
	"log/slog"

	"github.com/kratosgrpc/kratosgrpc/server/internal/livefile"
)

// pair is a certificate with its key, from files that can change. The log says when it gets old.
type pair struct {
	*livefile.File[*tls.Certificate]

	expiry expiry
}

// openPair reads a pair, which the log calls what.
func openPair(logger *slog.Logger, what, certFile, keyFile string) (*pair, error) {
	file, err := livefile.Open(logger, what, parsePair, certFile, keyFile)
	if err != nil {
		return nil, err
	}
	return &pair{File: file, expiry: expiry{logger: logger, what: what}}, nil
}

// Check implements livefile.Checker.
func (p *pair) Check() {
	p.File.Check()
	p.expiry.check(p.Get())
}
