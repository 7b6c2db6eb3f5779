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
func newLean(base *url.URL) *lean {
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
		MaxConns:                  maxIdleConnsPerHost,
		MaxIdleConnDuration:       idleConnTimeout,
		ConnPoolStrategy:          fasthttp.LIFO,
		MaxResponseBodySize:       maxResponseBytes,
		MaxIdemponentCallAttempts: 1,
		DisablePathNormalizing:    true,
		NoDefaultUserAgentHeader:  true,
	}}
}

// errUnanswered is for a request that is better made again, by the other way: nothing was said that counts.
var errUnanswered = errors.New("no answer")

// do sends a request. It fails with errUnanswered, or with an [*adapters.Error] because there was no time left.
func (l *lean) do(deadline time.Time, r Request) (*Response, error) {
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
		return nil, errUnanswered
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
		return nil, errUnanswered
	}
	if res.StatusCode() == http.StatusRequestTimeout {
		// It is how proxies take leave of a connection that was idle. It was not about this request.
		return nil, errUnanswered
	}
	header := make(http.Header, res.Header.Len())
	for name, value := range res.Header.All() {
		header.Add(string(name), string(value))
	}
	return &Response{Status: res.StatusCode(), Header: header, Body: append([]byte(nil), res.Body()...)}, nil
}
