package kratosreplay

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
)

// T is what a [Server] needs of a test.
type T interface {
	Helper()
	Cleanup(f func())
	Errorf(format string, args ...any)
}

// Options says what a server started by [StartT] does.
type Options struct {
	// Exchanges are what it answers, each once. Of several that are asked for in the same way the first is answered first.
	Exchanges []Exchange
	// AllowUnused is for tests that need not ask for all of them.
	AllowUnused bool
}

// Server answers as recorded.
type Server struct {
	// URL is its address.
	URL string

	t T

	mu      sync.Mutex
	pending []Exchange
	used    []Exchange
}

// StartT starts a server for one test, and stops it afterwards.
func StartT(t T, options Options) *Server {
	t.Helper()
	s := &Server{t: t, pending: slices.Clone(options.Exchanges)}
	started := httptest.NewServer(s)
	s.URL = started.URL
	t.Cleanup(func() {
		started.Close()
		if !options.AllowUnused {
			for _, e := range s.pending {
				t.Errorf("kratosreplay: nobody asked for %q: %s", e.Name, e.Request.Line)
			}
		}
	})
	return s
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Errorf("kratosreplay: %s %s: the body can't be read: %v", r.Method, r.URL.Path, err)
	}
	got := asked{r.Method, r.URL, r.Header, body}
	if recorded, ok := s.take(got); ok {
		recorded.write(w)
		return
	}
	if r.Method == http.MethodGet && r.URL.Path == "/health/ready" {
		w.Header().Set("Content-Type", jsonType)
		_, _ = io.WriteString(w, `{"status":"ok"}`)
		return
	}
	s.t.Errorf("kratosreplay: %s is not recorded%s", got, s.nearest(got))
	http.Error(w, "kratosreplay: there is no such recording", http.StatusNotImplemented)
}

// take finds the exchange that a request is of, and takes it away.
func (s *Server) take(got asked) (Response, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, e := range s.pending {
		if len(got.differences(e.Request.asked())) == 0 {
			s.pending = slices.Delete(s.pending, i, i+1)
			s.used = append(s.used, e)
			return e.Response, true
		}
	}
	return Response{}, false
}

// nearest explains a request that is of no exchange by those that come close.
func (s *Server) nearest(got asked) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var why strings.Builder
	for _, e := range s.used {
		if len(got.differences(e.Request.asked())) == 0 {
			why.WriteString("\n  " + e.Name + ": was answered already")
		}
	}
	for _, e := range s.pending {
		if recorded := e.Request.asked(); got.samePlace(recorded) {
			why.WriteString("\n  " + e.Name + ": " + strings.Join(got.differences(recorded), "; "))
		}
	}
	return why.String()
}

func (r Response) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), r.Header.HTTP())
	if w.Header().Get("Content-Type") == "" {
		// A nil value keeps net/http from guessing one.
		w.Header()["Content-Type"] = nil
	}
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Bytes())
}
