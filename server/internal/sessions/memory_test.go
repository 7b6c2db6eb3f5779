package sessions_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosjson"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server/internal/sessions"
)

// TestMemory: what a session costs that is kept, all included.
func TestMemory(t *testing.T) {
	const most = 1229
	if each := keep(t, 5_000); each > most {
		t.Errorf("a session takes %d bytes, want %d at most", each, most)
	}
}

// BenchmarkKept says the same of as many sessions as it is told to keep (-benchtime=1000000x).
func BenchmarkKept(b *testing.B) {
	b.ReportMetric(float64(keep(b, b.N)), "B/session")
}

// keep fills a cache with sessions, and returns how many bytes each of them takes.
func keep(t testing.TB, n int) uint64 {
	t.Helper()
	data, err := os.ReadFile("testdata/session.json")
	if err != nil {
		t.Fatal(err)
	}
	c := new(clock)
	k := &kratos{whoami: func(context.Context, *adapters.Exchange, int64) (*kratosgrpcv1.Session, error) {
		s := new(kratosgrpcv1.Session)
		return s, kratosjson.Unmarshal(data, s)
	}}
	l := newLookup(t, c, sessions.Options{TTL: time.Hour, Size: n})
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for i := range n {
		if _, err := l.Whoami(k, t.Context(), with(fmt.Sprintf("ory_st_%032d", i)), &kratosgrpcv1.WhoamiRequest{}); err != nil {
			t.Fatal(err)
		}
	}
	each := (max(heap(), before) - before) / uint64(n)
	t.Logf("%d bytes a session", each)
	runtime.KeepAlive(l)
	return each
}
