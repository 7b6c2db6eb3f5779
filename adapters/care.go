package adapters

import (
	"errors"
	"time"
)

// Care says how an adapter treats a Kratos that is slow, or down.
type Care struct {
	// MaxConcurrency is how many requests are under way to Kratos at a time; some more wait for a moment, and the others fail
	// at once. 0 is no limit.
	MaxConcurrency int
	// Breaker has requests fail at once while Kratos is down, but for a few that find out whether it is back.
	Breaker bool
	// BreakerChanged is told when requests begin to fail at once, and when they no longer do. It must not block. It can be nil.
	BreakerChanged func(open bool)
	// HedgeAfter is how long Whoami waits for an answer until it asks a second time and takes the first answer. If it has failed by
	// then, that is its second try. 0 never does.
	HedgeAfter time.Duration
}

// DefaultCare is what adapters do that are told nothing else.
func DefaultCare() Care {
	return Care{MaxConcurrency: 512, Breaker: true}
}

// ErrNotAsked is the cause of an [Error] that says nothing new of Kratos: it was not asked, because it is known to be down or
// has too much to do already.
var ErrNotAsked = errors.New("Kratos was not asked") //nolint:staticcheck // It is a name.
