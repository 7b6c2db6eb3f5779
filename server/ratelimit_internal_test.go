package server

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

const (
	methodLogin  = kratosgrpcv1.LoginService_CompleteLoginFlowWithPasswordMethod_FullMethodName
	methodWhoami = kratosgrpcv1.SessionService_Whoami_FullMethodName
	methodFlow   = kratosgrpcv1.LoginService_InitializeLoginViaApiFlow_FullMethodName
)

// limitClock is a clock that tests set.
type limitClock struct{ now time.Time }

func newTestLimits(r RateLimits) (*limits, *limitClock) {
	l, clock := newLimits(&r, nil), &limitClock{time.Unix(1e9, 0)}
	l.now = func() time.Time { return clock.now }
	return l, clock
}

func from(address string) context.Context {
	return peer.NewContext(context.Background(), &peer.Peer{Addr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(address), 1234))})
}

func certified(who caller) context.Context {
	return context.WithValue(context.Background(), callInfoKey{}, &callInfo{caller: who})
}

// passes counts how many of so many calls pass.
func passes(ctx context.Context, l *limits, method string, req any, calls int) (passed int) {
	for range calls {
		if l.take(ctx, method, req) == nil {
			passed++
		}
	}
	return passed
}

func logsIn(identifier string) any {
	return &kratosgrpcv1.CompleteLoginFlowWithPasswordMethodRequest{Payload: &kratosgrpcv1.LoginPasswordPayload{Identifier: identifier}}
}

func TestRateLimitAddress(t *testing.T) {
	t.Parallel()
	l, clock := newTestLimits(RateLimits{Address: Rate{5, time.Second}})
	for _, c := range []struct {
		what, address, method string
		want                  int
	}{
		{"as many as may", "192.0.2.1", methodFlow, 5},
		{"another operation of the same", "192.0.2.1", methodLogin, 0},
		{"the same, written otherwise", "::ffff:192.0.2.1", methodFlow, 0},
		{"a lookup of the same", "192.0.2.1", methodWhoami, 100},
		{"a verdict for Envoy", "192.0.2.1", authv3.Authorization_Check_FullMethodName, 100},
		{"a health check of the same", "192.0.2.1", "/grpc.health.v1.Health/Check", 100},
		{"another address", "192.0.2.2", methodFlow, 5},
		{"IPv6", "2001:db8::1", methodFlow, 5},
		{"the same network", "2001:db8::2", methodFlow, 0},
		{"another network", "2001:db8:0:1::1", methodFlow, 5},
	} {
		if got := passes(from(c.address), l, c.method, nil, 100); got != c.want {
			t.Errorf("%s: %d pass, want %d", c.what, got, c.want)
		}
	}
	clock.now = clock.now.Add(400 * time.Millisecond)
	if got := passes(from("192.0.2.1"), l, methodFlow, nil, 100); got != 2 {
		t.Errorf("after two fifths of the time %d pass", got)
	}
	clock.now = clock.now.Add(time.Hour)
	if got := passes(from("192.0.2.1"), l, methodFlow, nil, 100); got != 5 {
		t.Errorf("after an hour %d pass", got)
	}
	if got := passes(context.Background(), l, methodFlow, nil, 100); got != 100 {
		t.Errorf("of those who have no address, %d pass", got)
	}
}

// TestRateLimitIdentifier: over all operations by which an identifier is tried, from wherever.
func TestRateLimitIdentifier(t *testing.T) {
	t.Parallel()
	form := func(fields ...string) *structpb.Struct {
		s := &structpb.Struct{Fields: map[string]*structpb.Value{}}
		for i := 0; i < len(fields); i += 2 {
			s.Fields[fields[i]] = structpb.NewStringValue(fields[i+1])
		}
		return s
	}
	const ada = "ada@example.org"
	for name, req := range map[string]any{
		"login":                   logsIn(ada),
		"another case":            logsIn(" ADA@example.org "),
		"recovery":                &kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodRequest{Payload: &kratosgrpcv1.RecoveryLinkPayload{Email: ada}},
		"verification":            &kratosgrpcv1.CompleteVerificationFlowWithLinkMethodRequest{Payload: &kratosgrpcv1.VerificationLinkPayload{Email: ada}},
		"1.x login":               &kratosgrpcv1.UpdateLoginFlowRequest{Payload: form("identifier", ada, "code", "1")},
		"1.x login, old name":     &kratosgrpcv1.UpdateLoginFlowRequest{Payload: form("password_identifier", ada)},
		"1.x recovery":            &kratosgrpcv1.UpdateRecoveryFlowRequest{Payload: form("email", ada)},
		"1.x recovery, new names": &kratosgrpcv1.UpdateRecoveryFlowRequest{Payload: form("recovery_address", ada)},
		"1.x verification":        &kratosgrpcv1.UpdateVerificationFlowRequest{Payload: form("email", ada)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, clock := newTestLimits(RateLimits{Identifier: Rate{3, time.Minute}})
			if got := passes(from("192.0.2.1"), l, methodLogin, req, 10); got != 3 {
				t.Errorf("%d pass", got)
			}
			err := l.take(from("192.0.2.2"), methodLogin, logsIn(ada))
			if err == nil {
				t.Fatal("the same one passes, from elsewhere")
			}
			if strings.Contains(fmt.Sprintf("%v %v", err, status.Convert(err).Details()), "ada@") {
				t.Errorf("the refusal names whom it is about: %v", err)
			}
			if got := passes(from("192.0.2.1"), l, methodLogin, logsIn("grace@example.org"), 10); got != 3 {
				t.Errorf("of another one, %d pass", got)
			}
			clock.now = clock.now.Add(20 * time.Second)
			if got := passes(from("192.0.2.1"), l, methodLogin, req, 10); got != 1 {
				t.Errorf("after a third of the time %d pass", got)
			}
			for _, key := range l.identifier.all.Keys() {
				if strings.Contains(string(key[:]), "ada") {
					t.Error("the identifier is kept as it is")
				}
			}
		})
	}
	t.Run("codes", func(t *testing.T) {
		t.Parallel()
		l, _ := newTestLimits(RateLimits{Identifier: Rate{3, time.Minute}})
		for _, req := range []func(flow string) any{
			func(flow string) any {
				return &kratosgrpcv1.UpdateLoginFlowRequest{Flow: "login" + flow, Payload: form("code", "1")}
			},
			func(flow string) any {
				return &kratosgrpcv1.UpdateRecoveryFlowRequest{Flow: "recovery" + flow, Payload: form("code", "1")}
			},
			func(flow string) any {
				return &kratosgrpcv1.UpdateVerificationFlowRequest{Flow: "verification" + flow, Payload: form("code", "1")}
			},
		} {
			if one, other := passes(t.Context(), l, methodLogin, req("1"), 10), passes(t.Context(), l, methodLogin, req("2"), 10); one != 3 || other != 3 {
				t.Errorf("%T: of one flow %d codes pass, and of another %d", req(""), one, other)
			}
		}
	})
	t.Run("what names nobody", func(t *testing.T) {
		t.Parallel()
		l, _ := newTestLimits(RateLimits{Identifier: Rate{3, time.Minute}})
		for _, req := range []any{nil, logsIn(""), &kratosgrpcv1.UpdateLoginFlowRequest{}, &kratosgrpcv1.UpdateSettingsFlowRequest{Payload: form("email", ada)}} {
			if got := passes(t.Context(), l, methodLogin, req, 10); got != 10 {
				t.Errorf("%T: %d pass", req, got)
			}
		}
	})
}

