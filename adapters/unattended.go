package adapters

import (
	"context"
	"time"
)

type unattendedKey struct{}

// Unattended returns a context that only time ends: whoever asked may give up, and the question goes on, for there are
// others who wait for its answer. An adapter may ask Kratos in a way then that is cheaper, and can't be called off.
func Unattended(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithValue(context.WithoutCancel(ctx), unattendedKey{}, true), timeout)
}

// IsUnattended reports whether a context comes from [Unattended].
func IsUnattended(ctx context.Context) bool {
	unattended, _ := ctx.Value(unattendedKey{}).(bool)
	return unattended
}
