package e2e

import (
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
)

var addresses atomic.Int64

// address is one that no other test has.
func address(t *testing.T) string {
	t.Helper()
	return "person-" + strconv.FormatInt(addresses.Add(1), 10) + "@example.org"
}

// TestLinkRefused passes tokens that were never mailed, and begins with addresses that nobody has.
func TestLinkRefused(t *testing.T) {
	t.Parallel()
	mails := startMailServer(t)
	s := startStack(t, kratostest.Options{SMTPURL: mails.url})

	for name, kind := range map[string]*linkKind{"recovery": &recovery, "verification": &verification} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, token := range []string{"made-up", strings.Repeat("a", 32), "ünï &=%\x00"} {
				kind.refusedOverREST(t, s, token, kind.invalid)
				kind.refusedOverGRPC(t, s, token, kind.invalid)
			}
			// Whether an address has an account is for its mailbox to know alone.
			for _, begin := range []func(*testing.T, *stack, string) linkFlow{kind.beginGRPC, kind.beginREST} {
				nobody := address(t)
				begin(t, s, nobody)
				if m := mails.next(t, nobody); m.subject != kind.unknown || m.link() != "" {
					t.Errorf("mailed to an unknown address: %q\n%s", m.subject, m.html)
				}
			}
		})
	}
}

// TestLinkExpired opens links too late.
func TestLinkExpired(t *testing.T) {
	t.Parallel()
	mails := startMailServer(t)
	s := startStack(t, kratostest.Options{SMTPURL: mails.url, FlowLifespan: 6 * time.Second})

	for name, kind := range map[string]*linkKind{"recovery": &recovery, "verification": &verification} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			email := address(t)
			session := s.register(t, email, firstPassword)
			verification.mailed(t, s, mails, email)

			kind.beginGRPC(t, s, email)
			_, one := kind.mailed(t, s, mails, email)
			last := kind.beginGRPC(t, s, email)
			_, other := kind.mailed(t, s, mails, email)

			awaitExpiry(t, last)
			kind.refusedOverREST(t, s, one, kind.expired)
			kind.refusedOverGRPC(t, s, other, kind.expired)
			checkVerified(t, s, session, false)
		})
	}
}
