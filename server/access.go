package server

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server/internal/livefile"
)

// access decides who may call what. Its interceptors stand before every RPC of every service, by whichever way it is called:
// over REST, as a stream, reflection and health, and what does not exist.
type access struct {
	// Either is nil where it is not configured. A call has to pass both.
	allowed *callers
	policy  *livefile.File[policy]
}

func newAccess(config *Config) (_ *access, err error) {
	a := new(access)
	if a.allowed, err = parseCallers(config.AllowSPIFFEIDs); err != nil {
		return nil, fmt.Errorf("the allowed SPIFFE IDs: %w", err)
	}
	if config.PolicyFile != "" {
		if a.policy, err = livefile.Open(config.Logger, "the policy", parsePolicy, config.PolicyFile); err != nil {
			return nil, err
		}
	}
	if a.restricted() && config.TLS.ClientCAFile == "" {
		return nil, errors.New("who calls is known by client certificates only: allowed SPIFFE IDs and a policy need the authorities of clients")
	}
	return a, nil
}

// restricted says whether there is anything to decide.
func (a *access) restricted() bool { return a.allowed != nil || a.policy != nil }

// Check implements livefile.Checker.
func (a *access) Check() {
	if a.policy != nil {
		a.policy.Check()
	}
}

// decide refuses a call that its caller may not make.
func (a *access) decide(ctx context.Context, method string) error {
	if !a.restricted() {
		return nil
	}
	who := callerFrom(ctx)
	if (a.allowed == nil || a.allowed.has(who)) && (a.policy == nil || a.policy.Get().allows(who, method)) {
		return nil
	}
	return newStatus(&adapters.Error{
		Reason:  kratosgrpcv1.ErrorReason_ERROR_REASON_CALLER_NOT_ALLOWED,
		Message: fmt.Sprintf("%s may not call %s", who.described(), strings.TrimPrefix(method, "/")),
	}, nil)
}

// described is a caller as errors name it.
func (c caller) described() string {
	switch c {
	case anonymous:
		return "a caller without a client certificate"
	case nameless:
		return "a caller whose certificate holds no SPIFFE ID"
	default:
		return string(c)
	}
}

func (a *access) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if err := a.decide(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	return handler(ctx, req)
}

func (a *access) stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if err := a.decide(stream.Context(), info.FullMethod); err != nil {
		return err
	}
	return handler(srv, stream)
}
