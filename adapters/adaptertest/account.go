package adaptertest

import (
	"crypto/rand"
	"errors"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// Passwords that no list of breached ones has.
const (
	goodPassword    = "correct-Horse-battery-staple-4711"
	anotherPassword = "another-Horse-battery-staple-4712"
)

func newEmail() string { return strings.ToLower(rand.Text()) + "@example.org" }

// unknownID is a UUID that nothing has.
const unknownID = "b5a4f1ee-4f0b-4b1c-9d0e-7b0c7d7a5e11"

// object is a JSON object.
type object = map[string]any

// fullTraits has a value of every JSON type.
func fullTraits(email string) object {
	return object{
		"email":      email,
		"name":       object{"first": "Žofie „Ada“", "last": "<b>O'Neil & 字</b>"},
		"age":        36,
		"newsletter": true,
		"tags":       []any{"a.b", "c d", "ü=&;+%20"},
	}
}

func (f *fixture) traits(o object) *structpb.Struct {
	f.Helper()
	s, err := structpb.NewStruct(o)
	if err != nil {
		f.Fatal(err)
	}
	return s
}

// account registers a new account, which is logged in then.
func (f *fixture) account() Account {
	f.Helper()
	if f.upstream.NewAccount != nil {
		return f.upstream.NewAccount(f.T)
	}
	return f.register(object{"email": newEmail()})
}

func (f *fixture) register(traits object) Account {
	f.Helper()
	flow := must(f, anonymous(), adapters.Adapter.InitializeRegistrationViaApiFlow, &kratosgrpcv1.InitializeRegistrationViaApiFlowRequest{}).GetFlow()
	res := must(f, anonymous(), adapters.Adapter.CompleteRegistrationFlowWithPasswordMethod, &kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodRequest{
		Flow:    flow.GetId(),
		Payload: &kratosgrpcv1.RegistrationPasswordPayload{Traits: f.traits(traits), Password: goodPassword},
	})
	success := res.GetSuccess()
	if success.GetSessionToken() == "" || success.GetIdentity().GetId() == "" {
		f.Fatalf("the registration yields no session: %s", text(res))
	}
	email, _ := traits["email"].(string)
	return Account{Email: email, Password: goodPassword, IdentityID: success.GetIdentity().GetId(), Token: success.GetSessionToken()}
}

// token is the token of a new account's session.
func (f *fixture) token() string {
	f.Helper()
	token := f.account().Token
	if token == "" {
		f.Skip("this generation has no session tokens")
	}
	return token
}

// logIn is a browser that is logged in.
func (f *fixture) logIn(a Account) *browser {
	f.Helper()
	b := f.open()
	if len(a.Cookies) > 0 {
		for _, cookie := range a.Cookies {
			name, value, _ := strings.Cut(cookie, "=")
			b.cookies[name] = value
		}
		return b
	}
	form := loginKind.openForm(f, b, "password")
	res := must(f, b, adapters.Adapter.CompleteLoginFlowWithPasswordMethod, &kratosgrpcv1.CompleteLoginFlowWithPasswordMethodRequest{
		Flow:    form.id,
		Payload: &kratosgrpcv1.LoginPasswordPayload{Identifier: a.Email, Password: a.Password, CsrfToken: form.csrf},
	})
	if res.GetRedirect() == nil || len(b.answer.SetCookies) == 0 {
		f.Fatalf("the login sends the browser nowhere, or without cookies: %s", text(res))
	}
	return b
}

// whoami is the session of a client, which has to have one.
func (f *fixture) whoami(c client) *kratosgrpcv1.Session {
	f.Helper()
	session := must(f, c, adapters.Adapter.Whoami, &kratosgrpcv1.WhoamiRequest{}).GetSession()
	f.sameEncoded(c, session)
	return session
}

// sameEncoded checks that an adapter which can encode sessions says the same of them by that.
func (f *fixture) sameEncoded(c client, session *kratosgrpcv1.Session) {
	f.Helper()
	encoder, ok := f.adapter.(adapters.SessionEncoder)
	if !ok {
		return
	}
	x := c.exchange()
	encoded, err := encoder.EncodedWhoami(f.Context(), x, &kratosgrpcv1.WhoamiRequest{})
	if err != nil {
		f.Fatalf("whoami, encoded: %s", describe(err))
	}
	res := new(kratosgrpcv1.WhoamiResponse)
	if err := proto.Unmarshal(encoded.Response, res); err != nil || !proto.Equal(res.GetSession(), session) {
		f.Errorf("the session is encoded as %s (%v), want %s", text(res), err, text(session))
	}
	if facts := adapters.FactsOf(session); encoded.SessionFacts != facts || x.Answer.IdentityID != facts.IdentityID {
		f.Errorf("beside the session stands %v, %q, want %v", encoded.SessionFacts, x.Answer.IdentityID, facts)
	}
}

// hasNoSession checks that a client has no session.
func (f *fixture) hasNoSession(c client) {
	f.Helper()
	refused(f, c, adapters.Adapter.Whoami, &kratosgrpcv1.WhoamiRequest{}, kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION)
	encoder, ok := f.adapter.(adapters.SessionEncoder)
	if !ok {
		return
	}
	encoded, err := encoder.EncodedWhoami(f.Context(), c.exchange(), &kratosgrpcv1.WhoamiRequest{})
	if e := new(adapters.Error); encoded != nil || !errors.As(err, &e) || e.Reason != kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION {
		f.Errorf("whoami, encoded: got %v, %v", encoded, err)
	}
}
