package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// ask starts a server with the given handler and sends it one request.
func ask(ctx context.Context, t *testing.T, handler http.HandlerFunc, r upstream.Request) (*upstream.Response, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return client(t, server.URL).Do(ctx, r)
}

func client(t *testing.T, base string) *upstream.Client {
	t.Helper()
	c, err := upstream.New(base)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fails checks an error, as failure does.
func fails(t *testing.T, err error, want kratosgrpcv1.ErrorReason) {
	t.Helper()
	_ = failure(t, err, want)
}

// failure checks that an error has a reason, and none of the words that must not leave the client.
func failure(t *testing.T, err error, want kratosgrpcv1.ErrorReason) *adapters.Error {
	t.Helper()
	e, ok := errors.AsType[*adapters.Error](err)
	if !ok {
		t.Fatalf("got %v, want an *adapters.Error", err)
	}
	if e.Reason != want {
		t.Errorf("got %v, want %v", e, want)
	}
	for cause := error(e); cause != nil; cause = errors.Unwrap(cause) {
		if said := fmt.Sprintf("%v %+v", cause, cause); strings.Contains(said, "secret") || strings.Contains(said, "/whoami") {
			t.Errorf("the error holds the URL, or a secret: %s", said)
		}
	}
	return e
}

func TestNewChecksTheBaseURL(t *testing.T) {
	t.Parallel()
	for _, base := range []string{
		"", "kratos", "kratos:4433", "//kratos", "/kratos", "ftp://kratos", "http:kratos", "http://", "http:///path", "http://kratos\n",
		"http://user:secret@kratos", "http://secret@kratos", "http://kratos?a=secret", "http://kratos#secret", "http://kratos:secret", "http://[::1", "http://kra tos",
	} {
		if _, err := upstream.New(base); err == nil {
			t.Errorf("%q is accepted", base)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q is quoted: %v", base, err)
		}
	}
	for _, base := range []string{"http://kratos", "https://kratos:4433/", "HTTP://KRATOS", "http://[::1]:4433", "http://kratos/some/prefix//"} {
		if _, err := upstream.New(base); err != nil {
			t.Errorf("%q: %v", base, err)
		}
	}
}

func TestDoSendsWhatItIsTold(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.Header().Add("Set-Cookie", "a=b")
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("short and stout"))
	}))
	defer server.Close()
	segment, _ := upstream.Segment("ü %2F?#&")
	res, err := client(t, server.URL+"/prefix/").Do(t.Context(), upstream.Request{
		Method: http.MethodPost, Path: "/schemas/" + segment, Query: url.Values{"flow": {"a&b=c ü"}},
		Header: http.Header{"X-Session-Token": {"t"}}, ContentType: "text/plain", Body: "body",
	})
	if err != nil {
		t.Fatal(err)
	}
	if res.Status != http.StatusTeapot || string(res.Body) != "short and stout" || res.Header.Get("Set-Cookie") != "a=b" {
		t.Errorf("got %+v", res)
	}
	if got.Method != http.MethodPost || got.URL.Path != "/prefix/schemas/ü %2F?#&" || got.URL.Query().Get("flow") != "a&b=c ü" || string(body) != "body" {
		t.Errorf("got %s %s with %q", got.Method, got.URL, body)
	}
	for name, want := range map[string]string{"X-Session-Token": "t", "Content-Type": "text/plain", "User-Agent": "kratosgrpc", "Accept-Encoding": "", "Accept": ""} {
		if got.Header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Header.Get(name), want)
		}
	}
}

func TestDoSendsNoTypeWithoutABody(t *testing.T) {
	t.Parallel()
	_, err := ask(t.Context(), t, func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Type") != "" || r.ContentLength != 0 {
			t.Errorf("got a body of type %q and length %d", r.Header.Get("Content-Type"), r.ContentLength)
		}
	}, upstream.Request{Method: http.MethodGet, Path: "/whoami", ContentType: "text/plain"})
	if err != nil {
		t.Error(err)
	}
}

func TestDoFollowsNoRedirects(t *testing.T) {
	t.Parallel()
	bothWays(t, func(ctx context.Context, t *testing.T) {
		for _, status := range []int{301, 302, 303, 307, 308} {
			asked := 0
			res, err := ask(ctx, t, func(w http.ResponseWriter, r *http.Request) {
				asked++
				http.Redirect(w, r, "/elsewhere", status)
			}, upstream.Request{Method: http.MethodGet, Path: "/whoami"})
			if err != nil || res.Status != status || res.Header.Get("Location") != "/elsewhere" || asked != 1 {
				t.Errorf("%d: got %+v, %v after %d requests", status, res, err, asked)
			}
		}
	})
}

// bothWays runs a test with a context that somebody may end, and with one that only time ends.
func bothWays(t *testing.T, test func(ctx context.Context, t *testing.T)) {
	t.Helper()
	t.Run("attended", func(t *testing.T) {
		t.Parallel()
		test(t.Context(), t)
	})
	t.Run("unattended", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := adapters.Unattended(t.Context(), time.Minute)
		t.Cleanup(cancel)
		test(ctx, t)
	})
}

