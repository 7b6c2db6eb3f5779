package kratosv01_test

import (
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/adaptertest"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv01"
)

// TestConformance runs what of the suite needs no Kratos: this one can't be built any more. What it answers is replayed, in
// replay_test.go and in front of a whole server.
func TestConformance(t *testing.T) {
	t.Parallel()
	adaptertest.RunWithoutKratos(t, adaptertest.Harness{
		API: kratosv01.API,
		New: func(base string) (adapters.Adapter, error) {
			return kratosv01.New(base, adapters.WithCare(adapters.Care{}))
		},
		Differences: adaptertest.Differences{CookiesOnly: true},
	})
}
