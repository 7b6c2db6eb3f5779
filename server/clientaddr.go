package server

import (
	"context"
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

// client is the address of who has asked: the peer's, or what it says in X-Forwarded-For if it is one of the proxies. That
// is read from the end, to which each proxy adds whom it has heard, up to the first that is none of them: what stands before
// may be anybody's invention, and so may be all that comes with an entry that is no address.
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
	s = strings.TrimSpace(s)
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
