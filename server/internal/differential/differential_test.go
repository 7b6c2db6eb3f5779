package differential

import (
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
)

// minSteps keeps the suite from shrinking unseen.
const minSteps = 80

// world is a kind of Kratos, and what is lived in front of it.
type world struct {
	name      string
	options   kratostest.Options
	scenarios []scenario
}

// scenario makes steps against a side. It may read a step's answer to make the next one.
type scenario struct {
	name string
	run  func(s *side)
}

func TestDifferential(t *testing.T) {
	var same, all int
	for _, w := range []world{
		{"default", kratostest.Options{}, []scenario{
			{"registration", apiRegistration},
			{"login", apiLogin},
			{"settings", apiSettings},
			{"session", sessions},
			{"browser registration", browserRegistration},
			{"browser login", browserLogin},
			{"browser settings", browserSettings},
			{"links", links},
			{"odds", odds},
		}},
		{"short flows", kratostest.Options{FlowLifespan: time.Second}, []scenario{{"expiry", expiry}}},
		{"old sessions", kratostest.Options{PrivilegedSessionMaxAge: time.Millisecond}, []scenario{{"privileged", privileged}}},
		{"oidc", kratostest.Options{OIDC: true}, []scenario{{"oidc", oidc}}},
	} {
		t.Run(w.name, func(t *testing.T) {
			direct, through := sides(t, w.options)
			for _, s := range []*side{direct, through} {
				for _, sc := range w.scenarios {
					s.closeBrowser()
					s.prefix = sc.name + ": "
					sc.run(s)
				}
			}
			n, of := compare(t, direct, through)
			same, all = same+n, all+of
		})
	}
	for _, d := range differences {
		if !d.used {
			t.Errorf("no step shows this difference any more: %s", d.why)
		}
	}
	if all < minSteps {
		t.Errorf("%d steps are fewer than %d", all, minSteps)
	}
	t.Logf("%d of %d steps the same", same, all)
}
