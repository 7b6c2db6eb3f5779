package e2e

import (
	"reflect"
	"strings"
	"testing"

	"github.com/ory/kratos-client-go/client/public"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
)

// step is one call of the SDK.
type step struct {
	name string
	do   func(*person) (any, error)
	// want is the outcome's type. To who asks for pages it is html, where that is another.
	want, html string
	// kratos is the outcome's type with Kratos itself where that is another, and why is the reason.
	kratos, why string
}

// TestSDK lives the same lives with the official Go SDK of Kratos 0.5 twice, with Kratos 0.5 itself and with kratosgrpc's
// REST view, and compares each answer. Behind kratosgrpc is the same Kratos, or Kratos 1.3: what differs then is what the
// SDK's users can notice of the upgrade.
func TestSDK(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		behind  kratostest.Version
		accept  string
		changes []change
	}{
		{behind: kratostest.V05},
		{behind: kratostest.V13, accept: asBrowsers, changes: upgrade},
	} {
		t.Run(string(c.behind), func(t *testing.T) {
			t.Parallel()
			// Each has a Kratos of its own, so that both can be the same person.
			options := kratostest.Options{BreachedPasswords: []string{breachedPassword}}
			bare := kratostest.StartT(t, options)
			options.Version = c.behind
			behind := startStack(t, options)

			var lives comparison
			called := map[string]bool{}
			for _, life := range []struct {
				name  string
				steps []step
			}{
				{"app", appLife()},
				{"web", webLife()},
			} {
				email := life.name + "@example.org"
				here := newPerson(t, behind.kratos, behind.rest, email, c.accept)
				there := newPerson(t, bare, bare.PublicURL, email, c.accept)
				for _, s := range life.steps {
					lives.take(life.name, s, here, there)
				}
				for id := range here.wire.called {
					called[id] = true
				}
			}
			lives.check(t, c.changes)

			for method := range reflect.TypeFor[public.ClientService]().Methods() {
				id := strings.ToLower(method.Name[:1]) + method.Name[1:]
				if method.Name != "SetTransport" && !called[id] {
					t.Errorf("no step calls %s", method.Name)
				}
			}
		})
	}
}
