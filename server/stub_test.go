package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// stub stands in for a Kratos, for faults that the real one can't be made to show. It remembers what it was asked.
type stub struct {
	*httptest.Server

	mu    sync.Mutex
	asked []*http.Request
}

// startStub serves an answer to everything but the readiness checks, to which it says yes.
func startStub(t *testing.T, answer http.HandlerFunc) *stub {
	t.Helper()
	s := new(stub)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health/ready" {
			answers(http.StatusOK, `{"status":"ok"}`)(w, r)
			return
		}
		s.mu.Lock()
		s.asked = append(s.asked, r)
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// requests are what it was asked so far.
func (s *stub) requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// answers is a handler that always answers the same, with headers as pairs.
func answers(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			w.Header().Add(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}
}

// stubSession is a session as Kratos 0.5 answers it.
const stubSession = `{"id":"s","active":true,"identity":{"id":"i","schema_id":"default","traits":{"email":"ada@example.org"}}}`
