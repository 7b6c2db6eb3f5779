//go:build unix

package upstream_test

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
)

func unattended(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := adapters.Unattended(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// TestUnattendedIsAlike: which way a request goes shows neither in what Kratos gets nor in what it answers.
func TestUnattendedIsAlike(t *testing.T) {
	t.Parallel()
	type seen struct {
		uri, host string
		header    http.Header
	}
	var got []seen
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, seen{r.RequestURI, r.Host, r.Header})
		for _, cookie := range []string{"a=b; Path=/", `c="d, e"; HttpOnly`, "f="} {
			w.Header().Add("Set-Cookie", cookie)
		}
		w.Header().Set("Ory-Session-Cache-For", "60")
		w.Header().Set("X-Empty", "")
		w.Header().Set("Date", "Mon, 23 Nov 2026 00:00:00 GMT")
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "short and stout")
	}))
	defer server.Close()
	segment, _ := upstream.Segment("ü %2F?#&..")
	r := upstream.Request{
		Method: http.MethodGet, Path: "/schemas//" + segment, Query: url.Values{"flow": {"a&b=c ü", "d"}},
		Header: http.Header{
			"Cookie": {`ory_kratos_session=MTYw==; csrf_token_a="quoted, value"; x=`}, "X-Session-Token": {"t"}, "Accept": {"text/html, */*;q=0.1"},
			"X-Twice": {"one", "two"}, "Connection": nil, "Authorization": {"Bearer  two spaces"},
		},
	}
	var answers []*upstream.Response
	for _, ctx := range []context.Context{t.Context(), unattended(t)} {
		res, err := client(t, server.URL+"/prefix/").Do(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, res)
	}
	if got[0].uri != got[1].uri || got[0].host != got[1].host || !maps.EqualFunc(got[0].header, got[1].header, slices.Equal) {
		t.Errorf("Kratos gets %+v, and unattended %+v", got[0], got[1])
	}
	if answers[0].Status != answers[1].Status || string(answers[0].Body) != string(answers[1].Body) || !maps.EqualFunc(answers[0].Header, answers[1].Header, slices.Equal) {
		t.Errorf("the answer is %+v, and unattended %+v", answers[0], answers[1])
	}
}

// TestUnattendedKeepsConnections: and gives them back.
func TestUnattendedKeepsConnections(t *testing.T) {
	t.Parallel()
	var opened, closed atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			opened.Add(1)
		case http.StateClosed:
			closed.Add(1)
		default:
		}
	}
	server.Start()
	defer server.Close()
	c := client(t, server.URL)
	for range 20 {
		if _, err := c.Do(unattended(t), upstream.Request{Method: http.MethodGet, Path: "/whoami"}); err != nil {
			t.Fatal(err)
		}
	}
	if opened.Load() != 1 {
		t.Errorf("%d connections were opened", opened.Load())
	}
	c.Close()
	for deadline := time.Now().Add(10 * time.Second); closed.Load() != 1; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the connection was not closed")
		}
	}
}

// TestUnattendedSurvivesARestart: connections that the other side has left are no failure, however many there are.
func TestUnattendedSurvivesARestart(t *testing.T) {
	t.Parallel()
	var together sync.WaitGroup
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		together.Done()
		together.Wait()
		_, _ = io.WriteString(w, "{}")
	})
	server := httptest.NewServer(handler)
	c := client(t, server.URL)
	askAll := func() {
		const many = 40
		together.Add(many)
		var asking sync.WaitGroup
		for range many {
			asking.Go(func() {
				if _, err := c.Do(unattended(t), upstream.Request{Method: http.MethodGet, Path: "/whoami"}); err != nil {
					t.Error(err)
				}
			})
		}
		asking.Wait()
	}
	askAll()
	address := server.Listener.Addr().String()
	server.Close()

	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Skipf("somebody else has the address: %v", err)
	}
	again := httptest.NewUnstartedServer(handler)
	_ = again.Listener.Close()
	again.Listener = listener
	again.Start()
	defer again.Close()
	askAll()
}

// TestUnattendedReadsNobodyElsesAnswer: what the other side says without having been asked is not the answer to the next
// request.
func TestUnattendedReadsNobodyElsesAnswer(t *testing.T) {
	t.Parallel()
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine"
	for name, unasked := range map[string]string{
		"another answer":         "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ntheirs",
		"a proxy's leave-taking": "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said := make(chan struct{}, 10)
			c := client(t, serveByHand(t, func(_ int, to io.Writer) bool {
				_, _ = io.WriteString(to, answer)
				// In a packet of its own, after the answer.
				time.Sleep(20 * time.Millisecond)
				_, _ = io.WriteString(to, unasked)
				said <- struct{}{}
				return true
			}))
			for range 3 {
				res, err := c.Do(unattended(t), upstream.Request{Method: http.MethodGet, Path: "/whoami"})
				if err != nil || !strings.Contains(string(res.Body), "mine") {
					t.Fatalf("got %+v, %v", res, err)
				}
				<-said
			}
		})
	}
}
