package kratosreplay

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
)

// compared are the headers of a request that count.
var compared = []string{"Accept", "Authorization", "Content-Type", "Cookie", "X-Csrf-Token", "X-Request-Id", "X-Session-Token"}

// verbatim are those of them whose values have to be the same, letter by letter.
var verbatim = []string{"Authorization", "X-Session-Token", "X-Csrf-Token", "X-Request-Id"}

// asked is a request, recorded or not, as it is compared.
type asked struct {
	method string
	url    *url.URL
	header http.Header
	body   []byte
}

// asked is the recorded request.
func (r Request) asked() asked {
	method, target, err := r.Target()
	if err != nil {
		// Whatever it is, nobody can ask for it.
		target = new(url.URL)
	}
	return asked{method, target, r.Header.HTTP(), r.Bytes()}
}

func (a asked) String() string { return a.method + " " + a.url.RequestURI() }

// samePlace tells whether two requests are to the same path, with the same method.
func (a asked) samePlace(b asked) bool {
	return a.method == b.method && a.url.EscapedPath() == b.url.EscapedPath()
}

// differences says in what a request is not as the recorded one. It says nothing of two that are the same.
func (a asked) differences(recorded asked) []string {
	var all []string
	differ := func(what string, got, want any) {
		all = append(all, fmt.Sprintf("%s is %q, recorded %q", what, got, want))
	}
	if !a.samePlace(recorded) {
		differ("the operation", a.method+" "+a.url.EscapedPath(), recorded.method+" "+recorded.url.EscapedPath())
	}
	if !sameBody(formType, []byte(a.url.RawQuery), []byte(recorded.url.RawQuery)) {
		differ("the query", a.url.RawQuery, recorded.url.RawQuery)
	}
	for _, name := range verbatim {
		if got, want := a.header.Values(name), recorded.header.Values(name); strings.Join(got, ", ") != strings.Join(want, ", ") {
			differ(name, got, want)
		}
	}
	if got, want := cookies(a.header), cookies(recorded.header); !reflect.DeepEqual(got, want) {
		differ("Cookie", a.header.Values("Cookie"), recorded.header.Values("Cookie"))
	}
	if got, want := wish(a.header), wish(recorded.header); got != want {
		differ("what is wished for", got, want)
	}
	kind := mediaType(recorded.header.Get("Content-Type"))
	if got := mediaType(a.header.Get("Content-Type")); got != kind {
		differ("the body's media type", got, kind)
	}
	if !sameBody(kind, a.body, recorded.body) {
		differ("the body", a.body, recorded.body)
	}
	return all
}

// cookies are the values of each cookie. Of two with the same name the first counts, so those have an order.
func cookies(header http.Header) map[string][]string {
	all := map[string][]string{}
	for _, line := range header.Values("Cookie") {
		for pair := range strings.SplitSeq(line, ";") {
			if name, value, _ := strings.Cut(strings.TrimSpace(pair), "="); name != "" {
				all[name] = append(all[name], value)
			}
		}
	}
	return all
}

// The wishes that a client can have. Kratos reads the third and the fourth in different ways, which have changed with its
// releases.
const (
	wishJSON     = "JSON"
	wishHTML     = "HTML"
	wishAnything = "anything"
	wishUnsaid   = "nothing said"
)

// wishes are what the media ranges of an Accept header wish for.
var wishes = map[string]string{
	jsonType:                wishJSON,
	"text/html":             wishHTML,
	"application/xhtml+xml": wishHTML,
	"text/*":                wishHTML,
	"*/*":                   wishAnything,
}

// wish is what a client would like to have: what its Accept header prefers, the first of several. A body that is said to be
// JSON, and nothing else, is a wish for JSON.
func wish(header http.Header) string {
	if header.Get("Content-Type") == jsonType {
		return wishJSON
	}
	best, bestQuality := wishUnsaid, 0.0
	for part := range strings.SplitSeq(strings.Join(header.Values("Accept"), ","), ",") {
		kind, parameters, _ := strings.Cut(part, ";")
		quality := 1.0
		if q, ok := strings.CutPrefix(strings.TrimSpace(parameters), "q="); ok {
			quality, _ = strconv.ParseFloat(q, 64)
		}
		if wanted, ok := wishes[strings.TrimSpace(kind)]; ok && quality > bestQuality {
			best, bestQuality = wanted, quality
		}
	}
	return best
}
