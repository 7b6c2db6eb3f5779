//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package kratostest

import "context"

// lock does nothing where the standard library has no file locks. Processes may
// then build the same binary twice; the rename in once keeps it whole.
func lock(context.Context, string, func()) (unlock func(), err error) {
	return func() {}, nil
}
