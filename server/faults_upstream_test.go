package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// TestUpstreamFaults lets whoami meet answers that are none of Kratos's, or none at all. None of them may pass for "no
// session", nor for a session.
func TestUpstreamFaults(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a redirect was followed")
	}))
	t.Cleanup(elsewhere.Close)
	unavailable := want{code: codes.Unavailable, reason: "UPSTREAM_UNAVAILABLE", status: 503}

	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   want
	}{
		"500":                       {answers(500, `{"error":{"code":500,"status":"Internal Server Error","message":"oh no","debug":"at x.go:12"}}`), want{code: codes.Unavailable, reason: "UPSTREAM_UNAVAILABLE", status: 500}},
		"500 without words":         {answers(500, `{}`), unavailable},
		"502 of a proxy":            {answers(502, `<html>Bad Gateway</html>`, "Content-Type", "text/html"), unavailable},
		"401 of a proxy":            {answers(401, `<html>Who are you?</html>`), unavailable},
		"401 without words":         {answers(401, ``), unavailable},
		"404 of a proxy":            {answers(404, `404 page not found`), unavailable},
		"200 of a proxy":            {answers(200, `<html>Welcome</html>`), unavailable},
		"200 and nothing":           {answers(200, ``), unavailable},
		"200 and an empty object":   {answers(200, `{}`), unavailable},
		"200 and null":              {answers(200, `null`), unavailable},
		"200 and a list":            {answers(200, `[]`), unavailable},
		"200 and another object":    {answers(200, `{"status":"ok"}`), unavailable},
		"200 and nobody's session":  {answers(200, `{"id":"s","active":true}`), unavailable},
		"200 and an id of no text":  {answers(200, `{"id":{"$ne":""}}`), unavailable},
		"204":                       {answers(204, ``), unavailable},
		"redirect":                  {answers(302, ``, "Location", elsewhere.URL), unavailable},
		"redirect with a session":   {answers(307, stubSession, "Location", elsewhere.URL), unavailable},
		"body that is too large":    {tooLarge, unavailable},
		"body that breaks off":      {breaksOff, want{code: codes.Unavailable, reason: "UPSTREAM_UNAVAILABLE", status: 503, ours: true}},
		"connection that is closed": {hangsUp, want{code: codes.Unavailable, reason: "UPSTREAM_UNAVAILABLE", status: 503, ours: true}},
		"401":                       {answers(401, `{"error":{"code":401,"status":"Unauthorized","message":"no"}}`), want{code: codes.Unauthenticated, reason: "NO_ACTIVE_SESSION", status: 401}},
		"session":                   {answers(200, stubSession), want{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, newAdapter(t, startStub(t, c.answer).URL))
			for _, through := range []client{&grpcClient{conn: s.conn}, &restClient{base: s.rest, http: s.http}} {
				through.verify(t, through.do(t, whoami()), c.want)
			}
		})
	}
}

func whoami() call {
	return call{rpc: kratosgrpcv1.SessionService_Whoami_FullMethodName, message: &kratosgrpcv1.WhoamiRequest{}, caller: caller{sessionToken: "token"}}
}

func tooLarge(w http.ResponseWriter, _ *http.Request) {
	_, _ = fmt.Fprintf(w, `{"id":"s","padding":"%s"}`, strings.Repeat("x", 5<<20))
}

func breaksOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = fmt.Fprint(w, stubSession)
}

func hangsUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// TestUpstreamRateLimit checks that callers are told to wait, and for how long.
func TestUpstreamRateLimit(t *testing.T) {
	t.Parallel()
	const body = `{"error":{"code":429,"status":"Too Many Requests","message":"slow down"}}`
	for name, c := range map[string]struct {
		headers []string
		seconds int64
	}{
		"seconds": {[]string{"Retry-After", "7"}, 7},
		"nothing": {nil, 1},
		"rubbish": {[]string{"Retry-After", "-5"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, newAdapter(t, startStub(t, answers(429, body, c.headers...)).URL))
			limited := want{code: codes.ResourceExhausted, reason: "RATE_LIMITED", status: 429}

			overGRPC := &grpcClient{conn: s.conn}
			r := overGRPC.do(t, whoami())
			overGRPC.verify(t, r, limited)
			if got := retryDelay(r.failure); got != time.Duration(c.seconds)*time.Second {
				t.Errorf("the delay is %s, want %ds", got, c.seconds)
			}
			overREST := &restClient{base: s.rest, http: s.http}
			r = overREST.do(t, whoami())
			overREST.verify(t, r, limited)
			if got := r.response.Header.Get("Retry-After"); got != fmt.Sprint(c.seconds) {
				t.Errorf("Retry-After is %q, want %d", got, c.seconds)
			}
		})
	}
}

func retryDelay(st *status.Status) time.Duration {
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return info.GetRetryDelay().AsDuration()
		}
	}
	return 0
}

// TestUpstreamHangs checks that nobody waits for ever: neither callers that say how long they will, nor the others.
func TestUpstreamHangs(t *testing.T) {
	t.Parallel()
	hang := startStub(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	over := want{code: codes.DeadlineExceeded, reason: "DEADLINE_EXCEEDED", status: 504, ours: true}

	t.Run("server's limit", func(t *testing.T) {
		t.Parallel()
		s := startServer(t, newAdapter(t, hang.URL), func(c *server.Config) { c.UpstreamTimeout = 50 * time.Millisecond })
		for _, through := range []client{&grpcClient{conn: s.conn}, &restClient{base: s.rest, http: s.http}} {
			through.verify(t, through.do(t, whoami()), over)
		}
	})
	t.Run("caller's deadline", func(t *testing.T) {
		t.Parallel()
		s := startServer(t, newAdapter(t, hang.URL))
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := kratosgrpcv1.NewSessionServiceClient(s.conn).Whoami(ctx, new(kratosgrpcv1.WhoamiRequest))
		if status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
	})
	t.Run("caller who gives up", func(t *testing.T) {
		t.Parallel()
		logged := new(capturedLog)
		// It gives up when Kratos has been asked, not before: however slow this machine is.
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		hang := startStub(t, func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		})
		s := startServer(t, newAdapter(t, hang.URL), logged.capture)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.rest+"/sessions/whoami", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := s.http.Do(req); err == nil {
			_ = res.Body.Close()
			t.Fatal("there is an answer")
		}
		// Kratos must not be kept at it for somebody who is gone.
		logged.await(t, `"code":"Canceled"`)
	})
}
