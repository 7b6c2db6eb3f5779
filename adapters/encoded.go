package adapters

import (
	"context"
	"time"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// SessionEncoder is an adapter that can answer Whoami for who only hands the answer on: what it costs to make a message of
// a session, and to take that apart again, is a tenth of the whole call.
type SessionEncoder interface {
	// EncodedWhoami is Whoami, and fills in the answer's half of the exchange alike.
	EncodedWhoami(context.Context, *Exchange, *kratosgrpcv1.WhoamiRequest) (*EncodedSession, error)
}

// EncodedSession is a session that nobody has read, but for what there is to know before it is kept.
type EncodedSession struct {
	// Response is the WhoamiResponse, encoded.
	Response []byte
	SessionFacts
}

// SessionFacts are what there is to know of a session before it is kept.
type SessionFacts struct {
	SessionID, IdentityID string
	// Inactive says that the session says so itself.
	Inactive bool
	// ExpiresAt is when the session ends, or zero if it does not say.
	ExpiresAt time.Time
}

// FactsOf are the facts of a session.
func FactsOf(s *kratosgrpcv1.Session) SessionFacts {
	f := SessionFacts{SessionID: s.GetId(), IdentityID: s.GetIdentity().GetId(), Inactive: s != nil && s.Active != nil && !s.GetActive()} //nolint:protogetter // Unset and false are not the same.
	if s.GetExpiresAt() != nil {
		f.ExpiresAt = s.GetExpiresAt().AsTime()
	}
	return f
}
