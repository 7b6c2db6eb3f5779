package server

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"strings"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// limitedSources bounds how many addresses, identifiers and callers are remembered, each. Whoever was heard of longest ago is
// forgotten first, and may begin anew.
const limitedSources = 1 << 16

// ipv6Bits is the size of an IPv6 network that counts as one address: whoever has one has a whole network.
const ipv6Bits = 64

// limits are the limits on how often something may be asked.
type limits struct {
	address    *limiters[netip.Prefix]
	identifier *limiters[[sha256.Size]byte]
	caller     *limiters[caller]

	proxies proxies
	// key is the secret under which identifiers are hashed.
	key [sha256.Size]byte
	now func() time.Time
}

func newLimits(r *RateLimits, trusted proxies) *limits {
	l := &limits{
		address:    newLimiters[netip.Prefix](r.Address, limitedSources),
		identifier: newLimiters[[sha256.Size]byte](r.Identifier, limitedSources),
		caller:     newLimiters[caller](r.Caller, limitedSources),
		proxies:    trusted,
		now:        time.Now,
	}
	_, _ = rand.Read(l.key[:]) // It never fails.
	return l
}

// unary is the interceptor. Health checks and reflection are not limited.
func (l *limits) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if err := l.take(ctx, info.FullMethod, req); err != nil {
		return nil, err
	}
	return handler(ctx, req)
}

// stream is the interceptor of streams: a WatchSession counts once, however long it lasts.
func (l *limits) stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if err := l.take(stream.Context(), info.FullMethod, nil); err != nil {
		return err
	}
	return handler(srv, stream)
}

// take counts a call, or says that it is one too many.
func (l *limits) take(ctx context.Context, method string, req any) error {
	if !strings.HasPrefix(method, "/kratosgrpc.") && method != authv3.Authorization_Check_FullMethodName {
		return nil
	}
	now := l.now()
	if l.caller != nil {
		if who := callerFrom(ctx); who != anonymous {
			if wait := l.caller.take(who, now, weight(req)); wait > 0 {
				return limited("caller", wait)
			}
		}
	}
	if l.address != nil && !isLookup(method) {
		md, _ := metadata.FromIncomingContext(ctx)
		if network, ok := networkOf(l.proxies.clientAddress(ctx, md)); ok {
			if wait := l.address.take(network, now, 1); wait > 0 {
				return limited("address", wait)
			}
		}
	}
	if l.identifier != nil {
		if identifier := identifierOf(req); identifier != "" {
			if wait := l.identifier.take(l.hashed(identifier), now, 1); wait > 0 {
				return limited("identifier", wait)
			}
		}
	}
	return nil
}

// isLookup says whether a call asks whose session a credential is. Services do, on behalf of everybody, from one address.
func isLookup(method string) bool {
	switch method {
	case kratosgrpcv1.SessionService_Whoami_FullMethodName, kratosgrpcv1.SessionService_BatchWhoami_FullMethodName, kratosgrpcv1.SessionService_WatchSession_FullMethodName,
		authv3.Authorization_Check_FullMethodName:
		return true
	}
	return false
}

// weight is how many calls a call is worth.
func weight(req any) int {
	if batch, ok := req.(*kratosgrpcv1.BatchWhoamiRequest); ok {
		return max(1, len(batch.GetCredentials()))
	}
	return 1
}

// networkOf is what an address counts as.
func networkOf(address netip.Addr) (netip.Prefix, bool) {
	if !address.IsValid() {
		return netip.Prefix{}, false
	}
	bits := address.BitLen()
	if address.Is6() {
		bits = ipv6Bits
	}
	network, err := address.Prefix(bits)
	return network, err == nil
}

// hashed is what is remembered of an identifier. Kratos does not tell upper and lower case apart, nor blanks around it.
func (l *limits) hashed(identifier string) [sha256.Size]byte {
	mac := hmac.New(sha256.New, l.key[:])
	_, _ = mac.Write([]byte(strings.ToLower(strings.TrimSpace(identifier))))
	return [sha256.Size]byte(mac.Sum(nil))
}

func limited(by string, wait time.Duration) error {
	return newStatus(&adapters.Error{
		Reason:     kratosgrpcv1.ErrorReason_ERROR_REASON_RATE_LIMITED,
		Message:    fmt.Sprintf("too many requests of this %s", by),
		RetryAfter: wait,
	}, map[string]string{metaLimitedBy: by})
}

// limiters are a limit for each of many sources. Nil is none.
type limiters[K comparable] struct {
	rate Rate
	all  *lru.Cache[K, *rate.Limiter]
}

func newLimiters[K comparable](r Rate, size int) *limiters[K] {
	if r.Events == 0 {
		return nil
	}
	all, _ := lru.New[K, *rate.Limiter](size) // It fails for a size below one.
	return &limiters[K]{rate: r, all: all}
}

// take counts n calls of a source, or tells how long it has to wait. Of more than it may make at once, as many are counted.
func (l *limiters[K]) take(source K, now time.Time, n int) time.Duration {
	limiter, ok := l.all.Get(source)
	if !ok {
		limiter = rate.NewLimiter(rate.Every(l.rate.Per/time.Duration(l.rate.Events)), l.rate.Events)
		if other, found, _ := l.all.PeekOrAdd(source, limiter); found {
			limiter = other
		}
	}
	reserved := limiter.ReserveN(now, min(n, l.rate.Events))
	wait := reserved.DelayFrom(now)
	if wait > 0 {
		reserved.CancelAt(now)
	}
	return wait
}
