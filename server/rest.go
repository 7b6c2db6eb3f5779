package server

import (
	"context"
	"mime"
	"net/http"
	"net/textproto"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/gen"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// noCache is how Kratos forbids caches to keep what is somebody's own.
const noCache = "private, no-cache, no-store, must-revalidate"

// newRESTHandler makes the HTTP handler: the gateway, and beside it the endpoints that are no RPCs.
func (s *Server) newRESTHandler() (http.Handler, error) {
	mux := runtime.NewServeMux(
		runtime.WithIncomingHeaderMatcher(incomingHeader),
		runtime.WithMetadata(acceptMetadata),
		runtime.WithMetadata(formMetadata),
		runtime.WithMetadata(clientMetadata),
		runtime.WithMetadata(callerMetadata),
		runtime.WithOutgoingHeaderMatcher(outgoingHeader),
		runtime.WithOutgoingTrailerMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithMarshalerOption("application/json", &jsonMarshaler{decode: decodeJSON}),
		runtime.WithMarshalerOption(contentTypeForm, &jsonMarshaler{decode: decodeForm}),
		runtime.WithMarshalerOption(runtime.MIMEWildcard, &jsonMarshaler{decode: refuseBody}),
		runtime.WithForwardResponseOption(writeHead),
		runtime.WithForwardResponseRewriter(rewriteBody),
		runtime.WithErrorHandler(writeError),
		runtime.WithRoutingErrorHandler(writeRoutingError),
		// With the legacy mode, an id that holds an escaped character would be another one.
		runtime.WithUnescapingMode(runtime.UnescapingModeAllCharacters),
		// A form that is sent by POST must not reach the operation of a GET, nor one that a header names.
		runtime.WithDisablePathLengthFallback(),
		runtime.WithDisableHTTPMethodOverride(),
	)
	for _, register := range []func(context.Context, *runtime.ServeMux, *grpc.ClientConn) error{
		kratosgrpcv1.RegisterLoginServiceHandler,
		kratosgrpcv1.RegisterRegistrationServiceHandler,
		kratosgrpcv1.RegisterSettingsServiceHandler,
		kratosgrpcv1.RegisterRecoveryServiceHandler,
		kratosgrpcv1.RegisterVerificationServiceHandler,
		kratosgrpcv1.RegisterLogoutServiceHandler,
		kratosgrpcv1.RegisterSessionServiceHandler,
		kratosgrpcv1.RegisterSchemaServiceHandler,
		kratosgrpcv1.RegisterErrorServiceHandler,
	} {
		if err := register(context.Background(), mux, s.toInner); err != nil {
			return nil, err
		}
	}

	root := http.NewServeMux()
	root.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeHealth(w, true) })
	root.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { writeHealth(w, s.health.ready.Load()) })
	root.HandleFunc("GET /openapi.json", serveOpenAPI)
	root.Handle("/", s.forward(mux, s.newRESTWhoami(mux)))
	return root, nil
}

func writeHealth(w http.ResponseWriter, ok bool) {
	w.Header().Set("Content-Type", contentTypeJSON)
	w.Header().Set("Cache-Control", "no-store")
	body := `{"status":"ok"}`
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
		body = `{"status":"unavailable"}`
	}
	_, _ = w.Write([]byte(body))
}

func serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", contentTypeJSON)
	_, _ = w.Write(gen.OpenAPI)
}

