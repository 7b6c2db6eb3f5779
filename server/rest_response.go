package server

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/structpb"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// view is a response message as Kratos would answer it.
type view struct {
	status      int
	location    string
	contentType string
	body        proto.Message
}

// viewOf translates a response message back into Kratos's terms: an outcome is a status and what is in it.
func viewOf(ctx context.Context, res proto.Message) view {
	switch res := res.(type) {
	case *kratosgrpcv1.GetSchemaResponse:
		return view{http.StatusOK, "", "application/json", &httpbody.HttpBody{Data: res.GetSchema()}}
	case *kratosgrpcv1.GetWebAuthnJavaScriptResponse:
		return view{http.StatusOK, "", "text/javascript; charset=UTF-8", &httpbody.HttpBody{Data: res.GetScript()}}
	case *kratosgrpcv1.RevokeSessionResponse, *kratosgrpcv1.DisableMySessionResponse, *kratosgrpcv1.PerformNativeLogoutResponse:
		return noContent
	case *kratosgrpcv1.UpdateLogoutFlowResponse:
		if res.GetRedirect() == nil {
			return noContent
		}
	}

	reflected := res.ProtoReflect()
	if to, ok := res.(interface {
		GetRedirect() *kratosgrpcv1.Redirect
	}); ok && to.GetRedirect() != nil {
		return leadOn(ctx, to.GetRedirect())
	}
	if outcomes := reflected.Descriptor().Oneofs().ByName("outcome"); outcomes != nil {
		if chosen := reflected.WhichOneof(outcomes); chosen != nil {
			inner := reflected.Get(chosen).Message()
			if chosen.Name() == "flow" {
				return view{kratosStatus(ctx, http.StatusBadRequest), "", contentTypeJSON, inner.Interface()}
			}
			return view{http.StatusOK, "", contentTypeJSON, bare(ctx, inner)}
		}
	}
	if fields := reflected.Descriptor().Fields(); fields.ByName("redirect") != nil {
		// A browser flow that a script has started, which goes nowhere.
		if flow := fields.ByName("flow"); flow != nil && reflected.Has(flow) {
			return view{http.StatusOK, "", contentTypeJSON, reflected.Get(flow).Message().Interface()}
		}
	}
	return view{http.StatusOK, "", contentTypeJSON, res}
}

var noContent = view{status: http.StatusNoContent, body: new(httpbody.HttpBody)}

// isUpdate says whether a call is of one of the operations that Kratos 1.x has in place of those of 0.5: their paths are
// 1.x's, and so are the statuses and bodies that are answered there.
func isUpdate(ctx context.Context) bool {
	rpc, _ := runtime.RPCMethod(ctx)
	return strings.HasPrefix(path.Base(rpc), "Update")
}

// kratosStatus is the status that Kratos itself has answered with, at a path where that counts, or else the usual one.
func kratosStatus(ctx context.Context, usual int) int {
	md, _ := runtime.ServerMetadataFromContext(ctx)
	if values := md.HeaderMD.Get(upstreamStatusKey); isUpdate(ctx) && len(values) > 0 {
		if status, err := strconv.Atoi(values[0]); err == nil && http.StatusText(status) != "" {
			return status
		}
	}
	return usual
}

// leadOn sends a browser on: as Kratos 0.5 does, with a 302, or as 1.x does at its paths. That has a status for scripts,
// which can't be sent on, in place of a redirect.
func leadOn(ctx context.Context, to *kratosgrpcv1.Redirect) view {
	if !isUpdate(ctx) {
		return redirectView(ctx, http.StatusFound, to.GetLocation())
	}
	status := kratosStatus(ctx, http.StatusSeeOther)
	if status != http.StatusUnprocessableEntity {
		if status < 300 || status >= 400 {
			status = http.StatusSeeOther
		}
		return redirectView(ctx, status, to.GetLocation())
	}
	return view{status, "", "application/json", &kratosgrpcv1.ErrorBody{
		Error: &kratosgrpcv1.UpstreamError{
			Id:      "browser_location_change_required",
			Code:    http.StatusUnprocessableEntity,
			Status:  http.StatusText(status),
			Reason:  "In order to complete this flow please redirect the browser to: " + to.GetLocation(),
			Message: "browser location change required",
		},
		Extra: &structpb.Struct{Fields: map[string]*structpb.Value{"redirect_browser_to": structpb.NewStringValue(to.GetLocation())}},
	}}
}

// bare is a success without its wrapper, where Kratos answers what is in it: the flow of a link that is on its way, the
// session of a browser flow that asked for JSON, which has no token. Kratos 1.x answers the flow of settings too, and a
// session never bare.
func bare(ctx context.Context, success protoreflect.Message) proto.Message {
	fields := success.Descriptor().Fields()
	flow := fields.ByName("flow")
	if isUpdate(ctx) {
		if flow != nil && success.Has(flow) {
			return success.Get(flow).Message().Interface()
		}
		return success.Interface()
	}
	if s, ok := success.Interface().(interface {
		GetSession() *kratosgrpcv1.Session
	}); ok && s.GetSession() != nil {
		if t, ok := s.(interface{ GetSessionToken() string }); !ok || t.GetSessionToken() == "" {
			return s.GetSession()
		}
	}
	if flow != nil && fields.Len() == 1 {
		return success.Get(flow).Message().Interface()
	}
	return success.Interface()
}

// redirectView is the answer that net/http, and so Kratos, gives for a redirect: GET has a short text, POST none.
func redirectView(ctx context.Context, status int, location string) view {
	v := view{status: status, location: location, body: new(httpbody.HttpBody)}
	if method, _ := ctx.Value(methodKey{}).(string); method == http.MethodGet || method == http.MethodHead {
		v.contentType = "text/html; charset=utf-8"
		v.body = &httpbody.HttpBody{Data: fmt.Appendf(nil, "<a href=\"%s\">%s</a>.\n\n", html.EscapeString(location), http.StatusText(status))}
	}
	return v
}

// writeHead writes the status and the headers of a response.
func writeHead(ctx context.Context, w http.ResponseWriter, res proto.Message) error {
	if l, ok := res.(list); ok {
		writePage(ctx, w.Header(), l)
	}
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
