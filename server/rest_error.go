package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// writeError is the gateway's error handler: it turns a status back into what Kratos answered or, where Kratos did not
// answer, into what it would look like.
func writeError(ctx context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
	if md, ok := runtime.ServerMetadataFromContext(ctx); ok {
		for _, cookie := range md.HeaderMD.Get(setCookieKey) {
			w.Header().Add("Set-Cookie", cookie)
		}
	}
	if routing := new(runtime.HTTPStatusError); errors.As(err, &routing) {
		err = routing.Err
	}
	if body, ok := r.Body.(*requestBody); ok && body.err != nil {
		err = body.err
	}
	// The context, and not the request's, says which RPC this is.
	writeStatus(w, r.WithContext(ctx), status.Convert(explained(err)))
}

// statusOf is the status of an error that came up before the gateway.
func statusOf(err error) *status.Status {
	if e := new(adapters.Error); errors.As(err, &e) {
		err = newStatus(e, nil)
	}
	return status.Convert(explained(err))
}

// writeRoutingError answers requests that no RPC has.
func writeRoutingError(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, code int) {
	e := &adapters.Error{
		Reason:  kratosgrpcv1.ErrorReason_ERROR_REASON_UNKNOWN_METHOD,
		Message: "there is nothing at this path",
	}
	switch code {
	case http.StatusMethodNotAllowed:
		e.Message = fmt.Sprintf("there is nothing at this path for method %s", r.Method)
	case http.StatusBadRequest:
		e.Reason, e.Message = kratosgrpcv1.ErrorReason_ERROR_REASON_INVALID_REQUEST, "the path is malformed"
	}
	writeStatusAs(w, r, status.Convert(newStatus(e, nil)), code)
}

func writeStatus(w http.ResponseWriter, r *http.Request, st *status.Status) {
	writeStatusAs(w, r, st, 0)
}

// writeStatusAs writes a status with the HTTP status code, or with the one that it stands for if that is 0.
func writeStatusAs(w http.ResponseWriter, r *http.Request, st *status.Status, code int) {
	var worded *kratosgrpcv1.UpstreamError
	for _, detail := range st.Details() {
		switch detail := detail.(type) {
		case *kratosgrpcv1.UpstreamError:
			worded = detail
		case *errdetails.RetryInfo:
			w.Header().Set("Retry-After", retryAfter(detail))
		}
	}
	info := errorInfo(st)
	md := info.GetMetadata()
	upstreamStatus, _ := strconv.Atoi(md[metaUpstreamStatus])

	// Where Kratos does not redirect, what it says of where to go is in its words.
	if to := md[metaRedirectTo]; to != "" && upstreamStatus >= 300 && upstreamStatus < 400 {
		code = http.StatusFound
		if isUpdate(r.Context()) {
			code = upstreamStatus
		}
		v := redirectView(context.WithValue(r.Context(), methodKey{}, r.Method), code, to)
		v.writeHead(w)
		if data, err := new(jsonMarshaler).Marshal(v.body); err == nil {
			_, _ = w.Write(data)
		}
		return
	}
	if code == 0 && worded != nil {
		code = upstreamStatus
	}
	code, body := errorBody(st, code)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n')) //nolint:gosec // It is JSON, and said to be.
}

// errorBody is a status in Kratos's form of errors, and the HTTP status code to send it with: the one that is given or, if
// that is 0, the one that the reason stands for.
func errorBody(st *status.Status, code int) (int, []byte) {
	info := errorInfo(st)
	if code == 0 {
		code = meanings[reasonNamed(info.GetReason())].http
	}
	worded := ownError(st, info, code)
	for _, detail := range st.Details() {
		if theirs, ok := detail.(*kratosgrpcv1.UpstreamError); ok {
			worded = theirs
		}
	}
	body, err := new(jsonMarshaler).Marshal(&kratosgrpcv1.ErrorBody{Error: worded, Extra: worded.GetBeside()})
	if err != nil {
		return http.StatusInternalServerError, []byte(`{"error":{"code":500,"status":"Internal Server Error","message":"the error could not be written"}}`)
	}
	return code, body
}

func reasonNamed(name string) kratosgrpcv1.ErrorReason {
	if value, ok := kratosgrpcv1.ErrorReason_value["ERROR_REASON_"+name]; ok {
		return kratosgrpcv1.ErrorReason(value)
	}
	return kratosgrpcv1.ErrorReason_ERROR_REASON_INTERNAL
}

// ownError words an error that is not Kratos's in Kratos's form. Its details name the reason.
func ownError(st *status.Status, info *errdetails.ErrorInfo, code int) *kratosgrpcv1.UpstreamError {
	return &kratosgrpcv1.UpstreamError{
		Code:    int32(code), //nolint:gosec // An HTTP status.
		Status:  http.StatusText(code),
		Reason:  st.Message(),
		Message: http.StatusText(code),
		Details: &structpb.Struct{Fields: map[string]*structpb.Value{
			"domain": structpb.NewStringValue(domain),
			"reason": structpb.NewStringValue(info.GetReason()),
		}},
	}
}
