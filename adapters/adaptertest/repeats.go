package adaptertest

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters"
)

// reads are the operations that only ask, and may ask twice where there was no answer.
var reads = []string{
	"Whoami", "ListMySessions", "GetLoginFlow", "GetRegistrationFlow", "GetSettingsFlow", "GetRecoveryFlow", "GetVerificationFlow",
	"GetSchema", "ListIdentitySchemas", "GetWebAuthnJavaScript", "GetError",
}

// nothingIsSentTwice: when a connection breaks, nobody can tell whether Kratos has done what it was asked to. Only what changes
// nothing is asked again, once.
func nothingIsSentTwice(t *testing.T, h *Harness) {
	t.Helper()
	var mu sync.Mutex
	asked := map[string]int{}
	adapter := newAdapter(t, h, serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/health/") {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		asked[r.Method+" "+r.URL.Path]++
		mu.Unlock()
		panic(http.ErrAbortHandler)
	}))
	repeated := 0
	for _, o := range supported(t, h) {
		// A connection that was in use is where an HTTP client is tempted most.
		if err := adapter.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantReason(t, o.name, o.do(t.Context(), t, adapter, new(adapters.Exchange)), unavailable)
		mu.Lock()
		for request, times := range asked {
			most := 1
			if slices.Contains(reads, o.name) {
				most = 2
			}
			if times > most && !strings.Contains(request, "/flows/requests/") && !strings.HasSuffix(request, "/flows") {
				t.Errorf("%s sends %s %d times, want %d at most", o.name, request, times, most)
			}
			if times > 2 {
				t.Errorf("%s sends %s %d times", o.name, request, times)
			}
			if times == 2 {
				repeated++
			}
		}
		if len(asked) == 0 {
			t.Errorf("%s asks nobody", o.name)
		}
		clear(asked)
		mu.Unlock()
	}
	if repeated == 0 {
		t.Error("no read is asked again")
	}
}
