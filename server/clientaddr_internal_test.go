package server

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

func TestClientAddress(t *testing.T) {
	t.Parallel()
	trusted := newProxies([]netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("192.0.2.7/32"),
		netip.MustParsePrefix("::ffff:172.16.0.0/108"),
	})
	for name, c := range map[string]struct {
		peer      string
		forwarded []string
		want      string
	}{
		"nobody in between":                 {"203.0.113.1", nil, "203.0.113.1"},
		"a client that says it is another":  {"203.0.113.1", []string{"198.51.100.1"}, "203.0.113.1"},
		"a proxy":                           {"10.0.0.1", []string{"203.0.113.1"}, "203.0.113.1"},
		"a proxy that says nothing":         {"10.0.0.1", nil, "10.0.0.1"},
		"a chain of proxies":                {"10.0.0.1", []string{"203.0.113.1, 192.0.2.7,10.9.9.9"}, "203.0.113.1"},
		"a chain in several lines":          {"10.0.0.1", []string{"203.0.113.1", "192.0.2.7", "10.9.9.9"}, "203.0.113.1"},
		"what the client has invented":      {"10.0.0.1", []string{"1.1.1.1, 10.5.5.5, 203.0.113.1"}, "203.0.113.1"},
		"nobody but proxies":                {"10.0.0.1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"no address":                        {"10.0.0.1", []string{"203.0.113.1, junk"}, "10.0.0.1"},
		"no address behind a proxy":         {"10.0.0.1", []string{"junk, 10.0.0.2"}, "10.0.0.2"},
		"empty":                             {"10.0.0.1", []string{""}, "10.0.0.1"},
		"an empty entry":                    {"10.0.0.1", []string{"203.0.113.1,"}, "10.0.0.1"},
		"an empty line before":              {"10.0.0.1", []string{"", "203.0.113.1"}, "203.0.113.1"},
		"with a port":                       {"10.0.0.1", []string{"203.0.113.1:4711"}, "203.0.113.1"},
		"the sixth version, with a port":    {"fd00::1", []string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		"the fourth within the sixth":       {"::ffff:10.0.0.1", []string{"::ffff:203.0.113.1"}, "203.0.113.1"},
		"a network within the sixth":        {"172.31.0.1", []string{"203.0.113.1"}, "203.0.113.1"},
		"beside a network within the sixth": {"172.32.0.1", []string{"203.0.113.1"}, "172.32.0.1"},
		"with a zone":                       {"fe80::1%eth0", []string{"203.0.113.1"}, "fe80::1"},
		"a proxy with a zone":               {"fd00::1", []string{"fe80::2%eth0"}, "fe80::2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := trusted.client(netip.MustParseAddr(c.peer), c.forwarded); got.String() != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func FuzzClientAddress(f *testing.F) {
	f.Add("203.0.113.1, 10.0.0.2", "")
	f.Add(",,", "[::1]:1,%")
	trusted := proxies{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, one, two string) {
		if got := trusted.client(netip.MustParseAddr("10.0.0.1"), []string{one, two}); !got.IsValid() || got.Zone() != "" || got.Is4In6() {
			t.Errorf("%q and %q make %s", one, two, got)
		}
		if got := trusted.client(netip.MustParseAddr("203.0.113.1"), []string{one, two}); got.String() != "203.0.113.1" {
			t.Errorf("a client has made itself %s", got)
		}
	})
}

// TestPeers: who calls by something else than TCP has no address, whatever it says.
func TestPeers(t *testing.T) {
	t.Parallel()
	everybody := newProxies([]netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")})
	md := metadata.Pairs("x-forwarded-for", "203.0.113.1", clientAddressKey, "192.0.2.1")
	for name, c := range map[string]struct {
		peer net.Addr
		want string
	}{
		"TCP":       {&net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 4711}, "203.0.113.1"},
		"a socket":  {&net.UnixAddr{Name: "@", Net: "unix"}, "invalid IP"},
		"no peer":   {nil, "invalid IP"},
		"IPv6, TCP": {&net.TCPAddr{IP: net.IPv6loopback, Port: 4711}, "203.0.113.1"},
	} {
		ctx := context.Background()
		if c.peer != nil {
			ctx = peer.NewContext(ctx, &peer.Peer{Addr: c.peer})
		}
		if got := everybody.clientAddress(ctx, md).String(); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	for remote, want := range map[string]string{"10.0.0.1:4711": "203.0.113.1", "[::1]:4711": "203.0.113.1", "@": "", "": "", "10.0.0.1": ""} {
		r := &http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {"203.0.113.1"}}}
		if got := first(clientMetadata(everybody.withClient(t.Context(), r), nil), clientAddressKey); got != want {
			t.Errorf("%q over REST: got %q, want %q", remote, got, want)
		}
	}
}

// TestUserAgent: what a client calls itself is no way into a header, and has an end.
func TestUserAgent(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 2*maxUserAgent)
	for name, c := range map[string]struct {
		md   metadata.MD
		want string
	}{
		"its own":             {metadata.Pairs("user-agent", "grpc-go/1"), "grpc-go/1"},
		"another's":           {metadata.Pairs("user-agent", "grpc-go/1", "grpcgateway-user-agent", "a browser"), "a browser"},
		"none":                {nil, ""},
		"a long one":          {metadata.Pairs("user-agent", long), long[:maxUserAgent]},
		"two lines":           {metadata.Pairs("grpcgateway-user-agent", "a\r\nCookie: b", "user-agent", "c"), "c"},
		"not ASCII":           {metadata.Pairs("user-agent", "Žofie"), ""},
		"of the view's, lies": {metadata.Pairs(clientUserAgentKey, "smuggled", "user-agent", "c"), "c"},
	} {
		if got := userAgent(t.Context(), c.md); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
