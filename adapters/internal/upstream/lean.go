package upstream

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/valyala/fasthttp"
)

// lean asks without a body, and without anybody who could call it off. That takes half of what net/http needs, which has
// two goroutines a connection and hands every request from one to the next.
type lean struct {
	base string
	host *fasthttp.HostClient
}

// newLean makes one for a Kratos, or none where that is reached by TLS: there, HTTP/2 puts all requests on one connection.
// It opens so many connections at most.
func newLean(base *url.URL, connections int) *lean {
	if base.Scheme != "http" || !connsChecked {
		return nil
	}
	address := base.Host
	if base.Port() == "" {
		address = net.JoinHostPort(base.Hostname(), "80")
	}
	return &lean{base: base.String(), host: &fasthttp.HostClient{
		Addr:                      address,
		DialTimeout:               dialChecked,
		MaxConns:                  connections,
		MaxIdleConnDuration:       idleConnTimeout,
		ConnPoolStrategy:          fasthttp.LIFO,
		MaxResponseBodySize:       maxResponseBytes,
		MaxIdemponentCallAttempts: 1,
		DisablePathNormalizing:    true,
		NoDefaultUserAgentHeader:  true,
	}}
}

var (
	// errNotSent is for a request of which nothing was sent, so that it can go the other way.
	errNotSent = errors.New("the request was not sent")
	// errUnanswered is for one that had no answer. What fasthttp says of that may quote what was received.
	errUnanswered = errors.New("no answer, or none that is complete")
)

// do makes a request, once. It fails with errNotSent, or with an [*adapters.Error].
func (l *lean) do(deadline time.Time, r *Request) (*Response, error) {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)

	// What Kratos does not say is not to be guessed.
	res.Header.SetNoDefaultContentType(true)
	uri := l.base + r.Path
	if len(r.Query) > 0 {
		uri += "?" + r.Query.Encode()
	}
	// What a header says is nothing to be read, and written anew.
	req.Header.DisableSpecialHeader()
	req.URI().DisablePathNormalizing = true
	if err := req.URI().Parse(nil, []byte(uri)); err != nil {
		return nil, errNotSent
	}
	req.Header.SetMethod(r.Method)
	req.Header.SetBytesV("Host", req.URI().Host())
	for name, values := range r.Header {
		for _, value := range values {
			req.Header.Add(name, value)
		}
	}
	if r.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", userAgent)
	}

	if err := l.host.DoDeadline(req, res, deadline); err != nil {
		if !time.Now().Before(deadline) {
			return nil, failure(context.Background(), context.DeadlineExceeded)
		}
		// The others are from before as well.
		l.host.CloseIdleConnections()
		return nil, leanFailure(res, err)
	}
	header := make(http.Header, res.Header.Len())
	for name, value := range res.Header.All() {
		header.Add(string(name), string(value))
	}
	return &Response{Status: res.StatusCode(), Header: header, Body: append([]byte(nil), res.Body()...)}, nil
}

func leanFailure(res *fasthttp.Response, err error) error {
	if errors.Is(err, errSpoken) || errors.Is(err, fasthttp.ErrNoFreeConns) {
		return errNotSent
	}
	if errors.Is(err, fasthttp.ErrBodyTooLarge) {
		return tooLarge(res.StatusCode())
	}
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		return unavailable(0, dial)
	}
	return unavailable(0, errUnanswered)
}
