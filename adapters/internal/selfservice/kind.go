package selfservice

import (
	"path"
	"strings"

	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
)

// KindOf says what a GET of a path of Kratos does, of any generation. Those that begin a flow, open a mailed link, log out or
// exchange a code are GETs too: what is not known to read only is taken for one of them.
func KindOf(p string) upstream.Kind {
	switch p {
	case "/sessions/whoami":
		return upstream.Lookup
	case "/sessions", "/schemas", "/self-service/errors", "/.well-known/ory/webauthn.js",
		"/self-service/browser/flows/requests/login", "/self-service/browser/flows/requests/registration", "/self-service/browser/flows/requests/profile":
		return upstream.Read
	}
	if dir, name := path.Split(p); dir == "/schemas/" && name != "" {
		return upstream.Read
	}
	for _, flow := range []string{"login", "registration", "settings", "recovery", "verification"} {
		if rest, ok := strings.CutPrefix(p, "/self-service/"+flow); ok {
			if rest == "/flows" {
				return upstream.Read
			}
			break
		}
	}
	return upstream.Once
}
