package selfservice

import (
	"net/http"
	"net/url"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
)

// Header makes the headers that go upstream for a caller, with cookies that are Kratos's own and the Accept header. None
// is sent of those that are empty.
func Header(c *adapters.Caller, cookies, accept string) http.Header {
	h := make(http.Header, 6)
	c.Credential.SetHeader(h)
	if cookies != "" {
		h.Set("Cookie", cookies)
	}
	if accept != "" {
		h.Set("Accept", accept)
	}
	if c.RequestID != "" {
		h.Set("X-Request-Id", c.RequestID)
	}
	if c.Address.IsValid() {
		// Of the four headers that Kratos 1.x believes, whoever sends them, the one that it reads first. None of the others
		// is ever sent, and to Kratos 0.x it means nothing.
		h.Set("True-Client-Ip", c.Address.String())
	}
	if c.UserAgent != "" {
		h.Set("User-Agent", c.UserAgent)
	}
	return h
}

// AnswerCookies hands Kratos's cookies on to a caller that can hold them. Kratos sets its anti-CSRF cookie also on answers
// that have nothing to do with a form; a client that authenticates by a token has no use for it, and an API flow is refused
// because of it.
func AnswerCookies(x *adapters.Exchange, res *upstream.Response) {
	if !x.Caller.Credential.IsToken() {
		x.Answer.SetCookies = res.Header.Values("Set-Cookie")
	}
}

// FlowQuery is the query of a form.
func FlowQuery(id string) url.Values { return url.Values{"flow": {id}} }

// ReturnTo is the query of the operations that start a browser flow.
func ReturnTo(to string) url.Values {
	if to == "" {
		return nil
	}
	return url.Values{"return_to": {to}}
}

// Refresh adds to a query what asks Kratos to authenticate somebody again who is logged in.
func Refresh(query url.Values, wanted bool) url.Values {
	if !wanted {
		return query
	}
	if query == nil {
		query = url.Values{}
	}
	query.Set("refresh", "true")
	return query
}
