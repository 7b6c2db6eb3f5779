package authz

import (
	"slices"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
)

// The headers that are read, and nothing else.
const (
	accept        = "accept"
	authorization = "authorization"
	contentType   = "content-type"
	cookie        = "cookie"
	fetchMode     = "sec-fetch-mode"
	requestID     = "x-request-id"
	sessionToken  = "x-session-token"
)

// Request is what a check asks about.
type Request struct {
	http *authv3.AttributeContext_HttpRequest
	// authorization, sessionToken and cookies have a value for each header of that name; the others are as one header.
	authorization, sessionToken, cookies  []string
	accept, contentType, fetchMode, ownID string
	// lookalikes are the names of headers that have an underscore in place of a dash. Not few servers take the one for the
	// other.
	lookalikes []string
}

// Read reads a check's request. Nothing of it is checked yet; what is missing is empty.
func Read(check *authv3.CheckRequest) *Request {
	r := &Request{http: check.GetAttributes().GetRequest().GetHttp()}
	headers := r.http.GetHeaders()
	if len(headers) > 0 {
		if value, ok := headers[authorization]; ok {
			r.authorization = split(value, isBearer)
		}
		if value, ok := headers[sessionToken]; ok {
			r.sessionToken = split(value, isAny)
		}
		if value, ok := headers[cookie]; ok {
			r.cookies = []string{value}
		}
		r.accept, r.contentType, r.fetchMode = headers[accept], headers[contentType], headers[fetchMode]
		r.ownID = headers[requestID]
		for name := range headers {
			r.look(name)
		}
	}
	// Envoy sends one or the other. Of a request that has both, what is in either counts.
	for _, header := range r.http.GetHeaderMap().GetHeaders() {
		r.add(header)
	}
	return r
}

// split are the values of headers that may have been joined by commas, if one of them is what sought says. Other values may
// hold commas of their own. Envoy joins some headers, authorization among them, in its raw form too.
func split(value string, sought func(string) bool) []string {
	if !strings.Contains(value, ",") {
		return []string{value}
	}
	values := strings.Split(value, ",")
	for i := range values {
		values[i] = strings.Trim(values[i], " \t")
	}
	if slices.ContainsFunc(values, sought) {
		return values
	}
	return []string{value}
}

func isAny(string) bool { return true }

func isBearer(value string) bool {
	scheme, _, _ := strings.Cut(value, " ")
	return strings.EqualFold(scheme, "Bearer")
}

// add reads a header as it came: raw, and one of maybe several of its name.
func (r *Request) add(header *corev3.HeaderValue) {
	value := header.GetValue()
	if len(header.GetRawValue()) > 0 {
		value = string(header.GetRawValue())
	}
	switch name := strings.ToLower(header.GetKey()); name {
	case authorization:
		r.authorization = append(r.authorization, split(value, isBearer)...)
	case sessionToken:
		r.sessionToken = append(r.sessionToken, split(value, isAny)...)
	case cookie:
		r.cookies = append(r.cookies, value)
	case accept:
		r.accept = strings.TrimPrefix(r.accept+","+value, ",")
	case contentType:
		r.contentType = value
	case fetchMode:
		r.fetchMode = value
	case requestID:
		r.ownID = value
	default:
		r.look(name)
	}
}

func (r *Request) look(name string) {
	if strings.Contains(name, "_") {
		r.lookalikes = append(r.lookalikes, name)
	}
}

// Metadata are the headers that hold a token, with a value for each time that they are there.
func (r *Request) Metadata() map[string][]string {
	return map[string][]string{authorization: r.authorization, sessionToken: r.sessionToken}
}

// Cookies are the values of the Cookie header, without the cookies that a header to Kratos can't hold: of those, none is
// Kratos's.
func (r *Request) Cookies() []string {
	if !slices.ContainsFunc(r.cookies, isUnclean) {
		return r.cookies
	}
	clean := make([]string, 0, len(r.cookies))
	for _, value := range r.cookies {
		pairs := slices.DeleteFunc(strings.Split(value, ";"), isUnclean)
		clean = append(clean, strings.Join(pairs, ";"))
	}
	return clean
}

// isUnclean reports whether a text holds more than printable ASCII.
func isUnclean(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return true
		}
	}
	return false
}

// ID is the id that the request has at Envoy, or "".
func (r *Request) ID() string {
	if r.ownID != "" {
		return r.ownID
	}
	return r.http.GetId()
}

// isGRPC reports whether a gRPC client waits for the answer.
func (r *Request) isGRPC() bool { return strings.HasPrefix(r.contentType, "application/grpc") }

// isNavigation reports whether a person's browser is to show the answer, so that it can be sent elsewhere. What a script
// asks for is none, and nor is a request with a token, which no browser sends by itself.
func (r *Request) isNavigation() bool {
	if method := r.http.GetMethod(); method != "GET" && method != "HEAD" {
		return false
	}
	if r.isGRPC() || len(r.sessionToken) > 0 || slices.ContainsFunc(r.authorization, isBearer) {
		return false
	}
	if r.fetchMode != "" && r.fetchMode != "navigate" {
		return false
	}
	for offered := range strings.SplitSeq(r.accept, ",") {
		media, parameters, _ := strings.Cut(offered, ";")
		if strings.EqualFold(strings.TrimSpace(media), "text/html") && !strings.Contains(strings.ReplaceAll(parameters, " ", "")+";", "q=0;") {
			return true
		}
	}
	return false
}
