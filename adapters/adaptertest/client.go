package adaptertest

import (
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters"
)

// client is who makes calls. It keeps what a client of its kind keeps between them.
type client interface {
	exchange() *adapters.Exchange
	keep(answer adapters.Answer)
}

// apiClient is a client without cookies.
type apiClient struct {
	credential adapters.Credential
	// address and userAgent are whence it calls and what it calls itself, if that is known.
	address   netip.Addr
	userAgent string
	// answer is the last one.
	answer adapters.Answer
}

// anonymous is an API client without a session.
func anonymous() *apiClient { return new(apiClient) }

// withToken is an API client with a session.
func withToken(token string) *apiClient {
	return &apiClient{credential: adapters.Credential{Kind: adapters.SessionToken, Token: token}}
}

// withBearer is one that sends its token otherwise.
func withBearer(token string) *apiClient {
	return &apiClient{credential: adapters.Credential{Kind: adapters.BearerToken, Token: token}}
}

func (c *apiClient) exchange() *adapters.Exchange {
	return &adapters.Exchange{Caller: adapters.Caller{
		Credential: c.credential, Accept: "application/json", AcceptUnsaid: true, Address: c.address, UserAgent: c.userAgent,
	}}
}

func (c *apiClient) keep(answer adapters.Answer) { c.answer = answer }

// browser keeps cookies, as browsers do.
type browser struct {
	t       *testing.T
	cookies map[string]string
	accept  string
	answer  adapters.Answer
}

// pageAccept is what a browser sends that shows pages.
const pageAccept = "text/html,application/xhtml+xml"

// open opens a browser. It has a cookie of somebody else's from the beginning, as browsers do.
func (f *fixture) open() *browser {
	return &browser{t: f.T, cookies: map[string]string{"somebody_elses": `"a=b"`}, accept: pageAccept}
}

// askingForJSON is the same browser, but a script in it that asks.
func (b *browser) askingForJSON() *browser {
	b.accept = "application/json"
	return b
}

func (b *browser) exchange() *adapters.Exchange {
	x := &adapters.Exchange{Caller: adapters.Caller{Accept: b.accept}}
	for _, name := range slices.Sorted(maps.Keys(b.cookies)) {
		x.Caller.Cookies = append(x.Caller.Cookies, name+"="+b.cookies[name])
	}
	return x
}

func (b *browser) keep(answer adapters.Answer) {
	b.t.Helper()
	b.answer = answer
	for _, line := range answer.SetCookies {
		cookie, err := http.ParseSetCookie(line)
		if err != nil {
			b.t.Errorf("a cookie is malformed: %v", err)
			continue
		}
		if cookie.MaxAge < 0 || cookie.Value == "" {
			delete(b.cookies, cookie.Name)
		} else {
			b.cookies[cookie.Name] = cookie.Value
		}
	}
}
