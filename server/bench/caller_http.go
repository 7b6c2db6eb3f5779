package main

import (
	"fmt"
	"time"

	"github.com/valyala/fasthttp"
)

const whoamiPath = "/sessions/whoami"

// httpCaller uses a client that costs a fraction of net/http's: on a small machine what the caller costs, the server lacks.
type httpCaller struct {
	subject  *subject
	client   *fasthttp.HostClient
	requests []*fasthttp.Request
	answer   fasthttp.Response
	next     int
}

func newHTTPClient(address string, conns int) *fasthttp.HostClient {
	return &fasthttp.HostClient{
		Addr:                      address,
		MaxConns:                  conns,
		MaxIdleConnDuration:       time.Hour,
		MaxIdemponentCallAttempts: 1,
		NoDefaultUserAgentHeader:  true,
	}
}

func (s *subject) httpCallers(n int) (all []caller, closeAll func(), err error) {
	client := newHTTPClient(s.address, n)
	for i := range n {
		c := &httpCaller{subject: s, client: client}
		for _, token := range s.credentials(i) {
			c.requests = append(c.requests, s.httpRequest(token))
		}
		all = append(all, c)
	}
	return all, client.CloseIdleConnections, nil
}

func (s *subject) httpRequest(token string) *fasthttp.Request {
	r := new(fasthttp.Request)
	r.SetRequestURI("http://" + s.address + s.asks.path())
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "bench")
	r.Header.Set("X-Session-Token", token)
	return r
}

func (c *httpCaller) call() error {
	c.next = (c.next + 1) % len(c.requests)
	if err := c.client.Do(c.requests[c.next], &c.answer); err != nil {
		return err
	}
	if status := c.answer.StatusCode(); status != fasthttp.StatusOK {
		return fmt.Errorf("status %d", status)
	}
	return c.subject.wrongLength(len(c.answer.Body()))
}
