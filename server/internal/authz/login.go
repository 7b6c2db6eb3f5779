package authz

import (
	"net/url"
	"strings"
)

// loginURL is where a browser logs in and comes back from, or "" if that is nowhere.
func (v *Verdicts) loginURL(r *Request, rules *Rules, secondFactor bool) string {
	if rules == nil || rules.login == nil {
		return ""
	}
	u := *rules.login
	query := u.Query()
	if back := v.returnURL(r); back != "" {
		query.Set("return_to", back)
	}
	if secondFactor {
		query.Set("aal", "aal2")
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// returnURL is the URL of a request itself, as its browser has it, or "" if it can't be told. It is put together from what
// Envoy says of the request, so it leads back to where the browser comes from. Whether that is a place to return to, Kratos
// checks by its own list.
func (v *Verdicts) returnURL(r *Request) string {
	path := r.http.GetPath()
	if !strings.HasPrefix(path, "/") || isUnclean(path) {
		return ""
	}
	if v.returnTo != nil {
		return strings.TrimRight(v.returnTo.String(), "/") + path
	}
	scheme, host := r.http.GetScheme(), r.http.GetHost()
	if scheme != "http" && scheme != "https" || !isHost(host) {
		return ""
	}
	return (&url.URL{Scheme: scheme, Host: host}).String() + path
}

// isHost reports whether a text is a host, maybe with a port, and nothing that a browser could take for more.
func isHost(host string) bool {
	for i := range len(host) {
		switch c := host[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._:[]", c) >= 0:
		default:
			return false
		}
	}
	return host != ""
}
