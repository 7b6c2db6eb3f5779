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
	inFrontOf(t, refuseLinks, kratostest.V05, kratostest.V13)
}

func refuseLinks(t *testing.T, version kratostest.Version) {
	mails := startMailServer(t)
	s := startStack(t, kratostest.Options{Version: version, SMTPURL: mails.url, ExtraConfig: mailToUnknown(version)})

	for name, kind := range map[string]*linkKind{"recovery": &recovery, "verification": &verification} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, token := range []string{"made-up", strings.Repeat("a", 32), "ünï &=%\x00"} {
				link := kind.madeUp(t, s, token)
				kind.refusedOverREST(t, newVisitor(t, s), link, kind.invalid)
				kind.refusedOverGRPC(t, s, newVisitor(t, s), link, kind.invalid)
			}
			// Whether an address has an account is for its mailbox to know alone.
			for _, begin := range []func(*testing.T, *stack, *visitor, string) linkFlow{kind.beginGRPC, kind.beginREST} {
				nobody := address(t)
				begin(t, s, newVisitor(t, s), nobody)
				if m := mails.next(t, nobody); m.subject != kind.unknown || m.link() != "" {
					t.Errorf("mailed to an unknown address: %q\n%s", m.subject, m.html)
				}
			}
		})
	}
}

// mailToUnknown has Kratos 1.x do what 0.5 always does: mail to addresses that nobody has.
func mailToUnknown(version kratostest.Version) func(map[string]any) {
	if version == kratostest.V05 {
		return nil
	}
	return func(config map[string]any) {
		for _, kind := range []string{"recovery", "verification"} {
			section := config
			for _, key := range []string{"selfservice", "flows", kind} {
				section, _ = section[key].(map[string]any)
			}
			section["notify_unknown_recipients"] = true
		}
	}
}

// TestLinkExpired opens links too late.
func TestLinkExpired(t *testing.T) {
	t.Parallel()
	inFrontOf(t, letLinksExpire, kratostest.V05, kratostest.V13)
}

func letLinksExpire(t *testing.T, version kratostest.Version) {
	mails := startMailServer(t)
	s := startStack(t, kratostest.Options{Version: version, SMTPURL: mails.url, FlowLifespan: 6 * time.Second})

	for name, kind := range map[string]*linkKind{"recovery": &recovery, "verification": &verification} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, email := newVisitor(t, s), address(t)
			session := s.register(t, email, firstPassword)
			verification.mailed(t, s, mails, email)

			begin := kind.beginGRPC
			if version != kratostest.V05 {
				// Kratos 1.x shows what comes after a flow to nobody but whose flow it was, and an app can't be shown it.
				begin = kind.beginREST
			}
			begin(t, s, v, email)
			one := kind.mailed(t, s, mails, email)
			last := begin(t, s, v, email)
			other := kind.mailed(t, s, mails, email)

			awaitExpiry(t, last)
			kind.refusedOverREST(t, v, one, kind.expired)
			kind.refusedOverGRPC(t, s, v, other, kind.expired)
			checkVerified(t, s, session, false)
		})
	}
}
