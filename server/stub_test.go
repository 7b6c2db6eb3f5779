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

// cannedSession is what Kratos 1.3.1 answers to whoami.
const cannedSession = `{"id":"c3c4c688-5a9f-4b6f-a731-b86640d1cf3c","active":true,"expires_at":"2099-11-24T05:39:46.973212996Z","authenticated_at":"2026-11-23T05:39:46.973212996Z","authenticator_assurance_level":"aal1","authentication_methods":[{"method":"password","aal":"aal1","completed_at":"2026-11-23T05:39:46.973212419Z"}],"issued_at":"2026-11-23T05:39:46.973212996Z","identity":{"id":"eec37e13-f8b7-4acf-ab55-8c3827a9e4fb","schema_id":"default","schema_url":"http://127.0.0.1:4433/schemas/ZGVmYXVsdA","state":"active","state_changed_at":"2026-11-23T05:39:46.971453534Z","traits":{"email":"ada@example.org","name":{"last":"Lovelace","first":"Ada"}},"verifiable_addresses":[{"id":"a3f73afc-23c1-4685-91c2-baadfb986cfe","value":"ada@example.org","verified":false,"via":"email","status":"sent","created_at":"2026-11-23T05:39:46.972444Z","updated_at":"2026-11-23T05:39:46.972444Z"}],"recovery_addresses":[{"id":"ed4ced18-ffc1-47b7-86a4-cf62b77054de","value":"ada@example.org","via":"email","created_at":"2026-11-23T05:39:46.972611Z","updated_at":"2026-11-23T05:39:46.972611Z"}],"metadata_public":null,"created_at":"2026-11-23T05:39:46.972186Z","updated_at":"2026-11-23T05:39:46.972186Z","organization_id":null},"devices":[{"id":"2072b38d-dcfa-4947-b984-23b942484e02","ip_address":"127.0.0.1:54974","user_agent":"client","location":""}]}`
