package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// TestNativeOIDC has an app register and log in with a real OpenID provider: it sends a browser there, which brings a code
// back, and exchanges that with its own for a session's token. Over gRPC, and the last step over REST too.
func TestNativeOIDC(t *testing.T) {
	t.Parallel()
	s := startOIDCStack(t, kratostest.Options{Version: kratostest.V13})
	const subject = "subject-ada"
	returnTo := s.edge.String() + "/app?x=y"
	payload, err := structpb.NewStruct(map[string]any{"provider": providerID})
	if err != nil {
		t.Fatal(err)
	}
	sessions := kratosgrpcv1.NewSessionServiceClient(s.grpc)

	registration := kratosgrpcv1.NewRegistrationServiceClient(s.grpc)
	begun, err := registration.InitializeRegistrationViaApiFlow(t.Context(), &kratosgrpcv1.InitializeRegistrationViaApiFlowRequest{
		ReturnSessionTokenExchangeCode: true, ReturnTo: returnTo,
	})
	if err != nil {
		t.Fatal(err)
	}
	sent, err := registration.UpdateRegistrationFlow(t.Context(), &kratosgrpcv1.UpdateRegistrationFlowRequest{Flow: begun.GetFlow().GetId(), Method: "oidc", Payload: payload})
	if err != nil {
		t.Fatal(err)
	}
	mine := begun.GetFlow().GetSessionTokenExchangeCode()
	if _, err := sessions.ExchangeSessionToken(t.Context(), &kratosgrpcv1.ExchangeSessionTokenRequest{InitCode: mine, ReturnToCode: "made-up"}); status.Code(err) != codes.NotFound {
		t.Errorf("half of the codes: %v", err)
	}
	theirs := s.codeBroughtBack(t, sent.GetRedirect().GetLocation(), subject)
	res, err := sessions.ExchangeSessionToken(t.Context(), &kratosgrpcv1.ExchangeSessionTokenRequest{InitCode: mine, ReturnToCode: theirs})
	if err != nil {
		t.Fatal(err)
	}
	token := res.GetSuccess().GetSessionToken()
	who, err := sessions.Whoami(metadata.AppendToOutgoingContext(t.Context(), "x-session-token", token), &kratosgrpcv1.WhoamiRequest{})
	if err != nil || who.GetSession().GetId() != res.GetSuccess().GetSession().GetId() {
		t.Fatalf("the token is for %v (%v)", who, err)
	}
	methods := who.GetSession().GetAuthenticationMethods()
	if len(methods) != 1 || methods[0].GetMethod() != "oidc" || methods[0].GetProvider() != providerID {
		t.Errorf("the session came about by %v", methods)
	}

	login := kratosgrpcv1.NewLoginServiceClient(s.grpc)
	again, err := login.InitializeLoginViaApiFlow(t.Context(), &kratosgrpcv1.InitializeLoginViaApiFlowRequest{ReturnSessionTokenExchangeCode: true, ReturnTo: returnTo})
	if err != nil {
		t.Fatal(err)
	}
	sentAgain, err := login.UpdateLoginFlow(t.Context(), &kratosgrpcv1.UpdateLoginFlowRequest{Flow: again.GetFlow().GetId(), Method: "oidc", Payload: payload})
	if err != nil {
		t.Fatal(err)
	}
	query := url.Values{
		"init_code":      {again.GetFlow().GetSessionTokenExchangeCode()},
		"return_to_code": {s.codeBroughtBack(t, sentAgain.GetRedirect().GetLocation(), subject)},
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.rest+"/sessions/token-exchange?"+query.Encode(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var exchanged struct {
		Token   string `json:"session_token"`
		Session struct {
			Identity struct {
				ID string `json:"id"`
			} `json:"identity"`
		} `json:"session"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&exchanged); err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK || exchanged.Token == "" || exchanged.Session.Identity.ID != who.GetSession().GetIdentity().GetId() {
		t.Errorf("over REST the codes are exchanged for %d, and the identity %s", answer.StatusCode, exchanged.Session.Identity.ID)
	}
}

// codeBroughtBack sends a browser to the provider, where somebody logs in, and returns the code that it brings back to the
// app.
func (s *oidcStack) codeBroughtBack(t *testing.T, to, subject string) string {
	t.Helper()
	back := s.newGuest(t).passLogin(t, parsed(t, to), subject)
	code := back.Query().Get("code")
	if back.Path != "/app" || back.Query().Get("x") != "y" || code == "" {
		t.Fatalf("the browser is led back to %s", back.Path)
	}
	return code
}
