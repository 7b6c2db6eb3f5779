package server

import (
	"net/http"
	"net/url"
	"strings"
)

// allowedHeader keeps the headers that the gateway may see. In cookies of others there may be anything, and they must
// not stand in the way of Kratos's own: those that can't be metadata are dropped, one by one.
func allowedHeader(h http.Header) (http.Header, error) {
	own := http.Header{}
	for _, name := range []string{"Authorization", "X-Session-Token", "Content-Type", "Accept", "X-Request-Id", "Cache-Control"} {
		values := h.Values(name)
		for _, value := range values {
			if !isPlain(value) {
				if name == "Authorization" || name == "X-Session-Token" {
					return nil, invalidMetadata(strings.ToLower(name), "holds characters that a token can't hold")
				}
				values = nil
				break
			}
		}
		if len(values) > 0 {
			own[name] = values
		}
	}
	// The gateway hands on only the first Authorization header.
	if a := own["Authorization"]; len(a) > 1 {
		for _, other := range a[1:] {
			if other != a[0] {
				return nil, invalidMetadata(authorizationKey, "is there more than once, with different values")
			}
		}
	}
	var cookies []string
	for _, value := range h.Values("Cookie") {
		for cookie := range strings.SplitSeq(value, ";") {
			if cookie = strings.TrimSpace(cookie); cookie != "" && isPlain(cookie) {
				cookies = append(cookies, cookie)
			}
		}
	}
	if len(cookies) > 0 {
		own.Set("Cookie", strings.Join(cookies, "; "))
	}
	return own, nil
}

// aliases are names of query parameters that other generations of Kratos have for the contract's, by path.
var aliases = map[string]struct{ alias, name string }{
	"/self-service/errors":                              {"id", "error"},
	"/self-service/browser/flows/requests/login":        {"request", "id"},
	"/self-service/browser/flows/requests/registration": {"request", "id"},
	"/self-service/browser/flows/requests/profile":      {"request", "id"},
	"/self-service/browser/flows/profile/update":        {"request", "flow"},
	// What is mailed where codes are, instead of links, has a link all the same.
	"/self-service/verification": {"code", "token"},
}

// contractQuery gives a query the contract's names, and reads it as Kratos does: of a repeated parameter the first value
// counts, and what is either so or not, such as that a session is to be refreshed, is so if "true" says so, and nothing
// else does.
func contractQuery(path string, query url.Values) url.Values {
	if a, ok := aliases[path]; ok && !query.Has(a.name) && query.Has(a.alias) {
		query[a.name] = query[a.alias]
		query.Del(a.alias)
	}
	for name, values := range query {
		query[name] = values[:1]
	}
	for _, name := range []string{"refresh", "return_session_token_exchange_code"} {
		if query.Get(name) != "true" {
			query.Del(name)
		}
	}
	return query
}
