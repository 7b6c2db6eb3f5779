package sessions

import (
	"bytes"
	"context"
	"reflect"
	"testing"
	"time"
	"unsafe"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// canary is what must not be left anywhere in memory: as a token, and as the value of a cookie.
const canary = "canary-4d1f0a8e-ffff-4711-tweet"

// aviary is a Kratos for which each second credential is one.
type aviary struct {
	adapters.Unsupported
	asked int
}

func (*aviary) API() string                 { return adapters.V1 }
func (*aviary) SessionCookie() string       { return "ory_kratos_session" }
func (*aviary) Ready(context.Context) error { return nil }

func (a *aviary) Whoami(context.Context, *adapters.Exchange, *kratosgrpcv1.WhoamiRequest) (*kratosgrpcv1.WhoamiResponse, error) {
	if a.asked++; a.asked%2 == 0 {
		return nil, &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION, HTTPStatus: 401}
	}
	return &kratosgrpcv1.WhoamiResponse{Session: &kratosgrpcv1.Session{Id: "session", Identity: &kratosgrpcv1.Identity{Id: "identity"}}}, nil
}

// TestNoCredentialIsKept looks at all memory that a lookup leads to, after it has seen credentials of every kind.
func TestNoCredentialIsKept(t *testing.T) {
	t.Parallel()
	l, err := New(Options{TTL: time.Hour, NegativeTTL: time.Hour, Size: 100, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	kratos := new(aviary)
	var callers []adapters.Caller
	for _, suffix := range []string{"", "-2"} {
		callers = append(
			callers,
			adapters.Caller{Credential: adapters.Credential{Kind: adapters.SessionToken, Token: canary + suffix}},
			adapters.Caller{Credential: adapters.Credential{Kind: adapters.BearerToken, Token: canary + suffix}},
			adapters.Caller{Cookies: []string{"ory_kratos_session=" + canary + suffix}},
		)
	}
	for _, caller := range callers {
		for range 2 {
			_, _ = l.Whoami(kratos, t.Context(), &adapters.Exchange{Caller: caller}, &kratosgrpcv1.WhoamiRequest{})
			_, _ = l.WhoamiJSON(kratos, t.Context(), &adapters.Exchange{Caller: caller}, &kratosgrpcv1.WhoamiRequest{})
		}
	}
	l.Changed(t.Context(), kratos, &callers[0], &kratosgrpcv1.RevokeSessionRequest{SessionToken: canary + "-3"}, new(kratosgrpcv1.RevokeSessionResponse))
	if l.cache.sessions.Len() == 0 || l.cache.negatives.Len() == 0 || l.cache.bodies.Len() == 0 {
		t.Fatal("nothing is kept at all")
	}

	s := &scanner{needle: []byte(canary), seen: map[unsafe.Pointer]bool{}}
	if !s.finds(reflect.ValueOf(&callers)) {
		t.Fatal("it would not be found where it is")
	}
	if s.finds(reflect.ValueOf(l)) {
		t.Error("a credential is in what is kept")
	}
	// What hashes credentials is used again, and must not hold what it hashed last.
	for range 10 {
		if s.finds(reflect.ValueOf(l.keys.pool.Get())) {
			t.Error("a credential is in what hashes them")
		}
	}
}

// scanner looks for bytes in memory.
type scanner struct {
	needle []byte
	seen   map[unsafe.Pointer]bool
}

// finds tells whether they are in a value, or in anything that it leads to.
func (s *scanner) finds(v reflect.Value) bool {
	switch v.Kind() { //nolint:exhaustive // Nothing is in the others.
	case reflect.String:
		return bytes.Contains([]byte(v.String()), s.needle)
	case reflect.Pointer:
		if v.IsNil() || s.seen[v.UnsafePointer()] {
			return false
		}
		s.seen[v.UnsafePointer()] = true
		return s.finds(v.Elem())
	case reflect.Interface:
		return !v.IsNil() && s.finds(v.Elem())
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			if s.finds(entries.Key()) || s.finds(entries.Value()) {
				return true
			}
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			if s.finds(field) {
				return true
			}
		}
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice {
			// What is there beyond its end as well.
			v = v.Slice(0, v.Cap())
		}
		if v.Type().Elem().Kind() == reflect.Uint8 {
			data := make([]byte, v.Len())
			for i := range data {
				data[i] = byte(v.Index(i).Uint())
			}
			return bytes.Contains(data, s.needle)
		}
		for i := range v.Len() {
			if s.finds(v.Index(i)) {
				return true
			}
		}
	}
	return false
}
