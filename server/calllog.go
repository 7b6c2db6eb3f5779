package server

import (
	"context"
	"crypto/rand"
	"log"
	"log/slog"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

// callLog writes one line a call. It is a stats handler, not an interceptor, since calls that are too large, can't be
// decoded or don't exist reach no interceptor.
type callLog struct {
	logger *slog.Logger
	// transport is transportGRPC or transportREST.
	transport string
}

// The ways by which calls come.
const (
	transportGRPC = "grpc"
	transportREST = "rest"
)

var _ stats.Handler = (*callLog)(nil)

// callInfo is what the log says of a call.
type callInfo struct {
	method    string
	requestID string
	caller    caller
	// rest says that the call came by the REST view, through memory: nobody else can reach the server that says so.
	rest bool
	// cause is why Kratos could not be asked; it is written by the call's own goroutine before the call ends.
	cause error
	// verdict is what has become of a request that was to be authorized, and judged the code that it would have if it were
	// an error. They are written like cause.
	verdict string
	judged  codes.Code
}

type callInfoKey struct{}

// requestID is the id by which the log names a call: the caller's own, or one made up.
func requestID(ctx context.Context) string {
	if info, ok := ctx.Value(callInfoKey{}).(*callInfo); ok {
		return info.requestID
	}
	return ""
}

// fromREST says whether a call came by the REST view, and so not from a gRPC client.
func fromREST(ctx context.Context) bool {
	info, ok := ctx.Value(callInfoKey{}).(*callInfo)
	return ok && info.rest
}

// noteCause keeps, for the log, what the caller is not told.
func noteCause(ctx context.Context, err error) {
	if info, ok := ctx.Value(callInfoKey{}).(*callInfo); ok {
		info.cause = err
	}
}

// noteRequest has the log name a call by the id of the request that it is about, if that has one.
func noteRequest(ctx context.Context, id string) {
	if info, ok := ctx.Value(callInfoKey{}).(*callInfo); ok && isRequestID(id) {
		info.requestID = id
	}
}

// noteVerdict keeps, for the log, what has become of a request that was to be authorized.
func noteVerdict(ctx context.Context, verdict string, judged codes.Code) {
	if info, ok := ctx.Value(callInfoKey{}).(*callInfo); ok {
		info.verdict, info.judged = verdict, judged
	}
}

// TagRPC implements stats.Handler.
func (l *callLog) TagRPC(ctx context.Context, tag *stats.RPCTagInfo) context.Context {
	info := &callInfo{method: tag.FullMethodName, rest: l.transport == transportREST}
	if ids := metadata.ValueFromIncomingContext(ctx, requestIDKey); len(ids) > 0 && isRequestID(ids[0]) {
		info.requestID = ids[0]
	}
	if info.rest {
		info.caller = callerInREST(ctx)
	} else {
		info.caller = callerOnWire(ctx)
	}
	if info.requestID == "" {
		info.requestID = rand.Text()
	}
	return context.WithValue(ctx, callInfoKey{}, info)
}

// isRequestID says whether a caller's id is fit for logs and headers.
func isRequestID(id string) bool {
	return id != "" && len(id) <= 128 && isPlain(id)
}

// HandleRPC implements stats.Handler.
func (l *callLog) HandleRPC(ctx context.Context, event stats.RPCStats) {
	end, ok := event.(*stats.End)
	if !ok {
		return
	}
	info, ok := ctx.Value(callInfoKey{}).(*callInfo)
	if !ok {
		return
	}
	st := status.Convert(end.Error)
	code := st.Code()
	if info.verdict != "" {
		code = info.judged
	}
	level := levelOf(code, info.method)
	if !l.logger.Enabled(ctx, level) {
		return
	}
	// By the handler: the logger would look for the line of code that calls it, each time.
	line := slog.NewRecord(end.EndTime, level, "call", 0)
	line.AddAttrs(
		slog.String("method", info.method),
		slog.String("code", st.Code().String()),
		slog.Duration("latency", end.EndTime.Sub(end.BeginTime).Round(time.Microsecond)),
		slog.String("request_id", info.requestID),
		slog.String("transport", l.transport),
	)
	if info.verdict != "" {
		line.AddAttrs(slog.String("verdict", info.verdict))
	}
	if id := info.caller.id(); id != "" {
		line.AddAttrs(slog.String("caller", id))
	}
	if reason := reasonOf(st); reason != "" {
		line.AddAttrs(slog.String("reason", reason))
	}
	if info.cause != nil {
		line.AddAttrs(slog.String("cause", info.cause.Error()))
	}
	_ = l.logger.Handler().Handle(ctx, line)
}

func levelOf(code codes.Code, method string) slog.Level {
	switch code {
	case codes.Internal, codes.Unknown, codes.DataLoss:
		return slog.LevelError
	case codes.Unavailable, codes.DeadlineExceeded:
		return slog.LevelWarn
	default:
	}
	if !strings.HasPrefix(method, "/kratosgrpc.") && !strings.HasPrefix(method, "/envoy.") {
		// Probes and reflection.
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// TagConn implements stats.Handler.
func (*callLog) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements stats.Handler.
func (*callLog) HandleConn(context.Context, stats.ConnStats) {}

// newErrorLog takes what net/http complains of: clients' faults, for the most part.
func newErrorLog(logger *slog.Logger) *log.Logger {
	return slog.NewLogLogger(logger.Handler(), slog.LevelDebug)
}
