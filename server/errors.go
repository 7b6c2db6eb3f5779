package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// domain is the domain of every ErrorInfo.
const domain = "kratosgrpc"

// defaultRetryDelay is what a caller is told to wait after a 429 that does not say.
const defaultRetryDelay = time.Second

// meanings says which gRPC code a reason has, and which HTTP status where Kratos did not give one.
var meanings = map[kratosgrpcv1.ErrorReason]struct {
	code codes.Code
	http int
}{
	kratosgrpcv1.ErrorReason_ERROR_REASON_INVALID_REQUEST:             {codes.InvalidArgument, http.StatusBadRequest},
	kratosgrpcv1.ErrorReason_ERROR_REASON_MESSAGE_TOO_LARGE:           {codes.ResourceExhausted, http.StatusRequestEntityTooLarge},
	kratosgrpcv1.ErrorReason_ERROR_REASON_REJECTED_BY_UPSTREAM:        {codes.InvalidArgument, http.StatusBadRequest},
	kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION:           {codes.Unauthenticated, http.StatusUnauthorized},
	kratosgrpcv1.ErrorReason_ERROR_REASON_ACCESS_DENIED:               {codes.PermissionDenied, http.StatusForbidden},
	kratosgrpcv1.ErrorReason_ERROR_REASON_PRIVILEGED_SESSION_REQUIRED: {codes.PermissionDenied, http.StatusForbidden},
	kratosgrpcv1.ErrorReason_ERROR_REASON_HIGHER_AAL_REQUIRED:         {codes.PermissionDenied, http.StatusForbidden},
	kratosgrpcv1.ErrorReason_ERROR_REASON_CALLER_NOT_ALLOWED:          {codes.PermissionDenied, http.StatusForbidden},
	kratosgrpcv1.ErrorReason_ERROR_REASON_CSRF_VIOLATION:              {codes.PermissionDenied, http.StatusForbidden},
	kratosgrpcv1.ErrorReason_ERROR_REASON_NOT_FOUND:                   {codes.NotFound, http.StatusNotFound},
	kratosgrpcv1.ErrorReason_ERROR_REASON_FLOW_EXPIRED:                {codes.FailedPrecondition, http.StatusGone},
	kratosgrpcv1.ErrorReason_ERROR_REASON_SESSION_ALREADY_AVAILABLE:   {codes.FailedPrecondition, http.StatusBadRequest},
	kratosgrpcv1.ErrorReason_ERROR_REASON_RATE_LIMITED:                {codes.ResourceExhausted, http.StatusTooManyRequests},
	kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE:        {codes.Unavailable, http.StatusServiceUnavailable},
	kratosgrpcv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED:           {codes.DeadlineExceeded, http.StatusGatewayTimeout},
	kratosgrpcv1.ErrorReason_ERROR_REASON_CANCELLED:                   {codes.Canceled, statusClientClosedRequest},
	kratosgrpcv1.ErrorReason_ERROR_REASON_UNSUPPORTED_BY_UPSTREAM:     {codes.Unimplemented, http.StatusNotImplemented},
	kratosgrpcv1.ErrorReason_ERROR_REASON_UNKNOWN_METHOD:              {codes.Unimplemented, http.StatusNotFound},
	kratosgrpcv1.ErrorReason_ERROR_REASON_INTERNAL:                    {codes.Internal, http.StatusInternalServerError},
}

// statusClientClosedRequest is what proxies log of a client that gave up. Nobody is there to read it.
const statusClientClosedRequest = 499

// The keys of an ErrorInfo's metadata.
const (
	metaUpstreamStatus  = "upstream_http_status"
	metaUpstreamAPI     = "upstream_api"
	metaAvailableIn     = "available_in"
	metaReplacementFlow = "replacement_flow_id"
	metaRedirectTo      = "redirect_to"
	metaLimit           = "limit_bytes"
	metaLimitedBy       = "limited_by"
)

// statusFrom makes the status of what the adapter of a generation returned in place of an answer.
func statusFrom(ctx context.Context, api string, err error) error {
	if e := new(adapters.Error); errors.As(err, &e) {
		if e.Err != nil {
			noteCause(ctx, e)
		}
		return newStatus(e, metadataOf(e))
	}
	if errors.Is(err, errors.ErrUnsupported) {
		return unsupported(ctx, api)
	}
	noteCause(ctx, err)
	return internalError()
}

