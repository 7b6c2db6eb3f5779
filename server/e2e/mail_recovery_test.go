package e2e

import (
	"net/url"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// accountRecovered is Kratos's message in the settings that a recovery ends in.
const accountRecovered = 1060001

// TestRecovery recovers accounts by mailed links: begun over gRPC and over REST, opened over REST and over gRPC.
func TestRecovery(t *testing.T) {
	t.Parallel()
	inFrontOf(t, recoverAccounts, kratostest.V05, kratostest.V13)
}

func recoverAccounts(t *testing.T, version kratostest.Version) {
	mails := startMailServer(t)
	s := startStack(t, kratostest.Options{Version: version, SMTPURL: mails.url})

	for _, c := range []struct {
		name  string
		begin func(*testing.T, *stack, *visitor, string) linkFlow
		end   func(t *testing.T, s *stack, link mailedLink, email string)
	}{
		{"begun over gRPC, opened over REST", recovery.beginGRPC, recoverOverREST},
		{"begun over gRPC, opened over gRPC", recovery.beginGRPC, recoverOverGRPC},
		{"begun over REST, opened over REST", recovery.beginREST, recoverOverREST},
		{"begun over REST, opened over gRPC", recovery.beginREST, recoverOverGRPC},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			email := address(t)
			s.register(t, email, firstPassword)
			verification.mailed(t, s, mails, email) // Kratos mails it to whoever registers.

			c.begin(t, s, newVisitor(t, s), email)
			link := recovery.mailed(t, s, mails, email)
			c.end(t, s, link, email)

			if s.canLogIn(t, email, firstPassword) || !s.canLogIn(t, email, nextPassword) {
				t.Error("the new password is not the account's")
			}
			recovery.refusedOverREST(t, newVisitor(t, s), link, recovery.invalid)
			recovery.refusedOverGRPC(t, s, newVisitor(t, s), link, recovery.invalid)
		})
	}
}

// recoverOverREST follows the link, and changes the password in the settings that it leads to.
func recoverOverREST(t *testing.T, s *stack, link mailedLink, email string) {
	t.Helper()
	v := newVisitor(t, s)
	to := v.browse(t, link.address)
	if to.Path != "/settings" {
		t.Fatalf("the link leads to %s, not to the settings", to)
	}
	session := new(kratosgrpcv1.Session)
	v.fetch(t, "/sessions/whoami", session)
	checkSession(t, session, email)

	settings := new(kratosgrpcv1.SettingsFlow)
	v.fetch(t, "/self-service/settings/flows?id="+to.Query().Get("flow"), settings)
	checkRecovered(t, settings)

	v.submit(t, settings.GetMethods()["password"].GetConfig(), url.Values{"password": {nextPassword}})
	v.fetch(t, "/self-service/settings/flows?id="+settings.GetId(), settings)
	if settings.GetState() != "success" {
		t.Errorf("the password was not changed:\n%v", settings)
	}
}

// recoverOverGRPC does the same as a server does that has a browser for a client, but speaks gRPC to kratosgrpc.
func recoverOverGRPC(t *testing.T, s *stack, link mailedLink, email string) {
	t.Helper()
	browser, header := new(cookies), metadata.MD{}
	redirect, err := recovery.open(t.Context(), s, link, grpc.Header(&header))
	if err != nil {
		t.Fatal(err)
	}
	browser.keep(t, header)
	if browser.session() == "" {
		t.Fatalf("the token does not log in: %v", header)
	}
	ctx := browser.with(t.Context())
	checkSession(t, s.whoami(ctx, t), email)

	service := kratosgrpcv1.NewSettingsServiceClient(s.grpc)
	got, err := service.GetSettingsFlow(ctx, &kratosgrpcv1.GetSettingsFlowRequest{Id: redirect.GetFlowId()}, grpc.Header(&header))
	if err != nil {
		t.Fatal(err)
	}
	checkRecovered(t, got.GetFlow())

	browser.keep(t, header)
	res, err := service.CompleteSettingsFlowWithPasswordMethod(browser.with(t.Context()), &kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodRequest{
		Flow: redirect.GetFlowId(),
		Payload: &kratosgrpcv1.SettingsPasswordPayload{
			Password: nextPassword, CsrfToken: csrfToken(got.GetFlow().GetMethods()["password"].GetConfig()),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if res.GetSuccess().GetIdentity().GetId() == "" {
		t.Errorf("the password was not changed:\n%v", res)
	}
}

func checkSession(t *testing.T, session *kratosgrpcv1.Session, email string) {
	t.Helper()
	if got := session.GetIdentity().GetTraits().GetFields()["email"].GetStringValue(); !session.GetActive() || got != email {
		t.Errorf("the session is not that of %s:\n%v", email, session)
	}
}

func checkRecovered(t *testing.T, settings *kratosgrpcv1.SettingsFlow) {
	t.Helper()
	for _, m := range settings.GetMessages() {
		if m.GetId() == accountRecovered {
			return
		}
	}
	t.Errorf("the settings do not say that the account was recovered:\n%v", settings)
}
