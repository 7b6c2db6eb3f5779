package selfservice_test

import (
	"net/http"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

func leading(location string) *upstream.Response {
	return &upstream.Response{Status: http.StatusSeeOther, Header: http.Header{"Location": {location}}}
}

func TestRedirect(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]*kratosgrpcv1.Redirect{
		"https://ui.example.org/login?flow=1":       {FlowId: "1"},
		"https://ui.example.org/error?error=2":      {ErrorId: "2"},
		"https://ui.example.org/?a=b#flow=3":        {},
		"/self-service/login/flows?id=4":            {},
		"https://ui.example.org/?flow=%C3%BC&flow=": {FlowId: "ü"},
	} {
		want.Location = location
		if got, err := selfservice.Redirect(leading(location)); err != nil || !proto.Equal(got, want) {
			t.Errorf("%s: got %v, %v", location, got, err)
		}
	}
	for _, location := range []string{"", "http://[", "https://ui.example.org/\x7f"} {
		if got, err := selfservice.Redirect(leading(location)); err == nil {
			t.Errorf("%q: got %v", location, got)
		}
	}
}

func TestReplacement(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"https://kratos.example.org/self-service/login/flows?id=1": "1",
		"/self-service/recovery/flows?id=2":                        "2",
		"https://kratos.example.org/self-service/login/flows":      "",
		"https://ui.example.org/login?id=3":                        "",
		"https://ui.example.org/login?flow=4":                      "",
	} {
		if got, ok := selfservice.Replacement(&kratosgrpcv1.Redirect{Location: location}); got != want || ok != (want != "") {
			t.Errorf("%s: got %q, %t", location, got, ok)
		}
	}
}

func TestAnswerCookies(t *testing.T) {
	t.Parallel()
	res := &upstream.Response{Header: http.Header{"Set-Cookie": {"csrf_token=a", "ory_kratos_session=b"}}}
	for kind, want := range map[adapters.CredentialKind]int{adapters.NoCredential: 2, adapters.BearerToken: 0, adapters.SessionToken: 0} {
		x := &adapters.Exchange{Caller: adapters.Caller{Credential: adapters.Credential{Kind: kind, Token: "t"}}}
		selfservice.AnswerCookies(x, res)
		if len(x.Answer.SetCookies) != want {
			t.Errorf("%v: got %v", kind, x.Answer.SetCookies)
		}
	}
}

// TestDecodeInto: an answer in which there is nothing, or something else, is none.
func TestDecodeInto(t *testing.T) {
	t.Parallel()
	into := func(path ...protoreflect.Name) []protoreflect.Name { return path }
	for _, c := range []struct {
		body string
		path []protoreflect.Name
		ok   bool
	}{
		{`{"session_token":"t"}`, into("success"), true},
		{`{"id":"1"}`, into("flow"), true},
		{`{}`, into("success"), false},
		{`{"unknown":1}`, into("success"), false},
		{`null`, into("success"), false},
		{`<html>`, into("success"), false},
		{`{"id":"1"}`, into("success", "flow"), false},
	} {
		res := new(kratosgrpcv1.CompleteLoginFlowWithPasswordMethodResponse)
		answer := &upstream.Response{Status: http.StatusOK, Body: []byte(c.body)}
		if err := selfservice.DecodeInto(res, answer, c.path...); (err == nil) != c.ok {
			t.Errorf("%s into %v: %v", c.body, c.path, err)
		}
	}
}
