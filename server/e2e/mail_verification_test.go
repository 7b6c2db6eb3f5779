package e2e

import (
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
)

// TestVerification verifies addresses by mailed links: begun by Kratos at the registration, over gRPC and over REST,
// opened over REST and over gRPC.
func TestVerification(t *testing.T) {
	t.Parallel()
	inFrontOf(t, verifyAddresses, kratostest.V05, kratostest.V13)
}

func verifyAddresses(t *testing.T, version kratostest.Version) {
	mails := startMailServer(t)
	s := startStack(t, kratostest.Options{Version: version, SMTPURL: mails.url})

	overREST := func(t *testing.T, v *visitor, link mailedLink) linkFlow {
		t.Helper()
		return verification.flowAt(t, v, v.browse(t, link.address))
	}
	overGRPC := func(t *testing.T, v *visitor, link mailedLink) linkFlow {
		t.Helper()
		var header metadata.MD
		redirect, err := verification.open(v.with(t), s, link, grpc.Header(&header))
		if err != nil {
			t.Fatal(err)
		}
		v.keep(t, header)
		return verification.flowAt(t, v, parsed(t, redirect.GetLocation()))
	}
	for _, c := range []struct {
		name  string
		begin func(*testing.T, *stack, *visitor, string) linkFlow
		open  func(*testing.T, *visitor, mailedLink) linkFlow
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
			v, email := newVisitor(t, s), address(t)
			session := s.register(t, email, firstPassword)
			link := verification.mailed(t, s, mails, email)
			if c.begin != nil {
				c.begin(t, s, v, email)
				link = verification.mailed(t, s, mails, email)
			}
			checkVerified(t, s, session, false)

			if flow := c.open(t, v, link); flow.GetState() != "passed_challenge" {
				t.Errorf("the flow has not ended well:\n%v", flow)
			}
			checkVerified(t, s, session, true)
			verification.refusedOverREST(t, newVisitor(t, s), link, verification.invalid)
			verification.refusedOverGRPC(t, s, newVisitor(t, s), link, verification.invalid)
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
	if s.version != kratostest.V05 && !want {
		status = "sent"
	}
	got := addresses[0]
	if got.GetVerified() != want || got.GetStatus() != status || (got.GetVerifiedAt() != nil) != want {
		t.Errorf("the address is not %s:\n%v", status, got)
	}
}
