package selfservice_test

import (
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
)

// TestKindOf: only what reads is known to.
func TestKindOf(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]upstream.Kind{
		"/sessions/whoami":                           upstream.Lookup,
		"/sessions":                                  upstream.Read,
		"/schemas":                                   upstream.Read,
		"/schemas/default":                           upstream.Read,
		"/schemas/a%2Fb":                             upstream.Read,
		"/self-service/errors":                       upstream.Read,
		"/.well-known/ory/webauthn.js":               upstream.Read,
		"/self-service/login/flows":                  upstream.Read,
		"/self-service/verification/flows":           upstream.Read,
		"/self-service/browser/flows/requests/login": upstream.Read,
		"/self-service/browser/flows/requests/":      upstream.Once,
		"/self-service/browser/flows/login":          upstream.Once,
		"/self-service/browser/flows/logout":         upstream.Once,
		"/self-service/login/api":                    upstream.Once,
		"/self-service/login/browser":                upstream.Once,
		"/self-service/login":                        upstream.Once,
		"/self-service/recovery":                     upstream.Once,
		"/self-service/recovery/methods/link":        upstream.Once,
		"/self-service/logout":                       upstream.Once,
		"/self-service/logout/browser":               upstream.Once,
		"/self-service/settings/methods/profile":     upstream.Once,
		"/sessions/token-exchange":                   upstream.Once,
		"/sessions/others":                           upstream.Once,
		"/self-service/login/flows/../../logout":     upstream.Once,
		"/self-service/loginflows":                   upstream.Once,
		"":                                           upstream.Once,
	} {
		if got := selfservice.KindOf(path); got != want {
			t.Errorf("%q is of kind %d, want %d", path, got, want)
		}
	}
}
