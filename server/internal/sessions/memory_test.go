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
	data, err := os.ReadFile("testdata/session.json")
	if err != nil {
		t.Fatal(err)
	}
	c := new(clock)
	k := &kratos{whoami: func(context.Context, *adapters.Exchange, int64) (*kratosgrpcv1.Session, error) {
		s := new(kratosgrpcv1.Session)
		return s, kratosjson.Unmarshal(data, s)
	}}
	const kept = 5_000
	l := newLookup(t, c, sessions.Options{TTL: time.Hour, Size: kept})
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for i := range kept {
		if _, err := l.Whoami(k, t.Context(), with(fmt.Sprintf("ory_st_%032d", i)), &kratosgrpcv1.WhoamiRequest{}); err != nil {
			t.Fatal(err)
		}
	}
	each := (heap() - before) / kept
	t.Logf("%d bytes a session", each)
	const most = 1229
	if each > most {
		t.Errorf("a session takes %d bytes, want %d at most", each, most)
	}
	runtime.KeepAlive(l)
}