func TestRateLimitCaller(t *testing.T) {
	t.Parallel()
	l, _ := newTestLimits(RateLimits{Caller: Rate{10, time.Second}})
	for _, c := range []struct {
		what string
		ctx  context.Context
		req  any
		want int
	}{
		{"a caller", certified("spiffe://example.org/shop"), nil, 10},
		{"the same", certified("spiffe://example.org/shop"), nil, 0},
		{"another one", certified("spiffe://example.org/mail"), nil, 10},
		{"those without a SPIFFE ID", certified(nameless), nil, 10},
		{"a batch", certified("spiffe://example.org/batch"), &kratosgrpcv1.BatchWhoamiRequest{Credentials: make([]*kratosgrpcv1.WhoamiCredential, 4)}, 2},
		{"a batch that is larger than the limit", certified("spiffe://example.org/large"), &kratosgrpcv1.BatchWhoamiRequest{Credentials: make([]*kratosgrpcv1.WhoamiCredential, 1000)}, 1},
		{"who has proved nothing", certified(anonymous), nil, 100},
	} {
		if got := passes(c.ctx, l, methodWhoami, c.req, 100); got != c.want {
			t.Errorf("%s: %d pass, want %d", c.what, got, c.want)
		}
	}
	if got := passes(certified("spiffe://example.org/envoy"), l, authv3.Authorization_Check_FullMethodName, nil, 100); got != 10 {
		t.Errorf("of Envoy's questions, %d pass", got)
	}
}

// TestRateLimitMemory: whoever makes identifiers up has no more memory for it.
func TestRateLimitMemory(t *testing.T) {
	t.Parallel()
	l, _ := newTestLimits(RateLimits{Identifier: Rate{1, time.Hour}})
	for i := range 2 * limitedSources {
		if err := l.take(t.Context(), methodLogin, logsIn(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if got := l.identifier.all.Len(); got != limitedSources {
		t.Errorf("%d are remembered, want %d", got, limitedSources)
	}
	if passes(t.Context(), l, methodLogin, logsIn(fmt.Sprint(2*limitedSources-1)), 1) != 0 {
		t.Error("the last one is forgotten")
	}
}

func TestRate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Rate{"": {}, "0": {}, "20/s": {20, time.Second}, "5/m": {5, time.Minute}, "100/h": {100, time.Hour}} {
		var got Rate
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"5", "5/", "/s", "-1/s", "0/s", "5/d", "5/s/s", "five/s", "5.5/s", "99999999999/s", " 5/s"} {
		if err := new(Rate).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is a rate", text)
		}
	}
	for _, r := range []Rate{{-1, time.Second}, {1, 0}, {1, -1}, {2_000_000_000, time.Second}} {
		c := DefaultConfig()
		c.RateLimits.Caller = r
		if err := c.Validate(); err == nil {
			t.Errorf("%v is valid", r)
		}
	}
}

// BenchmarkRateLimits is what the limits cost a lookup: where there are none, and where there are all.
func BenchmarkRateLimits(b *testing.B) {
	for name, r := range map[string]RateLimits{"none": {}, "all": {Rate{1e6, time.Second}, Rate{1e6, time.Second}, Rate{1e6, time.Second}}} {
		b.Run(name, func(b *testing.B) {
			l := newLimits(&r, nil)
			ctx, req := certified("spiffe://example.org/shop"), new(kratosgrpcv1.WhoamiRequest)
			b.ReportAllocs()
			for b.Loop() {
				_ = l.take(ctx, methodWhoami, req)
			}
		})
	}
}
