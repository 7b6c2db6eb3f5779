package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

// caller is the program that calls, which is not the person whose session it is about: its SPIFFE ID, or one of these two.
type caller string

const (
	// anonymous has shown no certificate that an authority of clients has signed.
	anonymous caller = "anonymous"
	// nameless has shown one that holds no SPIFFE ID.
	nameless caller = "nameless"
)

// maxSPIFFEID is how long a SPIFFE ID may be, in bytes.
const maxSPIFFEID = 2048

// id is the caller's SPIFFE ID, or "".
func (c caller) id() string {
	if c == anonymous || c == nameless {
		return ""
	}
	return string(c)
}

// callerOf is who a connection comes from. As SPIFFE has it, the certificate is no authority's and has one URI, which is the
// ID of a workload: it has a path.
func callerOf(state *tls.ConnectionState) caller {
	if state == nil || len(state.VerifiedChains) == 0 || len(state.PeerCertificates) == 0 {
		return anonymous
	}
	leaf := state.PeerCertificates[0]
	if leaf.IsCA || len(leaf.URIs) != 1 {
		return nameless
	}
	id, err := spiffeid.FromURI(leaf.URIs[0])
	if err != nil || id.Path() == "" || len(id.String()) > maxSPIFFEID {
		return nameless
	}
	return caller(id.String())
}

// callerFrom is who makes a call.
func callerFrom(ctx context.Context) caller {
	if info, ok := ctx.Value(callInfoKey{}).(*callInfo); ok && info.caller != "" {
		return info.caller
	}
	return anonymous
}

// callerOnWire is who makes a call that came from a gRPC client, as its connection says.
func callerOnWire(ctx context.Context) caller {
	if from, ok := peer.FromContext(ctx); ok {
		if info, ok := from.AuthInfo.(*callerInfo); ok {
			return info.caller
		}
	}
	return anonymous
}

// callerMetadata says, on the way from the REST view, who it was that came there.
func callerMetadata(_ context.Context, r *http.Request) metadata.MD {
	if r.TLS == nil {
		return nil
	}
	return metadata.Pairs(callerKey, string(callerOf(r.TLS)))
}

// callerInREST is who makes a call that came by the REST view, as that says; see [fromREST].
func callerInREST(ctx context.Context) caller {
	if said := metadata.ValueFromIncomingContext(ctx, callerKey); len(said) == 1 {
		return caller(said[0])
	}
	return anonymous
}

// callers are patterns of callers: a SPIFFE ID; all below a path, as spiffe://example.org/ns/shop/*; or all of a trust domain,
// as spiffe://example.org/*.
type callers struct {
	exact    map[caller]bool
	prefixes []string
}

// add adds a pattern.
func (c *callers) add(pattern string) error {
	base, below := strings.CutSuffix(pattern, "/*")
	id, err := spiffeid.FromString(base)
	switch {
	case err != nil:
		return fmt.Errorf("%q is no SPIFFE ID: %w", pattern, err)
	case below:
		c.prefixes = append(c.prefixes, base+"/")
		return nil
	case id.Path() == "":
		return fmt.Errorf("%q is a trust domain: if you mean all of it, say %s/*", pattern, pattern)
	}
	c.addExact(caller(base))
	return nil
}

func (c *callers) addExact(who caller) {
	if c.exact == nil {
		c.exact = map[caller]bool{}
	}
	c.exact[who] = true
}

// has tells whether a caller is one of them. Of none there is nobody.
func (c *callers) has(who caller) bool {
	if c == nil {
		return false
	}
	if c.exact[who] {
		return true
	}
	for _, prefix := range c.prefixes {
		if strings.HasPrefix(string(who), prefix) {
			return true
		}
	}
	return false
}

// parseCallers reads the patterns of --allow-spiffe-id; nil means that there are none.
func parseCallers(patterns []string) (*callers, error) {
	if len(patterns) == 0 {
		return nil, nil
	}
	all := new(callers)
	var failed []error
	for _, pattern := range patterns {
		failed = append(failed, all.add(pattern))
	}
	return all, errors.Join(failed...)
}
