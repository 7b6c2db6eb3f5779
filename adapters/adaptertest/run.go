package adaptertest

import (
	"slices"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters"
)

// lifespan is how long what has to expire lasts: long enough to be used before, on a slow machine too.
const lifespan = 3 * time.Second

// worlds are the upstreams that cases share, by what is out of the ordinary about them.
var worlds = []struct {
	name    string
	options Options
	cases   []func(*fixture)
}{
	{"ordinary", Options{OIDC: true}, slices.Concat(
		flowCases, loginCases, registrationCases, settingsCases, settingsBrowserCases, oidcCases, linkCases, sessionCases,
		resourceCases, concurrencyCases, updateCases, factorCases, sessionsCases,
	)},
	{"short flows", Options{FlowLifespan: lifespan}, expiryCases},
	{"short sessions", Options{SessionLifespan: lifespan}, []func(*fixture){sessionExpires}},
	{"short privileges", Options{PrivilegedSessionMaxAge: lifespan}, privilegeCases},
	{"codes", Options{Codes: true}, codeCases},
	{"mortal", Options{}, []func(*fixture){upstreamDiesAndReturns}},
}

// RunWithoutKratos runs what of the suite needs no Kratos, for a generation that can't be started: what is not its answer is
// none, and what it has not is refused.
func RunWithoutKratos(t *testing.T, h Harness) {
	t.Helper()
	t.Run("outages", func(t *testing.T) {
		t.Parallel()
		runOutages(t, &h)
	})
	t.Run("support", func(t *testing.T) {
		t.Parallel()
		adapter := newAdapter(t, &h, serve(t, page(503, "text/plain", "")))
		f := &fixture{T: t, harness: &h, adapter: adapter}
		supportIsWhatItIsSaidToBe(f)
		laterFieldsAreNotIgnored(f)
	})
}

// Run runs the suite on the adapter of a generation.
func Run(t *testing.T, h Harness) {
	t.Helper()
	RunWithoutKratos(t, h)
	for _, world := range worlds {
		if world.options.Codes && !h.has("UpdateLoginFlow") {
			// Nothing can be completed by a code.
			continue
		}
		t.Run(world.name, func(t *testing.T) {
			t.Parallel()
			upstream := h.Start(t, world.options)
			adapter := newAdapter(t, &h, upstream.URL)
			for _, c := range world.cases {
				t.Run(caseName(c), func(t *testing.T) {
					t.Parallel()
					c(&fixture{T: t, harness: &h, upstream: upstream, adapter: adapter})
				})
			}
		})
	}
}

func newAdapter(t *testing.T, h *Harness, base string) adapters.Adapter {
	t.Helper()
	adapter, err := h.New(base)
	if err != nil {
		t.Fatal(err)
	}
	if adapter.API() != h.API {
		t.Errorf("the adapter calls itself %q, want %q", adapter.API(), h.API)
	}
	return adapter
}
