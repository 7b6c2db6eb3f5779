package adapters

import (
	"fmt"
	"time"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// Error is a call that had no answer: Kratos refused it, failed, or could not be asked.
type Error struct {
	// Reason says what went wrong, in the contract's vocabulary.
	Reason kratosgrpcv1.ErrorReason
	// Message is for the caller. It never holds a secret, nor anything of Err.
	Message string
	// HTTPStatus is the status that Kratos answered with, or 0 if it did not answer.
	HTTPStatus int
	// Upstream is the error as Kratos worded it, if it did.
	Upstream *kratosgrpcv1.UpstreamError
	// RetryAfter is how long to wait, as Kratos asks or, where that was not asked, as long as it will not be; or 0.
	RetryAfter time.Duration
	// ReplacementFlowID is the flow that Kratos started in place of an expired one, if it did.
	ReplacementFlowID string
	// RedirectTo is where Kratos shows the replacement.
	RedirectTo string
	// Violations are the fields of the request that are to blame, if any are.
	Violations []Violation
	// Err is the cause. It is for logs.
	Err error
}

// Violation is what is wrong with one field of a request.
type Violation struct {
	// Field is the field's path, for example "payload.traits.email".
	Field string
	// Description says what is wrong with it.
	Description string
}

// Error is for logs: it holds the cause, but nothing that Kratos worded.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Reason, e.Message, e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Reason, e.Message)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
