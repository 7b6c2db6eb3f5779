package authz

import (
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
)

// removeCredentials takes what proves a session to Kratos out of a request that goes on: the session token, a bearer token if
// it is a session's, and Kratos's cookies. Whatever else is in these headers stays.
func (r *Request) removeCredentials(ok *authv3.OkHttpResponse, isBearersSession bool, sessionCookie string) {
	if len(r.sessionToken) > 0 {
		ok.HeadersToRemove = append(ok.HeadersToRemove, sessionToken)
	}
	if isBearersSession {
		ok.HeadersToRemove = append(ok.HeadersToRemove, authorization)
	}
	if len(r.cookies) == 0 {
		return
	}
	kept, removed := otherCookies(r.cookies, sessionCookie)
	switch {
	case !removed:
	case kept == "":
		ok.HeadersToRemove = append(ok.HeadersToRemove, cookie)
	default:
		ok.Headers = append(ok.Headers, overwrite(cookie, kept))
	}
}

// otherCookies are the cookies that are not Kratos's, as one header, and whether there was another one.
func otherCookies(values []string, sessionCookie string) (kept string, removed bool) {
	var others []string
	for _, value := range values {
		for pair := range strings.SplitSeq(value, ";") {
			pair = strings.Trim(pair, " \t")
			if pair == "" {
				continue
			}
			name, _, _ := strings.Cut(pair, "=")
			if isKratosCookie(strings.TrimSpace(name), sessionCookie) {
				removed = true
				continue
			}
			others = append(others, pair)
		}
	}
	if slices.ContainsFunc(others, func(pair string) bool { return hides(pair, sessionCookie) }) {
		return "", true
	}
	if removed {
		// What can't be said to Envoy can't be kept.
		others = slices.DeleteFunc(others, func(pair string) bool { return !utf8.ValidString(pair) || strings.ContainsFunc(pair, isControl) })
	}
	return strings.Join(others, "; "), removed
}

// hides reports whether who reads cookies in another way may find one of that name in another one: joined by a comma, or in
// quotes.
func hides(pair, name string) bool {
	for rest := pair; ; {
		i := strings.Index(rest, name+"=")
		if i < 0 {
			return false
		}
		if i > 0 && strings.IndexByte(", \t\"'", rest[i-1]) >= 0 {
			return true
		}
		rest = rest[i+len(name):]
	}
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

// isKratosCookie reports whether a cookie is surely one of Kratos's. A csrf_token without a hash, as Kratos 0.5 has it, may be
// anybody's, and proves no session.
func isKratosCookie(name, sessionCookie string) bool {
	if name == sessionCookie || name == "ory_kratos_continuity" {
		return true
	}
	hash, ok := strings.CutPrefix(name, "csrf_token_")
	if !ok {
		return false
	}
	sum, err := hex.DecodeString(hash)
	return err == nil && len(sum) == 32
}
