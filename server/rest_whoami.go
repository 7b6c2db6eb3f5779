package server

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// restWhoami is the short way of GET /sessions/whoami, which proxies ask for with every request that they let through. It
// goes by the same interceptors as every call, and is logged and answered like one, but neither through a connection in
// memory nor from JSON to protobuf and back.
type restWhoami struct {
	mux         *runtime.ServeMux
	backend     *backend
	log         *callLog
	intercepted grpc.UnaryHandler
}

func (s *Server) newRESTWhoami(mux *runtime.ServeMux) *restWhoami {
	h := &restWhoami{mux: mux, backend: s.backend, log: s.callLog(transportREST)}
	info := &grpc.UnaryServerInfo{FullMethod: kratosgrpcv1.SessionService_Whoami_FullMethodName}
	h.intercepted = intercepted(s.interceptors, info, h.whoami)
	return h
}

// intercepted is a handler behind interceptors, of which the first is the outermost.
func intercepted(interceptors []grpc.UnaryServerInterceptor, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) grpc.UnaryHandler {
	for _, intercept := range slices.Backward(interceptors) {
		next := handler
		handler = func(ctx context.Context, req any) (any, error) { return intercept(ctx, req, info, next) }
	}
	return handler
}

// ServeHTTP implements http.Handler. The request is one that forward has prepared.
func (h *restWhoami) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begin := time.Now()
	answered := new(answeredHeader)
	ctx := metadata.NewIncomingContext(r.Context(), whoamiMetadata(r))
	ctx = h.log.TagRPC(ctx, &stats.RPCTagInfo{FullMethodName: kratosgrpcv1.SessionService_Whoami_FullMethodName})
	res, err := h.intercepted(grpc.NewContextWithServerTransportStream(ctx, answered), new(kratosgrpcv1.WhoamiRequest))
	if err != nil {
		err = explained(err)
	}
	h.log.HandleRPC(ctx, &stats.End{BeginTime: begin, EndTime: time.Now(), Error: err})
	if err != nil {
		writeError(runtime.NewServerMetadataContext(ctx, runtime.ServerMetadata{HeaderMD: answered.md}), h.mux, nil, w, r, err)
		return
	}
	body := res.(*httpbody.HttpBody).GetData() //nolint:forcetypeassert // It is what whoami answers.
	for key, values := range answered.md {
		if name, ok := outgoingHeader(key); ok {
			w.Header()[name] = append(w.Header()[name], values...)
		}
	}
	w.Header().Set("Content-Type", contentTypeJSON)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// whoamiMetadata is what the gateway makes of the headers, as far as whoami reads it.
func whoamiMetadata(r *http.Request) metadata.MD {
	md := make(metadata.MD, len(r.Header)+1)
	for name, values := range r.Header {
		switch name {
		case "Authorization":
			md[authorizationKey] = values
		case "X-Session-Token":
			md[sessionTokenKey] = values
		case "Cookie":
			md[cookieKey] = values
		case "X-Request-Id":
			md[requestIDKey] = values
		case "Cache-Control":
			md[cacheControlKey] = values
		}
	}
	md[acceptKey] = []string{r.Header.Get("Accept")}
	maps.Copy(md, callerMetadata(r.Context(), r))
	return md
}

func (h *restWhoami) whoami(ctx context.Context, req any) (any, error) {
	asked := req.(*kratosgrpcv1.WhoamiRequest) //nolint:forcetypeassert // ServeHTTP has made it.
	return call(ctx, h.backend, withCacheControl(ctx, asked), func(adapter adapters.Adapter, ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.WhoamiRequest) (*httpbody.HttpBody, error) {
		return h.backend.sessions.WhoamiJSON(adapter, ctx, x, req)
	})
}

// answeredHeader takes what a call answers beside its message.
type answeredHeader struct{ md metadata.MD }

var _ grpc.ServerTransportStream = (*answeredHeader)(nil)

// Method implements grpc.ServerTransportStream.
func (*answeredHeader) Method() string { return kratosgrpcv1.SessionService_Whoami_FullMethodName }

// SetHeader implements grpc.ServerTransportStream.
func (a *answeredHeader) SetHeader(md metadata.MD) error {
	a.md = metadata.Join(a.md, md)
	return nil
}

// SendHeader implements grpc.ServerTransportStream.
func (a *answeredHeader) SendHeader(md metadata.MD) error { return a.SetHeader(md) }

// SetTrailer implements grpc.ServerTransportStream.
func (*answeredHeader) SetTrailer(metadata.MD) error { return nil }
