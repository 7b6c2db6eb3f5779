package e2e

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ory/kratos-client-go/client/public"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
)

// step is one call of the SDK.
type step struct {
	name string
	do   func(*person) (any, error)
	// want is the outcome's type.
	want string
	// kratos is the outcome's type with Kratos itself where that is another, and why is the reason.
	kratos, why string
}

// TestSDK lives the same life with the official Go SDK of Kratos 0.5 twice, with Kratos itself and with kratosgrpc's
// REST view of it, and compares each answer.
func TestSDK(t *testing.T) {
	t.Parallel()
	// Each has a Kratos of its own, so that both can be the same person.
	options := kratostest.Options{BreachedPasswords: []string{breachedPassword}}
	behind, bare := startStack(t, options), kratostest.StartT(t, options)

	called := map[string]bool{}
	for _, life := range []struct {
		name  string
		steps []step
	}{
		{"app", appLife()},
		{"web", webLife()},
	} {
		t.Run(life.name, func(t *testing.T) {
			email := life.name + "@example.org"
			here, there := newPerson(t, behind.kratos, behind.rest, email), newPerson(t, bare, bare.PublicURL, email)
			for _, s := range life.steps {
				compare(t, s, here, there)
			}
			for id := range here.wire.called {
				called[id] = true
			}
		})
	}

	for method := range reflect.TypeFor[public.ClientService]().Methods() {
		id := strings.ToLower(method.Name[:1]) + method.Name[1:]
		if method.Name != "SetTransport" && !called[id] {
			t.Errorf("no step calls %s", method.Name)
		}
	}
}

// compare takes one step in both places.
func compare(t *testing.T, s step, here, there *person) {
	t.Helper()
	got := here.outcome(s.do(here))
	if got.Type != s.want {
		t.Errorf("%s: got %s, want %s\n%v", s.name, got.Type, s.want, got.Body)
	}
	kratos := there.outcome(s.do(there))
	if s.why != "" {
		if kratos.Type != s.kratos {
			t.Errorf("%s: Kratos answers %s, not %s: is it still true that %s?\n%v", s.name, kratos.Type, s.kratos, s.why, kratos.Body)
		}
		return
	}
	kratos.Body = withoutDebug(kratos.Body)
	if diff := cmp.Diff(kratos, got); diff != "" {
		t.Errorf("%s: Kratos (-) and kratosgrpc (+) differ:\n%s", s.name, diff)
	}
}
