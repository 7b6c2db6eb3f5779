package e2e

import (
	"net/url"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
)

// TestVerification verifies addresses by mailed links: begun by Kratos at the registration, over gRPC and over REST,
// opened over REST and over gRPC.
func TestVerification(t *testing.T) {
	t.Parallel()
	mails := startMailServer(t)
	s := startStack(t, kratostest.Options{SMTPURL: mails.url})

	overREST := func(t *testing.T, link, _ string) *url.URL {
		t.Helper()
		return newVisitor(t, s).browse(t, link)
	}
	overGRPC := func(t *testing.T, _, token string) *url.URL {
		t.Helper()
		redirect, err := verification.open(t.Context(), s, token)
		if err != nil {
			t.Fatal(err)
		}
		to, err := url.Parse(redirect.GetLocation())
		if err != nil {
			t.Fatal(err)
		}
		return to
	}
	for _, c := range []struct {
		name  string
		begin func(*testing.T, *stack, string) linkFlow
		open  func(t *testing.T, link, token string) *url.URL
	}{
		{"begun by Kratos, opened over REST", nil, overREST},
		{"begun by Kratos, opened over gRPC", nil, overGRPC},
		{"begun over gRPC, opened over REST", verification.beginGRPC, overREST},
		{"begun over gRPC, opened over gRPC", verification.beginGRPC, overGRPC},
		{"begun over REST, opened over REST", verification.beginREST, overREST},
		{"begun over REST, opened over gRPC", verification.beginREST, overGRPC},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			email := address(t)
			session := s.register(t, email, firstPassword)
			link, token := verification.mailed(t, s, mails, email)
			if c.begin != nil {
				c.begin(t, s, email)
				link, token = verification.mailed(t, s, mails, email)
			}
			checkVerified(t, s, session, false)

			to := c.open(t, link, token)
			flow := verification.flowAt(t, newVisitor(t, s), to)
			if flow.GetState() != "passed_challenge" {
				t.Errorf("the flow has not ended well:\n%v", flow)
			}
			checkVerified(t, s, session, true)
			verification.refusedOverREST(t, s, token, verification.invalid)
			verification.refusedOverGRPC(t, s, token, verification.invalid)
			checkVerified(t, s, session, true)
		})
	}
}

func checkVerified(t *testing.T, s *stack, sessionToken string, want bool) {
	t.Helper()
	addresses := s.whoami(withToken(t.Context(), sessionToken), t).GetIdentity().GetVerifiableAddresses()
	if len(addresses) != 1 {
		t.Fatalf("there is not one address: %v", addresses)
	}
	status := map[bool]string{false: "pending", true: "completed"}[want]
	got := addresses[0]
	if got.GetVerified() != want || got.GetStatus() != status || (got.GetVerifiedAt() != nil) != want {
		t.Errorf("the address is not %s:\n%v", status, got)
	}
}
