package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

// proxies are the networks of the proxies whose word counts on whom they speak for.
type proxies []netip.Prefix

// newProxies reads IPv4 networks that are written as IPv6 ones, as where both are served, for what they mean: addresses are
// compared as IPv4 ones.
func newProxies(networks []netip.Prefix) proxies {
	const mapped = 96
	p := make(proxies, 0, len(networks))
	for _, network := range networks {
		if network.Addr().Is4In6() && network.Bits() >= mapped {
			network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-mapped)
		}
		p = append(p, network)
	}
	return p
}

// validateProxies refuses networks that are none.
func validateProxies(networks []netip.Prefix) error {
	if slices.ContainsFunc(networks, func(network netip.Prefix) bool { return !network.IsValid() }) {
		return errors.New("a network of trusted proxies is malformed")
	}
	return nil
}

// client is the address of who has asked: the peer's, or what it says in X-Forwarded-For if it is one of the proxies. That
// is read from the end, to which each proxy adds whom it has heard, up to the first that is none of them: what stands before
// may be anybody's invention, and so may be all that comes with an entry that is no address.
//
// Neither Forwarded nor X-Real-IP is read. Most proxies hand on what a client sends of those, and a second header that
// counts is a second way to lie.
func (p proxies) client(peer netip.Addr, forwarded []string) netip.Addr {
	heard := peer.Unmap().WithZone("")
	for _, line := range slices.Backward(forwarded) {
		for line != "" {
			if !p.contain(heard) {
				return heard
			}
			at := strings.LastIndexByte(line, ',')
			next, ok := addressIn(line[at+1:])
			if !ok {
				return heard
			}
			heard, line = next, line[:max(at, 0)]
		}
	}
	return heard
}

func (p proxies) contain(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(a) })
}

// addressIn reads an address, which may stand with a port.
func addressIn(s string) (netip.Addr, bool) {
	if s = strings.TrimSpace(s); s == "" {
		return netip.Addr{}, false
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap().WithZone(""), true
	}
	a, err := netip.ParseAddrPort(s)
	return a.Addr().Unmap().WithZone(""), err == nil
}

// clientKey is the context's key of what REST knows of a client beside the headers that go on.
type clientKey struct{}

type restClientInfo struct{ address, userAgent string }

// withClient notes who sends a REST request.
func (p proxies) withClient(ctx context.Context, r *http.Request) context.Context {
	info := restClientInfo{userAgent: r.UserAgent()}
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		info.address = p.client(peer.Addr(), r.Header.Values("X-Forwarded-For")).String()
	}
	return context.WithValue(ctx, clientKey{}, info)
}

// clientMetadata hands on who sends a REST request: the connection in memory has another peer.
func clientMetadata(ctx context.Context, _ *http.Request) metadata.MD {
	info, _ := ctx.Value(clientKey{}).(restClientInfo)
	md := metadata.MD{}
	if info.address != "" {
		md.Set(clientAddressKey, info.address)
	}
	if isPlain(info.userAgent) && info.userAgent != "" {
		md.Set(clientUserAgentKey, info.userAgent)
	}
	return md
}

// clientAddress is the address of who makes a call, or the zero value if that has none.
func (p proxies) clientAddress(ctx context.Context, md metadata.MD) netip.Addr {
	if fromREST(ctx) {
		address, _ := addressIn(first(md, clientAddressKey))
		return address
	}
	from, ok := peer.FromContext(ctx)
	if !ok {
		return netip.Addr{}
	}
	tcp, ok := from.Addr.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return p.client(tcp.AddrPort().Addr(), md.Get("x-forwarded-for"))
}

// maxUserAgent is how long a program's name may be. Kratos keeps it with each session.
const maxUserAgent = 512

// userAgent is what who makes a call calls itself. A gRPC client that speaks for another one, as a gateway does, says so in
// the metadata that grpc-gateway has for it: its own name is its library's.
func userAgent(ctx context.Context, md metadata.MD) string {
	keys := []string{"grpcgateway-user-agent", "user-agent"}
	if fromREST(ctx) {
		keys = []string{clientUserAgentKey}
	}
	for _, key := range keys {
		if name := first(md, key); name != "" && isPlain(name) {
			return name[:min(len(name), maxUserAgent)]
		}
	}
	return ""
}

func first(md metadata.MD, key string) string {
	if values := md[key]; len(values) > 0 {
		return values[0]
	}
	return ""
}
