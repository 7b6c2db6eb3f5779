package server

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server/internal/sessions"
)

// watchInterval is how often Kratos is asked about a session that somebody watches.
const watchInterval = 5 * time.Second

// WatchSession sends what there is to know of a session until it ends.
func (s *sessionService) WatchSession(_ *kratosgrpcv1.WatchSessionRequest, stream grpc.ServerStreamingServer[kratosgrpcv1.WatchSessionResponse]) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	if s.backend.watchFor > 0 {
		defer time.AfterFunc(s.backend.watchFor, cancel).Stop()
	}
	// A server that stops would wait for it.
	defer context.AfterFunc(s.backend.draining, cancel)()
	x, err := exchangeFrom(ctx, s.backend.proxies)
	if err == nil {
		err = s.backend.sessions.Watch(ctx, s.backend.upstream.adapter, x.Caller, watchInterval, func(e sessions.Event) error {
			return stream.Send(s.backend.watchResponse(e))
		})
	}
	switch {
	case err == nil:
		return nil
	case s.backend.draining.Err() != nil:
		err = &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE, Message: "the server stops: watch again"}
	case ctx.Err() != nil && stream.Context().Err() == nil:
		err = &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE, Message: "the stream has lasted as long as it may: watch again"}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		// gRPC says so itself.
		return err
	}
	s.backend.rewrite.error(err)
	return statusFrom(ctx, s.backend.upstream.api(), err)
}

func (b *backend) watchResponse(e sessions.Event) *kratosgrpcv1.WatchSessionResponse {
	if e.Ended != "" {
		return &kratosgrpcv1.WatchSessionResponse{Event: &kratosgrpcv1.WatchSessionResponse_Ended{Ended: &kratosgrpcv1.SessionEnd{Reason: e.Ended}}}
	}
	// All who watch share the session; what is rewritten is their own.
	own := &kratosgrpcv1.WatchSessionResponse{Event: &kratosgrpcv1.WatchSessionResponse_Session{Session: proto.CloneOf(e.Session)}}
	b.rewrite.message(own)
	return own
}

// recoverStream is recoverInterceptor for streams.
func recoverStream(logger *slog.Logger) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
		defer func() {
			if p := recover(); p != nil {
				ctx := stream.Context()
				logger.ErrorContext(ctx, "panic", "method", info.FullMethod, "request_id", requestID(ctx), "panic", panicked(p), "stack", string(debug.Stack()))
				err = internalError()
			}
		}()
		return handler(srv, stream)
	}
}
