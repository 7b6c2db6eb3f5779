package authz

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/types/known/structpb"
)

// Pass is what is known of a request that passes.
type Pass struct {
	// Session is nil, and IdentityID empty, for a request without a session.
	Session    *Session
	IdentityID string
	// IsBearers says that the session's credential is a bearer token.
	IsBearers bool
	// SessionCookie is the name of Kratos's session cookie.
	SessionCookie string
	// SetCookies are what Kratos has for the browser.
	SetCookies []string
}

// okStatus is shared: nobody changes it.
var okStatus = new(rpcstatus.Status)

// Allow lets a request pass. Each header that is owned is overwritten by what is true, or removed.
func (v *Verdicts) Allow(r *Request, p *Pass) (*authv3.CheckResponse, error) {
	ok := &authv3.OkHttpResponse{Headers: make([]*corev3.HeaderValueOption, 0, len(v.owned)+1)}
	res := &authv3.CheckResponse{Status: okStatus, HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: ok}}
	if p.Session == nil {
		// An array of their own: it is appended to.
		ok.HeadersToRemove = slices.Clone(v.owned)
	} else {
		identity := headerValue(textOf(p.IdentityID))
		if identity == "" {
			return nil, errors.New("there is no identity that a header can hold")
		}
		ok.Headers = append(ok.Headers, overwrite(IdentityHeader, identity))
		for _, h := range v.headers {
			value, err := p.Session.at(h.path)
			if err != nil {
				return nil, err
			}
			if text := headerValue(value); text != "" {
				ok.Headers = append(ok.Headers, overwrite(h.name, text))
			} else {
				ok.HeadersToRemove = append(ok.HeadersToRemove, h.name)
			}
		}
		res.DynamicMetadata = &structpb.Struct{Fields: map[string]*structpb.Value{
			"identity_id":                   structpb.NewStringValue(p.IdentityID),
			"session_id":                    structpb.NewStringValue(p.Session.ID),
			"authenticator_assurance_level": structpb.NewStringValue(p.Session.AAL),
		}}
	}
	for _, name := range r.lookalikes {
		if slices.Contains(v.owned, strings.ReplaceAll(name, "_", "-")) {
			ok.HeadersToRemove = append(ok.HeadersToRemove, name)
		}
	}
	if v.removeCredential {
		r.removeCredentials(ok, p.IsBearers, p.SessionCookie)
	}
	ok.ResponseHeadersToAdd = cookies(p.SetCookies)
	return res, nil
}

// overwrite takes the place of all headers of that name.
func overwrite(name, value string) *corev3.HeaderValueOption {
	return &corev3.HeaderValueOption{
		Header:       &corev3.HeaderValue{Key: name, Value: value},
		AppendAction: corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
	}
}

// cookies are headers that bring cookies to the browser, beside any that are there.
func cookies(set []string) []*corev3.HeaderValueOption {
	var headers []*corev3.HeaderValueOption
	for _, value := range set {
		if value = strings.TrimSpace(value); !isUnclean(value) {
			headers = append(headers, &corev3.HeaderValueOption{
				Header:       &corev3.HeaderValue{Key: "set-cookie", Value: value},
				AppendAction: corev3.HeaderValueOption_APPEND_IF_EXISTS_OR_ADD,
			})
		}
	}
	return headers
}

// Refusal is why a request does not pass.
type Refusal struct {
	// Status is the same in gRPC's terms.
	Status *rpcstatus.Status
	// Reason is the one of its ErrorInfo.
	Reason string
	// HTTP is the status that a client gets that is neither a gRPC client nor sent on.
	HTTP int
	// Body is Kratos's JSON for it.
	Body string
	// RetryAfter is the value of that header, or "".
	RetryAfter string
	// Login says that logging in may help, SecondFactor that it has to be by a second factor.
	Login, SecondFactor bool
	// SetCookies are what Kratos has for the browser.
	SetCookies []string
}

// Deny refuses a request: who navigates with a browser is sent to log in, where that helps, a gRPC client gets a status, and
// everybody else JSON.
func (v *Verdicts) Deny(r *Request, rules *Rules, why *Refusal) *authv3.CheckResponse {
	denied := &authv3.DeniedHttpResponse{Status: httpStatus(why.HTTP)}
	header := func(name, value string) { denied.Headers = append(denied.Headers, overwrite(name, value)) }
	location := ""
	if why.Login && r.isNavigation() {
		location = v.loginURL(r, rules, why.SecondFactor)
	}
	// It is true of this moment and of this client alone.
	header("cache-control", "no-store")
	switch {
	case r.isGRPC():
		// Envoy makes a gRPC status of it, whose message is the body; but by itself its code says little.
		header("grpc-status", strconv.Itoa(int(why.Status.GetCode())))
		denied.Body = plain(why.Status.GetMessage())
	case location != "":
		denied.Status = httpStatus(int(typev3.StatusCode_SeeOther))
		header("location", location)
	default:
		header(contentType, "application/json")
		denied.Body = why.Body
	}
	if why.RetryAfter != "" {
		header("retry-after", why.RetryAfter)
	}
	denied.Headers = append(denied.Headers, cookies(why.SetCookies)...)
	return &authv3.CheckResponse{
		Status:       why.Status,
		HttpResponse: &authv3.CheckResponse_DeniedResponse{DeniedResponse: denied},
		DynamicMetadata: &structpb.Struct{Fields: map[string]*structpb.Value{
			"reason": structpb.NewStringValue(why.Reason),
		}},
	}
}

func httpStatus(code int) *typev3.HttpStatus {
	return &typev3.HttpStatus{Code: typev3.StatusCode(code)} //nolint:gosec // An HTTP status.
}

// plain is a text without what a header can't hold.
func plain(text string) string {
	return strings.Map(func(c rune) rune {
		if c < 0x20 || c > 0x7e {
			return -1
		}
		return c
	}, text)
}
