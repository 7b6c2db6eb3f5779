package kratostest

import (
	"errors"
	"os"
	"strconv"
	"testing"
)

// StartT starts a Kratos for one test or benchmark and stops it afterwards. If
// the test fails, it logs what Kratos wrote.
//
// On a machine that cannot build Kratos the test is skipped, except if the
// environment says CI=true: there a skipped test would pass for a green one.
func StartT(tb testing.TB, options Options) *Kratos {
	tb.Helper()

	if options.Logf == nil {
		options.Logf = tb.Logf
	}
	k, err := Start(tb.Context(), options)
	if err != nil {
		giveUp(tb, err)
	}

	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("kratostest: Kratos wrote:\n%s", k.Logs())
		}
		if err := k.Stop(); err != nil {
			tb.Error(err)
		}
	})
	return k
}

func giveUp(tb testing.TB, err error) {
	tb.Helper()
	ci, _ := strconv.ParseBool(os.Getenv("CI")) // whatever else it holds counts as false
	if errors.Is(err, ErrToolchain) && !ci {
		tb.Skip(err)
	} else {
		tb.Fatal(err)
	}
}
