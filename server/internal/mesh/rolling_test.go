package mesh

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestRollingRestart restarts three replicas one after the other, as an orchestrator does, while requests go on: twice in order,
// and once as after a crash. No request is denied, or answered anything but what the service answers.
func TestRollingRestart(t *testing.T) {
	const requests, callers = 20_000, 8
	m := startMesh(t, append(meshFlags, "--session-cache-ttl=1h")...)
	type replica struct {
		*process
		grpc, rest string
	}
	flags := append(append([]string{}, meshFlags...), "--session-cache-ttl=1h", "--log-level=warn")
	m.kratosgrpc.terminate(t)
	replicas := make([]*replica, 3)
	for i := range replicas {
		replicas[i] = &replica{grpc: freeAddress(t), rest: freeAddress(t)}
		replicas[i].process = startReplica(t, m.gate.URL, replicas[i].grpc, replicas[i].rest, flags...)
	}
	m.grpcAddress = replicas[0].grpc
	var others strings.Builder
	for _, r := range replicas[1:] {
		fmt.Fprintf(&others, "\n              - endpoint: { address: { socket_address: { %s } } }", socket(t, r.grpc))
	}
	const one = "address: kratosgrpc, port_value: 9090 } } }"
	e := startEnvoy(t, m, edit{one, one + others.String()})

	var sent, failed atomic.Int64
	var restarted atomic.Bool
	transport := &http.Transport{MaxIdleConnsPerHost: callers}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport, CheckRedirect: stay}
	var calling sync.WaitGroup
	for i := range callers {
		who := []*person{m.ada, m.tester}[i%2]
		calling.Go(func() {
			for sent.Load() < requests || !restarted.Load() {
				n := sent.Add(1)
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.base+"/", http.NoBody)
				if err != nil {
					t.Error(err)
					return
				}
				req.Header.Set("X-Session-Token", who.token)
				res, err := client.Do(req)
				if err == nil {
					body, _ := io.ReadAll(res.Body)
					_ = res.Body.Close()
					if res.StatusCode == http.StatusOK {
						continue
					}
					err = fmt.Errorf("status %d, %s", res.StatusCode, body)
				}
				if failed.Add(1) <= 10 {
					t.Errorf("request %d: %v", n, err)
				}
			}
		})
	}
	for _, stop := range []func(*process){func(p *process) { p.terminate(t) }, func(p *process) { p.terminate(t) }, (*process).kill} {
		for _, r := range replicas {
			stop(r.process)
			r.process = startReplica(t, m.gate.URL, r.grpc, r.rest, flags...)
			// The next one goes when Envoy knows that this one is back, as an orchestrator waits for readiness.
			awaitHealthy(t, e, len(replicas))
		}
	}
	restarted.Store(true)
	calling.Wait()
	t.Logf("%d of %d requests failed while replicas were restarted %d times", failed.Load(), sent.Load(), 3*len(replicas))
	if failed.Load() > 0 || sent.Load() < requests {
		t.Errorf("%d of %d requests failed", failed.Load(), sent.Load())
	}
}

// awaitHealthy waits until Envoy takes so many replicas for healthy.
func awaitHealthy(t *testing.T, e *envoy, replicas int) {
	t.Helper()
	eventually(t, "Envoy takes the replica for healthy", func() bool {
		res, body := asks(t, e.admin, "/stats?filter=cluster.kratosgrpc.membership_healthy")
		_, count, _ := strings.Cut(strings.TrimSpace(body), ": ")
		healthy, err := strconv.Atoi(count)
		return res.StatusCode == http.StatusOK && err == nil && healthy == replicas
	})
}
