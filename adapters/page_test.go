package adapters_test

import (
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters"
)

func TestPageToken(t *testing.T) {
	t.Parallel()
	for _, offset := range []int{0, 1, 250, 1 << 30} {
		if got := adapters.PageOffset(adapters.PageToken(offset)); got != offset {
			t.Errorf("the token of %d leads to %d", offset, got)
		}
	}
	// As Kratos 1.3.1 writes it.
	if got := adapters.PageToken(2); got != "eyJvZmZzZXQiOiIyIiwidiI6Mn0" {
		t.Errorf("got %s", got)
	}
	for _, token := range []string{"", "2", "====", "e30", "eyJvZmZzZXQiOiItMjUwIiwidiI6Mn0", "\xff"} {
		if got := adapters.PageOffset(token); got != 0 {
			t.Errorf("%q leads to %d, want the first page", token, got)
		}
	}
}
