package adapters_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

func TestErrorText(t *testing.T) {
	t.Parallel()
	e := &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_NOT_FOUND, Message: "there is no such flow"}
	if got, want := e.Error(), "ERROR_REASON_NOT_FOUND: there is no such flow"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	e.Err = context.DeadlineExceeded
	if got, want := e.Error(), "ERROR_REASON_NOT_FOUND: there is no such flow: context deadline exceeded"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestErrorTextLeavesKratosOut: the text goes to logs, and nobody knows what Kratos words.
func TestErrorTextLeavesKratosOut(t *testing.T) {
	t.Parallel()
	e := &adapters.Error{
		Reason:            kratosgrpcv1.ErrorReason_ERROR_REASON_REJECTED_BY_UPSTREAM,
		Message:           "refused",
		Upstream:          &kratosgrpcv1.UpstreamError{Reason: "somebody@example.org is known", Message: "secret-word"},
		RedirectTo:        "https://example.org/?token=secret-word",
		ReplacementFlowID: "secret-word",
		Violations:        []adapters.Violation{{Field: "payload.password", Description: "secret-word"}},
	}
	if got := e.Error(); strings.Contains(got, "secret-word") || strings.Contains(got, "example.org") {
		t.Errorf("the text is %q", got)
	}
}

func TestErrorIsFoundWithItsCause(t *testing.T) {
	t.Parallel()
	e := &adapters.Error{Err: fmt.Errorf("dial: %w", context.Canceled)}
	wrapped := fmt.Errorf("whoami: %w", e)
	if !errors.Is(wrapped, context.Canceled) {
		t.Error("the cause is not found")
	}
	if got, ok := errors.AsType[*adapters.Error](wrapped); !ok || got != e {
		t.Error("the error is not found")
	}
	if (&adapters.Error{}).Unwrap() != nil {
		t.Error("an error without a cause has one")
	}
}
