package adaptertest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

const unavailable = kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE

// runOutages runs what needs no Kratos: something else answers, or nothing does.
func runOutages(t *testing.T, h *Harness) {
	t.Helper()
	for name, answer := range notKratos {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			adapter := newAdapter(t, h, serve(t, answer))
			for _, o := range supported(t, h) {
				if o.name == "GetSchema" && strings.HasPrefix(name, "200, JSON") {
					continue // All JSON can be a schema.
				}
				wantReason(t, o.name, o.do(t.Context(), t, adapter, new(adapters.Exchange)), unavailable)
			}
			// Of its readiness Kratos says nothing but the status.
			if err := adapter.Ready(t.Context()); err == nil && !strings.HasPrefix(name, "200") {
				t.Error("Kratos is said to be ready")
			}
		})
	}
	t.Run("no panic", func(t *testing.T) {
		t.Parallel()
		noAnswerPanics(t, h)
	})
	for name, run := range map[string]func(*testing.T, *Harness){
		"nobody listens": nobodyListens, "no answer in time": noAnswerInTime, "caller gives up": callerGivesUp, "base URL": baseURL,
		"redirects": redirectsAreNotFollowed, "one credential": oneCredentialGoesUpstream, "client address": clientIsNamed,
		"nothing is sent twice": nothingIsSentTwice,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, h)
		})
	}
}

// serve answers everything in the same way.
func serve(t *testing.T, answer http.HandlerFunc) (base string) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

func page(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// notKratos are answers that Kratos never gives, or that say that it has failed. None says anything about the caller.
var notKratos = map[string]http.HandlerFunc{
	"500, Kratos's":         page(500, "application/json", `{"error":{"code":500,"message":"An internal server error occurred, please contact the system administrator"}}`),
	"502, a proxy's":        page(502, "text/html", "<html><h1>Bad Gateway</h1></html>"),
	"503, empty":            page(503, "text/plain", ""),
	"401, a proxy's":        page(401, "text/html", "<html><h1>Authorization Required</h1></html>"),
	"401, empty":            page(401, "", ""),
	"401, JSON of another":  page(401, "application/json", `{"message":"Unauthorized"}`),
	"401, error of another": page(401, "application/json", `{"error":{"message":"Unauthorized"}}`),
	"401, error as text":    page(401, "application/json", `{"error":"unauthorized"}`),
	"403, a proxy's":        page(403, "text/html", "<html><h1>Forbidden</h1></html>"),
	"404, a proxy's":        page(404, "text/html", "<html><h1>Not Found</h1></html>"),
	"404, Go's":             page(404, "text/plain; charset=utf-8", "404 page not found\n"),
	"410, a proxy's":        page(410, "text/html", "<html><h1>Gone</h1></html>"),
	"200, a page":           page(200, "text/html", "<html><h1>Welcome</h1></html>"),
	"200, empty":            page(200, "application/json", ""),
	"200, JSON, empty":      page(200, "application/json", `{}`),
	"200, JSON, null error": page(200, "application/json", `{"error":null}`),
	"200, JSON of another":  page(200, "application/json", `{"message":"Welcome"}`),
	"200, half":             page(200, "application/json", `{"id":"`),
	"302, nowhere":          page(302, "text/html", ""),
	"304":                   page(304, "", ""),
	"cut short": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(`{"id":"`))
	},
	"broken off": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
}

// noAnswerPanics: what is meant as the answer of another operation is an error, or is answered; but that is all.
func noAnswerPanics(t *testing.T, h *Harness) {
	t.Helper()
	for _, body := range []string{
		`null`, `[]`, `7`, `{"methods":{}}`, `{"id":"a","methods":{"password":{"config":null}}}`, `{"authenticated_at":"2020-01-01T00:00:00Z"}`,
		`{"id":"a","authenticated_at":"2020-01-01T00:00:00Z","identity":{"id":"b"}}`, `{"session":{},"session_token":"a"}`, `{"ui":{"nodes":[null]}}`,
	} {
		for _, status := range []int{200, 400, 422} {
			adapter := newAdapter(t, h, serve(t, page(status, "application/json", body)))
			for _, o := range supported(t, h) {
				_ = o.do(t.Context(), t, adapter, new(adapters.Exchange))
			}
		}
	}
}

func nobodyListens(t *testing.T, h *Harness) {
	t.Helper()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	adapter := newAdapter(t, h, server.URL)
	for _, o := range supported(t, h) {
		wantReason(t, o.name, o.do(t.Context(), t, adapter, new(adapters.Exchange)), unavailable)
	}
	if err := adapter.Ready(t.Context()); err == nil {
		t.Error("Kratos is said to be ready")
	}
}

// hang answers nothing until the caller has gone.
func hang(t *testing.T) (base string, asked <-chan struct{}) {
	t.Helper()
	requests := make(chan struct{}, 100)
	return serve(t, func(_ http.ResponseWriter, r *http.Request) {
		// Only once the request is read whole does net/http see that the caller has gone.
		_, _ = io.Copy(io.Discard, r.Body)
		requests <- struct{}{}
		<-r.Context().Done()
	}), requests
}

func noAnswerInTime(t *testing.T, h *Harness) {
	t.Helper()
	base, _ := hang(t)
	adapter := newAdapter(t, h, base)
	var wait sync.WaitGroup
	for _, o := range supported(t, h) {
		for _, timeout := range []time.Duration{-time.Second, 50 * time.Millisecond} {
			wait.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), timeout)
				defer cancel()
				wantReason(t, o.name, o.do(ctx, t, adapter, new(adapters.Exchange)), kratosgrpcv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED)
			})
		}
	}
	wait.Wait()
}

