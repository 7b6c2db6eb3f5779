package upstream_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// serveByHand serves connections without net/http's server, which would not do what is wrong. Of each, answer answers a request of
// a number, from 0, and says whether there may be more.
func serveByHand(t *testing.T, answer func(n int, to io.Writer) (more bool)) (base string) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				in := bufio.NewReader(conn)
				for n := 0; ; n++ {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
					if !answer(n, conn) {
						return
					}
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

// fickle answers the first request of each connection, and cuts off at the second one, once it has it: a connection that is in
// use already is where net/http would ask again on its own.
func fickle(t *testing.T) (base string, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	return serveByHand(t, func(n int, to io.Writer) bool {
		asked.Add(1)
		if n == 0 {
			_, _ = io.WriteString(to, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
		}
		return n == 0
	}), asked
}

// TestOnlyReadsAreAskedTwice: over connections that break when a request has been sent.
func TestOnlyReadsAreAskedTwice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method     string
		kind       upstream.Kind
		unattended bool
		asked      int64
	}{
		"GET that changes something":             {http.MethodGet, upstream.Once, false, 1},
		"GET that changes something, unattended": {http.MethodGet, upstream.Once, true, 1},
		"POST":                                   {http.MethodPost, upstream.Once, false, 1},
		"DELETE":                                 {http.MethodDelete, upstream.Once, false, 1},
		"probe":                                  {http.MethodGet, upstream.Probe, false, 1},
		"read":                                   {http.MethodGet, upstream.Read, false, 2},
		"lookup":                                 {http.MethodGet, upstream.Lookup, false, 2},
		"lookup, unattended":                     {http.MethodGet, upstream.Lookup, true, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, asked := fickle(t)
			kratos := client(t, base)
			ctx := t.Context()
			if c.unattended {
				var cancel context.CancelFunc
				ctx, cancel = adapters.Unattended(ctx, time.Minute)
				t.Cleanup(cancel)
			}
			r := upstream.Request{Method: c.method, Path: "/", Kind: c.kind}
			if c.method == http.MethodPost {
				r.Body = "body"
			}
			if _, err := kratos.Do(ctx, r); err != nil {
				t.Fatal(err)
			}
			asked.Store(0)
			_, err := kratos.Do(ctx, r)
			if c.asked == 1 {
				fails(t, err, kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE)
			} else if err != nil {
				t.Error(err)
			}
			if asked.Load() != c.asked {
				t.Errorf("it is asked %d times, want %d", asked.Load(), c.asked)
			}
		})
	}
}
