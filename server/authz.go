package server

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"slices"
	"strconv"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server/internal/authz"
	"github.com/kratosgrpc/kratosgrpc/server/internal/sessions"
)

// authzService is envoy.service.auth.v3.Authorization: whether a request may pass, and whose it is.
type authzService struct {
	backend  *backend
	verdicts *authz.Verdicts
	timeout  time.Duration
	logger   *slog.Logger
}

var _ authv3.AuthorizationServer = (*authzService)(nil)

// register registers the service so that it never answers an error, not even where a request can't be decoded or a handler
// panics: what Envoy does then is up to failure_mode_allow.
func (s *authzService) register(server *grpc.Server) {
	desc := authv3.Authorization_ServiceDesc
	desc.Methods = slices.Clone(desc.Methods)
	for i, method := range desc.Methods {
		desc.Methods[i].Handler = func(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			res, err := method.Handler(srv, ctx, explaining(decode), interceptor)
			if err != nil {
				return s.deny(ctx, authz.Read(nil), nil, nil, err), nil
			}
			return res, nil
		}
	}
	server.RegisterService(&desc, s)
}

// Check implements the gRPC method.
func (s *authzService) Check(ctx context.Context, req *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	r := authz.Read(req)
	noteRequest(ctx, r.ID())
	rules, err := s.verdicts.Rules.With(req.GetAttributes().GetContextExtensions())
	if err != nil {
		s.logger.ErrorContext(ctx, "a route's context_extensions are wrong: its requests are denied", "request_id", requestID(ctx), "cause", err.Error())
		return s.deny(ctx, r, nil, nil, misconfigured()), nil
	}
	x := new(adapters.Exchange)
	pass, err := s.look(ctx, r, rules, x)
	if err != nil {
		return s.deny(ctx, r, rules, x, err), nil
	}
	res, err := s.verdicts.Allow(r, pass)
	if err != nil {
		return s.deny(ctx, r, rules, x, err), nil
	}
	noteVerdict(ctx, verdictAllowed, codes.OK)
	return res, nil
}

// look finds out whose a request is, and whether that is enough.
func (s *authzService) look(ctx context.Context, r *authz.Request, rules *authz.Rules, x *adapters.Exchange) (*authz.Pass, error) {
	var err error
	if x.Caller.Credential, err = credentialFrom(r.Metadata()); err != nil {
		return nil, err
	}
	x.Caller.Cookies = r.Cookies()
	x.Caller.Accept = "application/json"
	if isRequestID(r.ID()) {
		x.Caller.RequestID = r.ID()
	}

	adapter, err := s.backend.upstream.adapter()
	if err != nil {
		return nil, err
	}
	pass := &authz.Pass{SessionCookie: adapter.SessionCookie()}
	session, err := s.session(ctx, adapter, x, rules)
	pass.SetCookies = x.Answer.SetCookies
	if e := new(adapters.Error); rules.Optional && errors.As(err, &e) && e.Reason == kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION {
		return pass, nil
	}
	pass.Session, pass.IdentityID = session, x.Answer.IdentityID
	pass.IsBearers = x.Caller.Credential.Kind == adapters.BearerToken
	return pass, err
}

// session is the session of a request's credential, if it is enough.
func (s *authzService) session(ctx context.Context, adapter adapters.Adapter, x *adapters.Exchange, rules *authz.Rules) (*authz.Session, error) {
	res, err := s.whoami(ctx, adapter, x, rules)
	if err != nil {
		return nil, err
	}
	session, err := authz.ReadSession(sessions.Encoded(res))
	if err != nil {
		return nil, err
	}
	return session, rules.Check(session)
}

// whoami asks for the session of a request's credential. Of a request that has none, there is nothing to ask.
func (s *authzService) whoami(ctx context.Context, adapter adapters.Adapter, x *adapters.Exchange, rules *authz.Rules) (*kratosgrpcv1.WhoamiResponse, error) {
	if !x.Caller.Credential.IsToken() && x.Caller.CookieHeader(func(name string) bool { return name == adapter.SessionCookie() }) == "" {
		return nil, authz.NoSession()
	}
	req := new(kratosgrpcv1.WhoamiRequest)
	if rules.MaxStaleness != nil {
		req.MaxStaleness = durationpb.New(*rules.MaxStaleness)
	}
	res, err := s.backend.sessions.Whoami(adapter, ctx, x, req)
	s.backend.upstream.note(err)
	s.backend.rewrite.answer(&x.Answer)
	s.backend.rewrite.error(err)
	return res, err
}

// verdictAllowed is how the log calls the verdict on a request that passes. That on others is the reason why they don't.
const verdictAllowed = "ALLOWED"

// deny refuses a request. A status that is made already is told as it is.
func (s *authzService) deny(ctx context.Context, r *authz.Request, rules *authz.Rules, x *adapters.Exchange, err error) *authv3.CheckResponse {
	if e := new(adapters.Error); errors.As(err, &e) {
		if e.Err != nil {
			noteCause(ctx, e)
		}
		err = newStatus(verdictOf(e), nil)
	} else if _, ok := status.FromError(err); !ok {
		noteCause(ctx, err)
		err = internalError()
	}
	st := status.Convert(err)
	why := &authz.Refusal{Status: st.Proto(), Reason: reasonOf(st), HTTP: meanings[reasonNamed(reasonOf(st))].http}
	switch reasonNamed(why.Reason) {
	case kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION:
		why.Login = true
	case kratosgrpcv1.ErrorReason_ERROR_REASON_HIGHER_AAL_REQUIRED:
		why.Login, why.SecondFactor = true, true
	default:
	}
	_, body := errorBody(st, why.HTTP)
	why.Body = string(body)
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			why.RetryAfter = retryAfter(info)
		}
	}
	if x != nil {
		why.SetCookies = x.Answer.SetCookies
	}
	noteVerdict(ctx, why.Reason, st.Code())
	return s.verdicts.Deny(r, rules, why)
}

// verdictOf is an error as a verdict: whatever is neither an answer about the session nor a fault of the request means that
// nobody knows. What Kratos says of its own faults is not for those whose requests are checked.
func verdictOf(e *adapters.Error) *adapters.Error {
	switch e.Reason {
	case kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION, kratosgrpcv1.ErrorReason_ERROR_REASON_HIGHER_AAL_REQUIRED,
		kratosgrpcv1.ErrorReason_ERROR_REASON_ACCESS_DENIED, kratosgrpcv1.ErrorReason_ERROR_REASON_RATE_LIMITED,
		kratosgrpcv1.ErrorReason_ERROR_REASON_INTERNAL:
		return e
	case kratosgrpcv1.ErrorReason_ERROR_REASON_INVALID_REQUEST:
		if e.HTTPStatus == 0 {
			return e
		}
	default:
	}
	return &adapters.Error{
		Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE, Message: "the session can't be checked now", RetryAfter: e.RetryAfter,
	}
}

// misconfigured is the refusal of all requests of a route that asks for what is not understood.
func misconfigured() error {
	return newStatus(&adapters.Error{
		Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_INTERNAL, Message: "this route's authorization is not configured as it should be",
	}, nil)
}

// retryAfter is the value of that header: whole seconds, not too few.
func retryAfter(info *errdetails.RetryInfo) string {
	return strconv.Itoa(int(math.Ceil(info.GetRetryDelay().AsDuration().Seconds())))
}