func callerGivesUp(t *testing.T, h *Harness) {
	t.Helper()
	base, asked := hang(t)
	adapter := newAdapter(t, h, base)
	for _, o := range supported(t, h) {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			select {
			case <-asked:
			case <-time.After(10 * time.Second):
				t.Errorf("%s asks nobody", o.name)
			}
			cancel()
		}()
		wantReason(t, o.name, o.do(ctx, t, adapter, new(adapters.Exchange)), kratosgrpcv1.ErrorReason_ERROR_REASON_CANCELLED)
		<-ctx.Done()
	}
}

func baseURL(t *testing.T, h *Harness) {
	t.Helper()
	for _, base := range []string{"", "kratos", "/kratos", "kratos:4433", "//kratos", "ftp://kratos", "http://", "http://kratos\n", "http://u:secret-word@kratos", "http://kratos?token=secret-word", "http://kratos#secret-word", "http://k:secret-word/"} {
		if _, err := h.New(base); err == nil {
			t.Errorf("%q is accepted", base)
		} else if strings.Contains(err.Error(), "secret-word") {
			t.Errorf("%q: the error quotes it: %v", base, err)
		}
	}
}

// redirectsAreNotFollowed: where Kratos sends a browser, or something in its place sends whomever, is not for the adapter
// to go.
func redirectsAreNotFollowed(t *testing.T, h *Harness) {
	t.Helper()
	elsewhere := serve(t, func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s was followed", r.Method, r.URL)
		page(200, "application/json", "{}")(w, r)
	})
	for _, status := range []int{301, 302, 303, 307, 308} {
		adapter := newAdapter(t, h, serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", elsewhere+r.URL.Path)
			w.WriteHeader(status)
		}))
		for _, o := range supported(t, h) {
			_ = o.do(t.Context(), t, adapter, new(adapters.Exchange))
		}
	}
}

// oneCredentialGoesUpstream: of a caller that has a token only that is sent, of others only Kratos's own cookies.
func oneCredentialGoesUpstream(t *testing.T, h *Harness) {
	t.Helper()
	sent := headersSent(t, h)
	for _, kind := range []adapters.CredentialKind{adapters.NoCredential, adapters.BearerToken, adapters.SessionToken} {
		for _, o := range supported(t, h) {
			x := &adapters.Exchange{Caller: adapters.Caller{Cookies: []string{"somebody_elses=theirs; ory_kratos_session=mine"}, RequestID: "request-1"}}
			if kind != adapters.NoCredential {
				x.Caller.Credential = adapters.Credential{Kind: kind, Token: "good-token"}
			}
			for _, header := range sent(o, x) {
				if isNobodys[o.name] || h.Differences.CookiesOnly {
					checkHeader(t, o.name, adapters.NoCredential, header)
					continue
				}
				checkHeader(t, o.name, kind, header)
			}
		}
	}
}

// headersSent has an operation ask a Kratos that is down, and returns the headers of all that it asks there.
func headersSent(t *testing.T, h *Harness) func(anyOperation, *adapters.Exchange) []http.Header {
	t.Helper()
	var mu sync.Mutex
	var seen []http.Header
	adapter := newAdapter(t, h, serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.Header)
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	return func(o anyOperation, x *adapters.Exchange) []http.Header {
		t.Helper()
		seen = nil
		_ = o.do(t.Context(), t, adapter, x)
		if len(seen) == 0 {
			t.Errorf("%s asks nobody", o.name)
		}
		return seen
	}
}

// isNobodys are the operations that need no credential, and so send none.
var isNobodys = map[string]bool{"ExchangeSessionToken": true, "GetWebAuthnJavaScript": true}

func checkHeader(t *testing.T, name string, kind adapters.CredentialKind, header http.Header) {
	t.Helper()
	bearer, token, cookie := header.Get("Authorization"), header.Get("X-Session-Token"), header.Get("Cookie")
	if strings.Contains(cookie, "somebody_elses") {
		t.Errorf("%s sends somebody else's cookies upstream: %q", name, cookie)
	}
	if header.Get("X-Request-Id") != "request-1" {
		t.Errorf("%s does not send the request's id", name)
	}
	switch kind {
	case adapters.BearerToken:
		if bearer != "Bearer good-token" || token != "" || cookie != "" {
			t.Errorf("%s sends %q, %q and cookies %q, want the bearer token alone", name, bearer, token, cookie)
		}
	case adapters.SessionToken:
		if bearer != "" || token != "good-token" || cookie != "" {
			t.Errorf("%s sends %q, %q and cookies %q, want the session token alone", name, bearer, token, cookie)
		}
	default:
		if bearer != "" || token != "" {
			t.Errorf("%s sends %q and %q, want no token", name, bearer, token)
		}
	}
}

// upstreamDiesAndReturns: while Kratos is away nothing is said about anybody's session, and afterwards all is as before.
func upstreamDiesAndReturns(f *fixture) {
	a := f.account()
	b := f.logIn(a)
	clients := []client{b, anonymous()}
	if a.Token != "" {
		clients = append(clients, withToken(a.Token))
	}
	f.upstream.Kill()
	for _, c := range clients {
		for _, o := range supported(f.T, f.harness) {
			wantReason(f.T, o.name, o.do(f.Context(), f.T, f.adapter, c.exchange()), unavailable)
		}
	}
	if err := f.adapter.Ready(f.Context()); err == nil {
		f.Error("Kratos is said to be ready")
	}

	f.upstream.Restart(f.T)
	if err := f.adapter.Ready(f.Context()); err != nil {
		f.Errorf("Kratos is said not to be ready: %v", err)
	}
	isSessionOf(f, f.whoami(b), a)
	if a.Token != "" {
		isSessionOf(f, f.whoami(withToken(a.Token)), a)
	}
}