// unsupported is the refusal of what the generation behind this server lacks: an operation or, where it has that, what a
// field of the request asks for, which only later generations know.
func unsupported(ctx context.Context, api string) error {
	full, _ := grpc.Method(ctx)
	others, what := adapters.AvailableIn(path.Base(full)), "has no such operation"
	if at := slices.Index(others, api); at >= 0 {
		others, what = others[at+1:], "can't do all that this request asks for"
	}
	md := map[string]string{metaUpstreamAPI: api}
	if len(others) > 0 {
		md[metaAvailableIn] = strings.Join(others, ",")
	}
	return newStatus(&adapters.Error{
		Reason:  kratosgrpcv1.ErrorReason_ERROR_REASON_UNSUPPORTED_BY_UPSTREAM,
		Message: fmt.Sprintf("the Kratos behind this server (%s) %s", api, what),
	}, md)
}

func internalError() error {
	return newStatus(&adapters.Error{
		Reason:  kratosgrpcv1.ErrorReason_ERROR_REASON_INTERNAL,
		Message: "a fault of this server, logged there",
	}, nil)
}

func metadataOf(e *adapters.Error) map[string]string {
	md := map[string]string{}
	if e.HTTPStatus != 0 {
		md[metaUpstreamStatus] = strconv.Itoa(e.HTTPStatus)
	}
	if e.ReplacementFlowID != "" {
		md[metaReplacementFlow] = e.ReplacementFlowID
	}
	if e.RedirectTo != "" {
		md[metaRedirectTo] = e.RedirectTo
	}
	return md
}

// newStatus makes a status with its details, each kind at most once.
func newStatus(e *adapters.Error, md map[string]string) error {
	st := status.New(meanings[e.Reason].code, e.Message)
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{
		Reason:   strings.TrimPrefix(e.Reason.String(), "ERROR_REASON_"),
		Domain:   domain,
		Metadata: md,
	}}
	if e.Upstream != nil {
		details = append(details, protoadapt.MessageV1Of(e.Upstream))
	}
	if len(e.Violations) > 0 {
		bad := new(errdetails.BadRequest)
		for _, v := range e.Violations {
			bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{Field: v.Field, Description: v.Description})
		}
		details = append(details, bad)
	}
	delay := e.RetryAfter
	if delay == 0 && e.Reason == kratosgrpcv1.ErrorReason_ERROR_REASON_RATE_LIMITED {
		delay = defaultRetryDelay
	}
	if delay > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(delay)})
	}
	detailed, err := st.WithDetails(details...)
	if err != nil {
		// Only a message that can't be encoded gets here. The code and the text still say what happened.
		return st.Err()
	}
	return detailed.Err()
}

func invalidMetadata(key, why string) error {
	return &adapters.Error{
		Reason:     kratosgrpcv1.ErrorReason_ERROR_REASON_INVALID_REQUEST,
		Message:    fmt.Sprintf("%s %s", key, why),
		Violations: []adapters.Violation{{Field: key, Description: why}},
	}
}

// unknownMethod answers RPCs that don't exist.
func unknownMethod(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	return newStatus(&adapters.Error{
		Reason:  kratosgrpcv1.ErrorReason_ERROR_REASON_UNKNOWN_METHOD,
		Message: fmt.Sprintf("there is no RPC %q", method),
	}, nil)
}

// reasonOf reads a status's reason, or "" if it has none.
func reasonOf(st *status.Status) string {
	if info := errorInfo(st); info != nil {
		return info.GetReason()
	}
	return ""
}

func errorInfo(st *status.Status) *errdetails.ErrorInfo {
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetDomain() == domain {
			return info
		}
	}
	return nil
}

// explained gives an error that gRPC itself made the reason that every error has: a request that is too large or can't
// be decoded ends before any interceptor sees it.
func explained(err error) error {
	st := status.Convert(err)
	if st.Code() == codes.OK || errorInfo(st) != nil {
		return err
	}
	switch st.Code() {
	case codes.ResourceExhausted:
		return newStatus(&adapters.Error{
			Reason:  kratosgrpcv1.ErrorReason_ERROR_REASON_MESSAGE_TOO_LARGE,
			Message: fmt.Sprintf("the request is larger than %d bytes", maxMessageBytes),
		}, map[string]string{metaLimit: strconv.Itoa(maxMessageBytes)})
	case codes.Internal, codes.InvalidArgument:
		return newStatus(&adapters.Error{
			Reason:  kratosgrpcv1.ErrorReason_ERROR_REASON_INVALID_REQUEST,
			Message: "the request can't be decoded",
		}, nil)
	case codes.Canceled:
		return newStatus(&adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_CANCELLED, Message: "the caller gave up"}, nil)
	case codes.DeadlineExceeded:
		return newStatus(&adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED, Message: "the call's deadline is over"}, nil)
	default:
		return newStatus(&adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE, Message: "this server can't take the call"}, nil)
	}
}
