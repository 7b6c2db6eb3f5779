package tlsfiles

import (
	"crypto/tls"
	"log/slog"
	"time"
)

// lastPart is the part of a certificate's lifetime at whose beginning there should have been a new one long ago: whoever renews
// certificates does so after a half or two thirds.
const lastPart = 10

// expiry says in the log that a certificate is about to expire, and that it has, once each. It stays in use: there is no other.
type expiry struct {
	logger *slog.Logger
	what   string
	// warned and ended are the certificates of which it has been said.
	warned, ended *tls.Certificate
}

// check looks at the certificate that is in use.
func (e *expiry) check(pair *tls.Certificate) {
	end := pair.Leaf.NotAfter
	left, lifetime := time.Until(end), end.Sub(pair.Leaf.NotBefore)
	switch {
	case left < 0 && e.ended != pair:
		e.ended = pair
		e.logger.Error("expired, and there is no new one: "+e.what, "at", end.Format(time.RFC3339))
	case left >= 0 && left < lifetime/lastPart && e.warned != pair:
		e.warned = pair
		e.logger.Warn("about to expire, and there is no new one yet: "+e.what, "at", end.Format(time.RFC3339))
	}
}
