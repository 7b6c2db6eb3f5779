package server

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// FuzzBody decodes bodies: whatever comes, there is a message that can go upstream or an error with a reason, and the
// error does not quote the body.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		`{"traits.email":"a@b.c","traits":{"age":36,"tags":["a",null]},"password":"p"}`,
		`{"traits":{"a":1},"traits.a.b":2}`, `{"traits..":{}}`, `{"traits.":1e400}`, `{"password":["p"]}`, `[]`, `{}{}`, `nul`, "",
		"password=p&traits.tags=a&traits.tags=b", "password=%ff", "traits.a=1&traits.a.b=2", "a=%zz;b", "password=%0a%00",
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, body string, asForm bool) {
		marshaler := &jsonMarshaler{decode: decodeJSON}
		if asForm {
			marshaler.decode = decodeForm
		}
		message := new(kratosgrpcv1.RegistrationPasswordPayload)
		err := marshaler.NewDecoder(strings.NewReader(body)).Decode(message)
		if err != nil {
			if st := status.Convert(err); err.Error() != "EOF" && reasonOf(st) != "INVALID_REQUEST" {
				t.Errorf("the error has no reason: %v", err)
			}
			return
		}
		whole := new(structpb.Struct)
		if err := marshaler.NewDecoder(strings.NewReader(body)).Decode(whole); err != nil {
			if st := status.Convert(err); reasonOf(st) != "INVALID_REQUEST" {
				t.Errorf("the error has no reason: %v", err)
			}
		} else if _, err := proto.Marshal(whole); err != nil {
			t.Errorf("the object can't be sent on: %v", err)
		}
		if _, err := proto.Marshal(message); err != nil && utf8.ValidString(message.GetPassword()+message.GetCsrfToken()) {
			t.Errorf("the message can't be sent on: %v", err)
		}
	})
}

// FuzzCredentials reads credentials and cookies: nothing may get through that could break out of a header, whether it
// comes by gRPC's metadata or by HTTP's headers.
func FuzzCredentials(f *testing.F) {
	for _, seed := range [][3]string{
		{"Bearer token", "", ""},
		{"bearer  token", "token", "ory_kratos_session=s; csrf_token=t=="},
		{"Basic dXNlcg==", "to ken", `a="b"; ory_kratos_session`},
		{"Bearer a\r\nX-Evil: b", "a\nb", "ory_kratos_session=a\r\nX-Evil: b"},
		{"Bearer \x00", "\x7f", "theirs=\x80; csrf_token=t;;=;"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, authorization, sessionToken, cookie string) {
		md := metadata.Pairs(authorizationKey, authorization, sessionTokenKey, sessionToken, cookieKey, cookie)
		checkExchange(t, md)

		header, err := allowedHeader(http.Header{"Authorization": {authorization}, "X-Session-Token": {sessionToken}, "Cookie": {cookie}})
		if err != nil {
			return
		}
		for name, values := range header {
			for _, value := range values {
				if !isPlain(value) {
					t.Errorf("the gateway sees %s: %q", name, value)
				}
			}
		}
		checkExchange(t, metadata.MD{
			authorizationKey: header["Authorization"], sessionTokenKey: header["X-Session-Token"], cookieKey: header["Cookie"],
		})
	})
}

// checkExchange checks what an adapter would send of a call's metadata.
func checkExchange(t *testing.T, md metadata.MD) {
	t.Helper()
	x, err := exchangeFrom(metadata.NewIncomingContext(context.Background(), md), nil)
	if err != nil {
		return
	}
	sent := http.Header{}
	x.Caller.Credential.SetHeader(sent)
	if cookies := x.Caller.CookieHeader(func(string) bool { return true }); cookies != "" {
		sent.Set("Cookie", cookies)
	}
	if len(sent) > 1 {
		t.Errorf("more than one credential is sent: %d", len(sent))
	}
	for name, values := range sent {
		for _, value := range values {
			if !isPlain(value) {
				t.Errorf("Kratos sees %s: %q", name, value)
			}
		}
	}
}
