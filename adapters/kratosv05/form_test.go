package kratosv05

import (
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
)

// TestFormSaysSomething: Kratos takes a form without any field for a request without a body.
func TestFormSaysSomething(t *testing.T) {
	t.Parallel()
	form := newForm("")
	addText(form, "password", "")
	selfservice.AddTraits(form, nil)
	if got := form.Encode(); got != "csrf_token=" {
		t.Errorf("got %q", got)
	}
	addText(form, "password", "p")
	if got := form.Encode(); got != "csrf_token=&password=p" {
		t.Errorf("got %q", got)
	}
}
