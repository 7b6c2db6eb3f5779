package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

const (
	// maxResponseBytes bounds what is read of an answer. Kratos's largest are flows, of some kilobytes.
	maxResponseBytes = 4 << 20
	// maxIdleConnsPerHost is sized for load: with net/http's default of 2, every burst of calls would open connections
	// anew and leave them behind in TIME_WAIT.
	maxIdleConnsPerHost = 512
	idleConnTimeout     = 90 * time.Second
	dialTimeout         = 5 * time.Second
	keepAlive           = 30 * time.Second

	userAgent = "kratosgrpc"
)

// Client asks one Kratos.
type Client struct {
	base *url.URL
	http *http.Client
	// lean is nil where there is none.
	lean *lean
	care *care
}

// New returns a client for the Kratos whose public API is at base, an absolute http or https URL.
func New(base string, options ...adapters.ClientOption) (*Client, error) {
	chosen := adapters.ClientOptions{Care: adapters.DefaultCare()}
	for _, option := range options {
		option(&chosen)
	}
	u, err := url.Parse(base)
	if err != nil {
		// The error quotes the URL, which may hold a password.
		return nil, errors.New("upstream: the URL of Kratos is malformed")
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, errors.New("upstream: the URL of Kratos has to be absolute and begin with http:// or https://")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("upstream: the URL of Kratos must not hold a user, a query or a fragment")
	}
	u.Path = strings.TrimRight(u.Path, "/")

	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive}).DialContext,
		TLSHandshakeTimeout: dialTimeout,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: maxIdleConnsPerHost,
		IdleConnTimeout:     idleConnTimeout,
		// Kratos does not compress; and what is not asked for can't be a compression bomb.
		DisableCompression: true,
	}
	if chosen.TLS != nil {
		useTLS(transport, chosen.TLS)
	}
	c := &Client{
		base: u,
		lean: newLean(u, max(maxIdleConnsPerHost, chosen.Care.MaxConcurrency)),
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	c.care = newCare(chosen.Care, c.send)
	return c, nil
}

// Request is a request to Kratos.
type Request struct {
	// Method is the HTTP method.
	Method string
	// Path is a constant, or one plus a [Segment].
	Path string
	// Query is the query string's parameters.
	Query url.Values
	// Header holds headers; the client sets only Content-Type itself and, where there is none, User-Agent.
	Header http.Header
	// ContentType is the body's media type; it is not sent where there is no body.
	ContentType string
	// Body is the body, or empty.
	Body string
	// Kind says how often the request may be made. It is once, unless it is known to do no harm.
	Kind Kind
}

// Response is Kratos's answer, read whole.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do makes a request. It returns an [*adapters.Error] if there is no answer, also where Kratos was not asked for one.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	if r.Kind == Probe {
		return c.do(ctx, &r)
	}
	return c.care.do(ctx, &r)
}

// send makes a request once, the cheaper way if it can.
func (c *Client) send(ctx context.Context, r *Request, again bool) (*Response, error) {
	if deadline, ok := ctx.Deadline(); ok && !again && c.lean != nil && r.Method == http.MethodGet && adapters.IsUnattended(ctx) {
		res, err := c.lean.do(deadline, r)
		if !errors.Is(err, errNotSent) {
			return res, err
		}
	}
	return c.do(ctx, r)
}

func (c *Client) do(ctx context.Context, r *Request) (*Response, error) {
	// Joined as text, for Path is escaped already and must not be escaped, cleaned or resolved again.
	req, err := http.NewRequestWithContext(ctx, r.Method, c.base.String()+r.Path, body(r.Body))
	if err != nil {
		return nil, &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_INTERNAL, Message: "the request to Kratos could not be made", Err: withoutURL(err)}
	}
	req.URL.RawQuery = r.Query.Encode()
	if r.Header != nil {
		// A request stays its caller's.
		req.Header = r.Header.Clone()
	}
	if r.Body != "" {
		req.Header.Set("Content-Type", r.ContentType)
	} else if r.Method == http.MethodGet {
		onceOnly(req)
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", userAgent)
	}

	res, err := c.http.Do(req)
	if err != nil {
		return nil, failure(ctx, err)
	}
	defer func() { _ = res.Body.Close() }()

	read, err := io.ReadAll(io.LimitReader(res.Body, maxResponseBytes+1))
	if err != nil {
		return nil, failure(ctx, err)
	}
	if len(read) > maxResponseBytes {
		return nil, tooLarge(res.StatusCode)
	}
	return &Response{Status: res.StatusCode, Header: res.Header, Body: read}, nil
}

func tooLarge(status int) *adapters.Error {
	return unavailable(status, fmt.Errorf("the answer is larger than %d bytes", maxResponseBytes))
}

// Close gives back the connections that are open and not in use. It is for who won't ask again soon.
func (c *Client) Close() {
	c.http.CloseIdleConnections()
	if c.lean != nil {
		c.lean.host.CloseIdleConnections()
	}
}

// onceOnly keeps net/http from making a GET again on its own, as often as it finds connections that the other side has left.
// It can't know which GETs change something. It does not do so where there is a body that it can't get again, which is an
// empty one here. That the encoding is said, to be none, spares it finding out that there is nothing to send.
func onceOnly(req *http.Request) {
	req.Body, req.TransferEncoding = io.NopCloser(strings.NewReader("")), []string{"identity"}
}

func body(s string) io.Reader {
	if s == "" {
		return http.NoBody
	}
	return strings.NewReader(s)
}

// Segment escapes an opaque id as one segment of a path.
//
// It reports false for ids that no resource can have: Kratos unescapes and cleans a path before it looks it up, so that
// "../sessions/whoami" would lead to another operation.
func Segment(id string) (string, bool) {
	if id == "" || id == "." || id == ".." || strings.ContainsAny(id, "/\\") {
		return "", false
	}
	return url.PathEscape(id), true
}