// forward prepares a request for the gateway: what the gateway would hand on regardless of its matcher, or take for a
// command, is not there when it looks. What only asks whose session it is goes to whoami instead.
func (s *Server) forward(mux, whoami http.Handler) http.Handler {
	trusted := s.backend.proxies
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", noCache)
		h.Add("Vary", "Cookie")

		header, err := allowedHeader(r.Header)
		if err != nil {
			writeStatus(w, r, statusOf(err))
			return
		}
		if r.URL.Path == whoamiPath && r.URL.RawQuery == "" {
			// A lookup may be for many, so who the client is does not go on with it.
			own := r.WithContext(r.Context())
			own.Method, own.Header = http.MethodGet, header
			whoami.ServeHTTP(w, own)
			return
		}
		ctx := context.WithValue(trusted.withClient(r.Context(), r), methodKey{}, r.Method)
		url := *r.URL
		query := r.URL.Query()
		if paged[url.Path] && r.Method == http.MethodGet {
			ctx = context.WithValue(ctx, pageKey{}, pageOf(url.Path, query))
		}
		own := r.WithContext(ctx)
		own.Header = header
		own.Body = &requestBody{ReadCloser: http.MaxBytesReader(w, r.Body, maxMessageBytes)}
		switch {
		case r.URL.Path == whoamiPath:
			// Proxies ask with the method of the request that they ask about, and Kratos answers whatever it is.
			own.Method = http.MethodGet
		case r.Method == http.MethodGet && completedByGET[r.URL.Path]:
			own.Method, own.Body = http.MethodPost, &requestBody{ReadCloser: http.NoBody, absent: true}
		case r.Method == http.MethodDelete && r.URL.Path == sessionsPath && !meansBody(r) && s.upstream.api() == adapters.V1:
			url.Path, url.RawPath = otherSessionsPath, ""
		}
		url.RawQuery = contractQuery(url.Path, query).Encode()
		own.URL = &url
		mux.ServeHTTP(w, own)
	})
}

const (
	// whoamiPath is the path of SessionService.Whoami.
	whoamiPath = "/sessions/whoami"
	// sessionsPath is, for DELETE, the path of two operations: of SessionService.RevokeSession, by which Kratos 0.5 ends
	// the session whose token is in the body, and of SessionService.DisableMyOtherSessions, by which Kratos 1.x ends all
	// others, and which has no body. In front of a Kratos 0.x it is the former, whatever comes.
	sessionsPath = "/sessions"
	// otherSessionsPath is the path that SessionService.DisableMyOtherSessions has for itself.
	otherSessionsPath = "/sessions/others"
)

// meansBody says whether a request has a body, or shows that it had one before something on the way dropped it: then it
// is not to be taken for one that never had any.
func meansBody(r *http.Request) bool {
	if r.ContentLength != 0 || len(r.TransferEncoding) > 0 {
		return true
	}
	for _, name := range []string{"Content-Type", "Content-Encoding", "Expect", "Trailer"} {
		if len(r.Header.Values(name)) > 0 {
			return true
		}
	}
	return len(r.Trailer) > 0
}

// completedByGET are the paths of completions that Kratos sends browsers to, which go there by GET, without a form: to open
// a mailed link, or to go on with a change of settings once the session has been refreshed.
var completedByGET = map[string]bool{
	"/self-service/recovery":                          true,
	"/self-service/verification":                      true,
	"/self-service/settings":                          true,
	"/self-service/recovery/methods/link":             true,
	"/self-service/verification/methods/link":         true,
	"/self-service/settings/methods/password":         true,
	"/self-service/settings/methods/profile":          true,
	"/self-service/methods/oidc/settings/connections": true,
}

// methodKey is the context's key of the HTTP method.
type methodKey struct{}

// incomingHeader says which headers become metadata. What is left of the headers by now is what may.
func incomingHeader(name string) (string, bool) {
	switch key := textproto.CanonicalMIMEHeaderKey(name); key {
	case "X-Session-Token", "Cookie", "X-Request-Id", "Cache-Control":
		return key, true
	}
	// The gateway hands on Authorization by itself; Accept is acceptMetadata's.
	return "", false
}

// acceptMetadata hands on the Accept header as Kratos would read it, and says so also where there is none: over gRPC its
// absence means JSON. Kratos takes a JSON body for a wish for JSON.
func acceptMetadata(_ context.Context, r *http.Request) metadata.MD {
	accept := r.Header.Get("Accept")
	if r.Header.Get("Content-Type") == "application/json" {
		accept = "application/json"
	}
	return metadata.Pairs(acceptKey, accept)
}

// formMetadata says of a form that it was one.
func formMetadata(_ context.Context, r *http.Request) metadata.MD {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind == contentTypeForm {
		return metadata.Pairs(sentFormKey, "true")
	}
	return nil
}

// outgoingHeader says which metadata become headers.
func outgoingHeader(key string) (string, bool) {
	switch key {
	case setCookieKey:
		return "Set-Cookie", true
	case identityIDKey:
		return "X-Kratos-Authenticated-Identity-Id", true
	}
	return "", false
}
