package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// TestWhoamiByBothWays: who asks REST's whoami can't tell which way it went, and nor can who reads the log. With a
// parameter, even if that says nothing, it is the gateway's.
func TestWhoamiByBothWays(t *testing.T) {
	t.Parallel()
	const identity = "X-Kratos-Authenticated-Identity-Id"
	large := strings.Replace(cannedSession, `"metadata_public":null`, `"metadata_public":{"a":"`+strings.Repeat("b", 10_000)+`<&>"}`, 1)
	for name, answer := range map[string]http.HandlerFunc{
		"session":            answers(200, cannedSession, identity, "eec37e13-f8b7-4acf-ab55-8c3827a9e4fb", "Ory-Session-Cache-For", "60"),
		"large session":      answers(200, large, identity, "eec37e13-f8b7-4acf-ab55-8c3827a9e4fb"),
		"sliding cookie":     answers(200, cannedSession, "Set-Cookie", "ory_kratos_session=new; Path=/; HttpOnly", "Set-Cookie", "csrf_token_a=b"),
		"no session":         answers(401, `{"error":{"code":401,"status":"Unauthorized","reason":"No valid session","message":"no"}}`),
		"second factor":      answers(403, `{"redirect_browser_to":"http://ui/login?aal=aal2","error":{"id":"session_aal2_required","code":403,"message":"aal2"}}`),
		"too many":           answers(429, `{"error":{"code":429,"message":"slow down"}}`, "Retry-After", "7"),
		"fault":              answers(500, `{"error":{"code":500,"message":"no such table","debug":"secret"}}`),
		"no JSON":            answers(200, `<html>`),
		"no session, really": answers(200, `{}`),
		"cut":                func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"slow": func(_ http.ResponseWriter, r *http.Request) {
			// The client waits for the answer, whose header does not come.
			<-r.Context().Done()
		},
	} {
		for _, ttl := range []time.Duration{0, time.Minute} {
			t.Run(fmt.Sprintf("%s, cached for %s", name, ttl), func(t *testing.T) {
				t.Parallel()
				log := new(capturedLog)
				upstream := startStub(t, answer)
				adapter, err := kratosv1.New(upstream.URL)
				if err != nil {
					t.Fatal(err)
				}
				s := startServer(t, adapter, log.capture, func(c *server.Config) {
					c.SessionCacheTTL, c.UpstreamTimeout = ttl, 300*time.Millisecond
					c.PublicURL, c.KratosURLs = "https://id.example.org", []string{"http://127.0.0.1:4433"}
				})
				for i, header := range []http.Header{
					{"X-Session-Token": {"t"}},
					{"X-Session-Token": {"t"}},
					{"Cookie": {"other=1; ory_kratos_session=c; csrf_token_a=b"}, "Accept": {"text/html"}},
					{"Authorization": {"Bearer b"}, "Cache-Control": {"no-cache"}, "X-Request-Id": {"mine"}},
					{"Authorization": {"Bearer b", "Bearer c"}},
					{"X-Session-Token": {"a", "b"}},
					{"X-Session-Token": {"ü"}},
					{"Content-Type": {"application/x-www-form-urlencoded"}},
					{},
				} {
					for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
						short := askedBy(t, s, log, fmt.Sprintf("%d-%s-short", i, method), method, "/sessions/whoami", header)
						long := askedBy(t, s, log, fmt.Sprintf("%d-%s-long", i, method), method, "/sessions/whoami?tokenize_as=", header)
						if short != long {
							t.Errorf("%s with %v answers\n%s\nand by the gateway\n%s", method, header, short, long)
						}
					}
					if name == "slow" {
						break
					}
				}
			})
		}
	}
}

// askedBy is what an HTTP client and the log's reader see of a request.
func askedBy(t *testing.T, s *testServer, log *capturedLog, id, method, path string, header http.Header) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.rest+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header.Clone()
	if req.Header.Get("X-Request-Id") == "" {
		req.Header.Set("X-Request-Id", id)
	} else {
		id = req.Header.Get("X-Request-Id") + id
		req.Header.Set("X-Request-Id", id)
	}
	res, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Date", "Content-Length"} {
		res.Header.Del(name)
	}
	seen := fmt.Sprintln(res.StatusCode, sorted(res.Header), strings.ReplaceAll(string(body), id, "ID"))
	if strings.Contains(header.Get("X-Session-Token")+strings.Join(header["Authorization"], ""), "ü") || len(header["Authorization"]) > 1 {
		// It is refused before there is a call.
		return seen
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(log.await(t, `"request_id":"`+id+`"`)), &line); err != nil {
		t.Fatal(err)
	}
	delete(line, "time")
	delete(line, "latency")
	delete(line, "request_id")
	if cause, ok := line["cause"].(string); ok {
		// The first and the second try find their own words for what is the same.
		line["cause"], _, _ = strings.Cut(cause, "unavailable: ")
	}
	return seen + fmt.Sprint(line)
}

func sorted(header http.Header) string {
	var all strings.Builder
	for _, name := range slices.Sorted(maps.Keys(header)) {
		fmt.Fprintf(&all, "%s: %q\n", name, header[name])
	}
	return all.String()
}
