package server

import (
	"context"
	"math/rand/v2"
	"net"
	"time"
)

// agesKey is the context's key of the time from which on a REST connection is old.
type agesKey struct{}

// aging notes when a REST connection will be old, as gRPC does for its own: give or take a tenth, so that not all clients come
// back at once.
func (l *Limits) aging(ctx context.Context, _ net.Conn) context.Context {
	if l.ConnectionAge == 0 {
		return ctx
	}
	age := time.Duration(float64(l.ConnectionAge) * (0.9 + 0.2*rand.Float64())) //nolint:gosec // It is no secret.
	return context.WithValue(ctx, agesKey{}, time.Now().Add(age))
}

// isOld tells whether a request has come by a REST connection that is old.
func isOld(ctx context.Context) bool {
	old, ok := ctx.Value(agesKey{}).(time.Time)
	return ok && time.Now().After(old)
}
