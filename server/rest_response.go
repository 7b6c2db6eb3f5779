package server

import (
	"context"
	"fmt"
	"html"
	"net/http"

	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// view is a response message as Kratos would answer it.
type view struct {
	status      int
	location    string
	contentType string
	body        proto.Message
}

// viewOf translates a response message back into Kratos's terms: an outcome is a status and what is in it, a redirect
// is a 302.
func viewOf(ctx context.Context, res proto.Message) view {
	switch res := res.(type) {
	case *kratosgrpcv1.GetSchemaResponse:
		return view{http.StatusOK, "", "application/json", &httpbody.HttpBody{Data: res.GetSchema()}}
	case *kratosgrpcv1.RevokeSessionResponse:
		return view{status: http.StatusNoContent, body: new(httpbody.HttpBody)}
	case interface {
		GetRedirect() *kratosgrpcv1.Redirect
	}:
		if to := res.GetRedirect(); to != nil {
			return redirectView(ctx, to.GetLocation())
		}
	}

	reflected := res.ProtoReflect()
	if outcomes := reflected.Descriptor().Oneofs().ByName("outcome"); outcomes != nil {
		if chosen := reflected.WhichOneof(outcomes); chosen != nil {
			inner := reflected.Get(chosen).Message()
			if chosen.Name() == "flow" {
				return view{http.StatusBadRequest, "", contentTypeJSON, inner.Interface()}
			}
			return view{http.StatusOK, "", contentTypeJSON, bare(inner)}
		}
	}
	return view{http.StatusOK, "", contentTypeJSON, res}
}

// bare is a success without its wrapper, where Kratos answers what is in it: the flow of a link that is on its way, the
// session of a browser flow that asked for JSON, which has no token.
func bare(success protoreflect.Message) proto.Message {
	if s, ok := success.Interface().(interface {
		GetSession() *kratosgrpcv1.Session
	}); ok && s.GetSession() != nil {
		if t, ok := s.(interface{ GetSessionToken() string }); !ok || t.GetSessionToken() == "" {
			return s.GetSession()
		}
	}
	fields := success.Descriptor().Fields()
	if flow := fields.ByName("flow"); flow != nil && fields.Len() == 1 {
		return success.Get(flow).Message().Interface()
	}
	return success.Interface()
}

// redirectView is the answer that net/http, and so Kratos, gives for a redirect: GET has a short text, POST none.
func redirectView(ctx context.Context, location string) view {
	v := view{status: http.StatusFound, location: location, body: new(httpbody.HttpBody)}
	if method, _ := ctx.Value(methodKey{}).(string); method == http.MethodGet || method == http.MethodHead {
		v.contentType = "text/html; charset=utf-8"
		v.body = &httpbody.HttpBody{Data: fmt.Appendf(nil, "<a href=\"%s\">Found</a>.\n\n", html.EscapeString(location))}
	}
	return v
}

// writeHead writes the status and the headers of a response.
func writeHead(ctx context.Context, w http.ResponseWriter, res proto.Message) error {
	viewOf(ctx, res).writeHead(w)
	return nil
}

func (v view) writeHead(w http.ResponseWriter) {
	if v.contentType == "" {
		// A nil value keeps net/http from guessing one.
		w.Header()["Content-Type"] = nil
	} else {
		w.Header().Set("Content-Type", v.contentType)
	}
	if v.location != "" {
		w.Header().Set("Location", v.location)
	}
	w.WriteHeader(v.status)
}

// rewriteBody chooses what of a response is its body.
func rewriteBody(ctx context.Context, res proto.Message) (any, error) {
	return viewOf(ctx, res).body, nil
}
