package server

import (
	"context"
	"net/textproto"
	"strconv"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/kratosgrpc/kratosgrpc/adapters"
)

// The metadata that is read, and nothing else.
const (
	authorizationKey = "authorization"
	sessionTokenKey  = "x-session-token"
	cookieKey        = "cookie"
	acceptKey        = "accept"
	requestIDKey     = "x-request-id"
)

// The metadata that is answered, and nothing else.
const (
	setCookieKey  = "set-cookie"
	identityIDKey = "x-kratos-authenticated-identity-id"
)

// The metadata between the REST view and the server that it goes on through, see [fromREST]. No other caller is listened
// to that sends it, and none is told.
const (
	sentFormKey       = "x-kratosgrpc-sent-form"
	callerKey         = "x-kratosgrpc-caller"
	upstreamStatusKey = "x-kratosgrpc-upstream-status"

	clientAddressKey   = "x-kratosgrpc-client-address"
	clientUserAgentKey = "x-kratosgrpc-client-user-agent"
)

// exchangeFrom reads what a call carries beside its message. Of those who call, proxies are trusted to say for whom.
func exchangeFrom(ctx context.Context, trusted proxies) (*adapters.Exchange, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	x := new(adapters.Exchange)

	var err error
	if x.Caller.Credential, err = credentialFrom(md); err != nil {
		return nil, err
	}
	for _, cookie := range md.Get(cookieKey) {
		if !isPlain(cookie) {
			return nil, invalidMetadata(cookieKey, "holds characters that a header can't hold")
		}
	}
	x.Caller.Cookies = md.Get(cookieKey)

	x.Caller.Accept, x.Caller.AcceptUnsaid = "application/json", true
	if accept := md.Get(acceptKey); len(accept) > 0 {
		x.Caller.Accept, x.Caller.AcceptUnsaid = strings.Join(accept, ", "), false
	}
	if !isPlain(x.Caller.Accept) {
		return nil, invalidMetadata(acceptKey, "holds characters that a header can't hold")
	}
	if id := md.Get(requestIDKey); len(id) > 0 && isRequestID(id[0]) {
		x.Caller.RequestID = id[0]
	}
	x.Caller.Address, x.Caller.UserAgent = trusted.clientAddress(ctx, md), userAgent(ctx, md)
	x.Caller.SentForm = fromREST(ctx) && len(md.Get(sentFormKey)) > 0
	return x, nil
}

// credentialFrom chooses the one credential that goes upstream: a bearer token, else a session token, else none, which
// leaves the cookies. Two different values under one key are refused: which of them counts must not depend on who reads
// them.
func credentialFrom(md metadata.MD) (adapters.Credential, error) {
	authorization, err := only(md, authorizationKey)
	if err != nil {
		return adapters.Credential{}, err
	}
	token, err := only(md, sessionTokenKey)
	if err != nil {
		return adapters.Credential{}, err
	}
	// Other schemes than Bearer, such as Basic for a proxy on the way, are nothing to Kratos.
	if scheme, bearer, ok := strings.Cut(authorization, " "); ok && strings.EqualFold(scheme, "Bearer") && bearer != "" && !strings.Contains(bearer, " ") {
		return adapters.Credential{Kind: adapters.BearerToken, Token: bearer}, nil
	}
	if token != "" {
		return adapters.Credential{Kind: adapters.SessionToken, Token: token}, nil
	}
	return adapters.Credential{}, nil
}

// only returns the one value of a key, or "".
func only(md metadata.MD, key string) (string, error) {
	values := md.Get(key)
	if len(values) == 0 {
		return "", nil
	}
	for _, v := range values[1:] {
		if v != values[0] {
			return "", invalidMetadata(key, "is there more than once, with different values")
		}
	}
	if !isPlain(values[0]) {
		return "", invalidMetadata(key, "holds characters that a header can't hold")
	}
	return values[0], nil
}

// isPlain reports whether a value is printable ASCII, so that it can't break out of an HTTP header.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// sendAnswer sends what an answer carries beside its message.
func sendAnswer(ctx context.Context, answer *adapters.Answer) error {
	md := metadata.MD{}
	for _, cookie := range answer.SetCookies {
		md.Append(setCookieKey, textproto.TrimString(cookie))
	}
	if answer.IdentityID != "" {
		md.Set(identityIDKey, answer.IdentityID)
	}
	if answer.HTTPStatus != 0 && fromREST(ctx) {
		md.Set(upstreamStatusKey, strconv.Itoa(answer.HTTPStatus))
	}
	if len(md) == 0 {
		return nil
	}
	return grpc.SetHeader(ctx, md)
}
