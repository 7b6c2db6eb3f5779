package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// recoverInterceptor turns a panic into an error, so that one call's fault does not end all others. Of the value, only
// a runtime error's text is logged: any other may hold what a caller sent.
func recoverInterceptor(logger *slog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (res any, err error) {
		defer func() {
			if p := recover(); p != nil {
				logger.ErrorContext(ctx, "panic", "method", info.FullMethod, "request_id", requestID(ctx), "panic", panicked(p), "stack", string(debug.Stack()))
				res, err = nil, internalError()
			}
		}()
		return handler(ctx, req)
	}
}

// panicked says what a panic was, as far as it may be said.
func panicked(p any) string {
	if e, ok := p.(runtime.Error); ok {
		return e.Error()
	}
	return fmt.Sprintf("%T", p)
}

// deadlineInterceptor gives a deadline to calls that bring none.
func deadlineInterceptor(timeout time.Duration) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		if _, ok := ctx.Deadline(); !ok {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, timeout)
			defer cancel()
		}
		return handler(ctx, req)
	}
}

// newValidator is shared by all servers: it compiles the rules of a message once, when it first sees one.
var newValidator = sync.OnceValues(func() (protovalidate.Validator, error) { return protovalidate.New() })

// newValidateInterceptor checks requests against the rules that stand in the protos.
func newValidateInterceptor() (grpc.UnaryServerInterceptor, error) {
	validator, err := newValidator()
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		// Requests of health checks have no rules.
		message, ok := req.(proto.Message)
		if !ok {
			return handler(ctx, req)
		}
		if err := validator.Validate(message); err != nil {
			return nil, invalidRequest(err)
		}
		if err := oneMethod(req); err != nil {
			return nil, err
		}
		return handler(ctx, req)
	}, nil
}

// oneMethod refuses a completion that names two methods, one beside the form and another one in it: which of them counts
// must not depend on who reads them.
func oneMethod(req any) error {
	completion, ok := req.(interface {
		GetMethod() string
		GetPayload() *structpb.Struct
	})
	if !ok || completion.GetMethod() == "" {
		return nil
	}
	named, ok := completion.GetPayload().GetFields()["method"]
	if !ok || named.GetStringValue() == completion.GetMethod() {
		return nil
	}
	return newStatus(malformed("method", "is another one than the payload's"), nil)
}

func invalidRequest(err error) error {
	e := &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_INVALID_REQUEST, Message: "the request is invalid"}
	if failed := new(protovalidate.ValidationError); errors.As(err, &failed) {
		for _, v := range failed.Violations {
			e.Violations = append(e.Violations, adapters.Violation{
				Field:       protovalidate.FieldPathString(v.Proto.GetField()),
				Description: v.Proto.GetMessage(),
			})
		}
	}
	if len(e.Violations) > 0 {
		e.Message = fmt.Sprintf("the request is invalid: %s: %s", e.Violations[0].Field, e.Violations[0].Description)
	}
	return newStatus(e, nil)
}
