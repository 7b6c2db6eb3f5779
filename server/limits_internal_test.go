package server

import (
	"testing"
	"time"
)

// TestWriteTimeout: who lets Kratos take its time is not cut off meanwhile.
func TestWriteTimeout(t *testing.T) {
	t.Parallel()
	limits := defaultLimits()
	for _, upstream := range []time.Duration{time.Second, time.Hour} {
		s := limits.httpServer(upstream)
		if s.WriteTimeout <= s.ReadTimeout+upstream || s.ReadTimeout <= 0 || s.IdleTimeout <= 0 {
			t.Errorf("when Kratos may take %s, reading takes %s and writing %s at most", upstream, s.ReadTimeout, s.WriteTimeout)
		}
	}
}

// TestStreamTime: a stream ends before its connection is cut off, and for ever is for ever.
func TestStreamTime(t *testing.T) {
	t.Parallel()
	limits := defaultLimits()
	if got := limits.streamTime(); got <= limits.ConnectionAgeGrace/2 || got >= limits.ConnectionAgeGrace {
		t.Errorf("a stream lasts %s, of %s", got, limits.ConnectionAgeGrace)
	}
	if limits.ConnectionAgeGrace = 1; limits.streamTime() <= 0 {
		t.Error("a short grace is none")
	}
	if limits.ConnectionAge = 0; limits.streamTime() != 0 {
		t.Error("a stream has an end, although connections have none")
	}
}
