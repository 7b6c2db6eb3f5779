package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// failure says why there was no answer.
func failure(ctx context.Context, err error) *adapters.Error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_CANCELLED, Message: "the caller gave up", Err: withoutURL(err)}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED, Message: "Kratos did not answer within the call's deadline", Err: withoutURL(err)}
	default:
		return unavailable(0, withoutURL(err))
	}
}

func unavailable(status int, cause error) *adapters.Error {
	return &adapters.Error{
		Reason:     kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE,
		Message:    "Kratos is unavailable",
		HTTPStatus: status,
		Err:        cause,
	}
}

// withoutURL takes the URL out of an error of net/http: its query may hold a token.
func withoutURL(err error) error {
	if e := new(url.Error); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// Failure translates an answer that is not a success into an error: what its status says, and Kratos's own words. An
// answer that is not Kratos's, and one that is 5xx, says nothing about the caller: Kratos is unavailable.
func (r *Response) Failure() *adapters.Error {
	if r.Status >= http.StatusInternalServerError {
		e := unavailable(r.Status, fmt.Errorf("the answer has status %d", r.Status))
		e.Upstream, _ = r.upstreamError()
		return e
	}
	worded, err := r.upstreamError()
	if err != nil {
		return r.NotKratos(err)
	}
	if worded.GetCode() >= http.StatusInternalServerError {
		// Kratos answers its own faults in API flows with status 400; only the body tells.
		e := unavailable(r.Status, fmt.Errorf("the answer has status %d, but says %d", r.Status, worded.GetCode()))
		e.Upstream = worded
		return e
	}
	e := &adapters.Error{
		Reason:     reason(r.Status),
		Message:    worded.GetReason(),
		HTTPStatus: r.Status,
		Upstream:   worded,
	}
	if e.Message == "" {
		e.Message = worded.GetMessage()
	}
	if r.Status == http.StatusTooManyRequests {
		e.RetryAfter = retryAfter(r.Header.Get("Retry-After"))
	}
	return e
}

// NotKratos is the failure of an answer that Kratos can't have given.
func (r *Response) NotKratos(cause error) *adapters.Error {
	return unavailable(r.Status, fmt.Errorf("the answer with status %d and type %q is not Kratos's: %w", r.Status, r.Header.Get("Content-Type"), cause))
}

func reason(status int) kratosgrpcv1.ErrorReason {
	switch status {
	case http.StatusUnauthorized:
		return kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION
	case http.StatusForbidden:
		return kratosgrpcv1.ErrorReason_ERROR_REASON_ACCESS_DENIED
	case http.StatusNotFound:
		return kratosgrpcv1.ErrorReason_ERROR_REASON_NOT_FOUND
	case http.StatusGone:
		return kratosgrpcv1.ErrorReason_ERROR_REASON_FLOW_EXPIRED
	case http.StatusTooManyRequests:
		return kratosgrpcv1.ErrorReason_ERROR_REASON_RATE_LIMITED
	default:
		return kratosgrpcv1.ErrorReason_ERROR_REASON_REJECTED_BY_UPSTREAM
	}
}

func (r *Response) upstreamError() (*kratosgrpcv1.UpstreamError, error) {
	body := map[string]json.RawMessage{}
	if err := json.Unmarshal(r.Body, &body); err != nil {
		// An error of package json quotes at most a character of the input.
		return nil, err
	}
	if len(body["error"]) == 0 {
		return nil, errors.New("it has no error object")
	}
	worded := new(kratosgrpcv1.UpstreamError)
	if err := Unmarshal(body["error"], worded); err != nil {
		return nil, err
	}
	if worded.GetCode() == 0 {
		// All of Kratos's errors have one. Gateways answer 401 with an error object of their own.
		return nil, errors.New("its error has no code")
	}
	delete(body, "error")
	delete(body, "debug")
	if len(body) > 0 {
		beside, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		worded.Beside = new(structpb.Struct)
		if err := protojson.Unmarshal(beside, worded.GetBeside()); err != nil {
			return nil, errors.New("what stands beside its error is malformed")
		}
	}
	return worded, nil
}

// retryAfter reads a Retry-After header: seconds, or a date.
func retryAfter(s string) time.Duration {
	// No more bits than a duration can hold as nanoseconds.
	if seconds, err := strconv.ParseUint(s, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(s); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