func TestDoBoundsTheAnswer(t *testing.T) {
	t.Parallel()
	const limit = 4 << 20
	bothWays(t, func(ctx context.Context, t *testing.T) {
		for size, fits := range map[int]bool{limit: true, limit + 1: false, 3 * limit: false} {
			res, err := ask(ctx, t, func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write(make([]byte, size))
			}, upstream.Request{Method: http.MethodGet, Path: "/whoami"})
			if fits {
				if err != nil || len(res.Body) != size {
					t.Errorf("%d bytes: %v", size, err)
				}
				continue
			}
			if e := failure(t, err, kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE); e.HTTPStatus != http.StatusOK {
				t.Errorf("%d bytes: the status is %d", size, e.HTTPStatus)
			}
		}
	})
}

func TestDoWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	secret := upstream.Request{Method: http.MethodGet, Path: "/whoami", Query: url.Values{"token": {"secret"}}, Header: http.Header{"X-Session-Token": {"secret"}}}
	for name, handler := range map[string]http.HandlerFunc{
		"broken off": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"body cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{"id":"secret`))
		},
		"body cut, chunked": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"id":"secret`))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		},
		"no HTTP": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = conn.Write([]byte("220 mail.example.org ESMTP\r\n"))
				_ = conn.Close()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bothWays(t, func(ctx context.Context, t *testing.T) {
				_, err := ask(ctx, t, handler, secret)
				fails(t, err, kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE)
			})
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		bothWays(t, func(ctx context.Context, t *testing.T) {
			_, err := client(t, server.URL).Do(ctx, secret)
			if e := failure(t, err, kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE); e.HTTPStatus != 0 {
				t.Errorf("the status is %d", e.HTTPStatus)
			}
		})
	})
	t.Run("malformed request", func(t *testing.T) {
		t.Parallel()
		_, err := client(t, "http://127.0.0.1:1").Do(t.Context(), upstream.Request{Method: "GE T", Path: "/whoami?token=secret"})
		fails(t, err, kratosgrpcv1.ErrorReason_ERROR_REASON_INTERNAL)
		_, err = client(t, "http://127.0.0.1:1").Do(t.Context(), upstream.Request{Method: http.MethodGet, Path: "/whoami%zzsecret"})
		fails(t, err, kratosgrpcv1.ErrorReason_ERROR_REASON_INTERNAL)
	})
}

// TestDoTellsWhoGaveUp: before the header and within the body, too late and called off.
func TestDoTellsWhoGaveUp(t *testing.T) {
	t.Parallel()
	for _, begun := range []bool{false, true} {
		hang := func(w http.ResponseWriter, r *http.Request) {
			if begun {
				_, _ = w.Write([]byte(`{"id":"secret`))
				_ = http.NewResponseController(w).Flush()
			}
			<-r.Context().Done()
		}
		r := upstream.Request{Method: http.MethodGet, Path: "/whoami", Query: url.Values{"token": {"secret"}}}
		t.Run(fmt.Sprintf("deadline, begun %t", begun), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			_, err := ask(ctx, t, hang, r)
			fails(t, err, kratosgrpcv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED)
		})
		t.Run(fmt.Sprintf("deadline, unattended, begun %t", begun), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := adapters.Unattended(t.Context(), 50*time.Millisecond)
			defer cancel()
			_, err := ask(ctx, t, hang, r)
			fails(t, err, kratosgrpcv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED)
		})
		t.Run(fmt.Sprintf("cancel, begun %t", begun), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(50*time.Millisecond, cancel)
			_, err := ask(ctx, t, hang, r)
			fails(t, err, kratosgrpcv1.ErrorReason_ERROR_REASON_CANCELLED)
		})
	}
}

func TestSegment(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"default": "default", "a b": "a%20b", "ü": "%C3%BC", "a?b": "a%3Fb", "a#b": "a%23b", "%2e%2e": "%252e%252e", "%2F": "%252F", "...": "...", "a..b": "a..b", ";": "%3B", "\x00": "%00", ":": ":",
	} {
		if got, ok := upstream.Segment(id); !ok || got != want {
			t.Errorf("%q: got %q, %t, want %q", id, got, ok, want)
		}
	}
	for _, id := range []string{"", ".", "..", "/", "a/b", "../a", "a/..", "\\", "..\\a"} {
		if got, ok := upstream.Segment(id); ok {
			t.Errorf("%q: got %q, want none", id, got)
		}
	}
}

// FuzzSegment: an id stays one segment, and the same.
func FuzzSegment(f *testing.F) {
	f.Add("../sessions/whoami")
	f.Add("%2e%2e%2fwhoami")
	f.Add("a?b#c")
	f.Fuzz(func(t *testing.T, id string) {
		segment, ok := upstream.Segment(id)
		if !ok {
			return
		}
		u, err := url.Parse("http://kratos/schemas/" + segment)
		if err != nil {
			t.Fatal(err)
		}
		if u.Path != "/schemas/"+id || u.RawQuery != "" || u.Fragment != "" || u.JoinPath().Path != u.Path || strings.Count(u.EscapedPath(), "/") != 2 {
			t.Errorf("%q becomes %q, which leads to %q", id, segment, u)
		}
	})
}
