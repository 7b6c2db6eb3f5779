package mesh

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// BenchmarkEnvoy compares in one run what a request through a real Envoy takes with a verdict on a known session, and with
// none at all. What counts is the difference: machines differ, and all of it runs on one.
func BenchmarkEnvoy(b *testing.B) {
	const route = "- match: { prefix: / }\n                          route: { cluster: web }\n"
	unasked := edit{route, route + `                          typed_per_filter_config:
                            envoy.filters.http.ext_authz:
                              "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute
                              disabled: true
`}
	m := startMesh(b, "--session-cache-ttl=1h", "--log-level=warn")
	for _, c := range []struct {
		name  string
		edits []edit
	}{{"without ext_authz", []edit{unasked}}, {"cached verdict", nil}} {
		e := startEnvoy(b, m, c.edits...)
		for _, callers := range []int{1, 8} {
			b.Run(fmt.Sprintf("%s/%d", c.name, callers), func(b *testing.B) { m.measure(b, e, callers) })
		}
	}
}

// measure makes b.N requests, so many at a time, and reports how long they take.
func (m *mesh) measure(b *testing.B, e *envoy, callers int) {
	b.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: callers}
	b.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport, CheckRedirect: stay}
	took := make([][]time.Duration, callers)
	var calling sync.WaitGroup
	for i := range callers {
		calling.Go(func() {
			for range (b.N + callers - 1) / callers {
				req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, e.base+"/", http.NoBody)
				if err != nil {
					b.Error(err)
					return
				}
				req.Header.Set("X-Session-Token", m.ada.token)
				begin := time.Now()
				res, err := client.Do(req)
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
				took[i] = append(took[i], time.Since(begin))
				if res.StatusCode != http.StatusOK {
					b.Errorf("status %d", res.StatusCode)
					return
				}
			}
		})
	}
	calling.Wait()
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	if len(all) == 0 {
		return
	}
	b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
}
