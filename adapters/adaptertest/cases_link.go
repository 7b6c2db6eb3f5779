package adaptertest

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// linkCases are about recoveries and verifications, which are alike until the link is opened.
var linkCases = []func(*fixture){linkIsSent, browserHasLinkSent, linkIsBad, linkRecovers, linkVerifies, recoveryWithASession}

// linkKind is what is the same for both.
type linkKind struct {
	kind
	send func(f *fixture, c client, id, email, csrf string) outcome
	open func(f *fixture, b *browser, id, token string) outcome
}

var linkKinds = []linkKind{
	{
		kind: recoveryKind,
		send: func(f *fixture, c client, id, email, csrf string) outcome {
			f.Helper()
			return outcomeOf(f, must(f, c, adapters.Adapter.CompleteRecoveryFlowWithLinkMethod, recoverBy(id, email, csrf)))
		},
		open: func(f *fixture, b *browser, id, token string) outcome {
			f.Helper()
			return outcomeOf(f, must(f, b, adapters.Adapter.CompleteRecoveryFlowWithLinkMethod, &kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodRequest{Flow: id, Token: token}))
		},
	},
	{
		kind: verificationKind,
		send: func(f *fixture, c client, id, email, csrf string) outcome {
			f.Helper()
			return outcomeOf(f, must(f, c, adapters.Adapter.CompleteVerificationFlowWithLinkMethod, verifyBy(id, email, csrf)))
		},
		open: func(f *fixture, b *browser, id, token string) outcome {
			f.Helper()
			return outcomeOf(f, must(f, b, adapters.Adapter.CompleteVerificationFlowWithLinkMethod, &kratosgrpcv1.CompleteVerificationFlowWithLinkMethodRequest{Flow: id, Token: token}))
		},
	},
}

func eachLinkKind(f *fixture, run func(f *fixture, k linkKind)) {
	f.Helper()
	for _, k := range linkKinds {
		f.on(k.name, func(f *fixture) { run(f, k) })
	}
}

// isSent checks that a flow says that its link is on its way.
func isSent(f *fixture, fl flow) {
	f.Helper()
	state, _ := fl.(interface {
		flow
		GetState() string
	})
	if said := messages(fl); state.GetState() != "sent_email" || !slices.ContainsFunc(said, func(m *kratosgrpcv1.Message) bool { return m.GetType() == "info" }) {
		f.Errorf("no link was sent: %s", text(fl))
	}
}

// linkIsSent: the outcome does not tell whether Kratos knows the address, and its flow can be completed again.
func linkIsSent(f *fixture) {
	eachLinkKind(f, func(f *fixture, k linkKind) {
		for _, c := range []client{anonymous(), withToken(f.token())} {
			for _, email := range []string{f.account().Email, newEmail()} {
				id := k.start(f, anonymous()).GetId()
				for range 2 {
					o := k.send(f, c, id, email, "")
					o.success(f)
					var sent flow
					switch success := o.message.(type) {
					case *kratosgrpcv1.RecoverySuccess:
						sent = success.GetFlow()
					case *kratosgrpcv1.VerificationSuccess:
						sent = success.GetFlow()
					}
					isSent(f, sent)
					id = sent.GetId()
				}
			}
		}
	})
}

func browserHasLinkSent(f *fixture) {
	eachLinkKind(f, func(f *fixture, k linkKind) {
		for _, email := range []string{f.account().Email, newEmail()} {
			b := f.open()
			shown := k.openForm(f, b, "link")
			if back := leadsTo(f, k.send(f, b, shown.id, email, shown.csrf).redirect(f)); back != shown.id {
				f.Errorf("leads to the flow %s, want back to %s", back, shown.id)
			}
			isSent(f, k.fetchForm(f, b, "link", shown.id).flow)
		}
	})
}

// linkIsBad: a browser that opens a bad link is led to another flow, which says so.
func linkIsBad(f *fixture) {
	eachLinkKind(f, func(f *fixture, k linkKind) {
		b := f.open()
		known := k.openForm(f, b, "link").id
		for _, id := range []string{"", known, unknownID, "../whoami"} {
			for _, token := range []string{"unknown", "../../whoami?a=b&token=c#d", "ü", strings.Repeat("x", 4096)} {
				if f.harness.Differences.LinksNeedFlow && id != known {
					leadsToError(f, b, k.open(f, b, id, token).redirect(f))
					continue
				}
				again := k.fetchForm(f, b, "link", leadsTo(f, k.open(f, b, id, token).redirect(f)))
				if len(messages(again.flow)) == 0 {
					f.Errorf("flow %q, token %q: the flow does not say that the link is bad: %s", id, token, text(again.flow))
				}
			}
		}
		f.hasNoSession(b)
	})
}

// mailedLink waits for a link whose path says what it is for.
func (f *fixture) mailedLink(address, purpose string) (id, token string) {
	f.Helper()
	if f.upstream.Links == nil {
		f.Skip("this upstream mails no links")
	}
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		for _, link := range f.upstream.Links(f.T, address) {
			if u, err := url.Parse(link); err == nil && strings.Contains(u.Path, purpose) {
				return u.Query().Get("flow"), u.Query().Get("token")
			}
		}
	}
	f.Fatalf("no link for %s was mailed to %s", purpose, address)
	return "", ""
}

func linkRecovers(f *fixture) {
	a := f.account()
	recovery := linkKinds[0]
	recovery.send(f, anonymous(), recovery.start(f, anonymous()).GetId(), a.Email, "").success(f)
	id, token := f.mailedLink(a.Email, "recovery")

	b := f.open()
	settings := leadsTo(f, recovery.open(f, b, id, token).redirect(f))
	isSessionOf(f, f.whoami(b), a)
	shown := settingsKind.fetchForm(f, b, "password", settings)
	if len(messages(shown.flow)) == 0 {
		f.Errorf("the flow does not say that the account is recovered: %s", text(shown.flow))
	}
	f.submitPassword(b, shown.id, anotherPassword, shown.csrf).redirect(f)
	f.submitLogin(anonymous(), loginKind.start(f, anonymous()).GetId(), a.Email, anotherPassword, "").success(f)

	// A link is good for one time.
	other := f.open()
	again := recovery.fetchForm(f, other, "link", leadsTo(f, recovery.open(f, other, id, token).redirect(f)))
	if len(messages(again.flow)) == 0 {
		f.Errorf("the flow does not say that the link was used: %s", text(again.flow))
	}
	f.hasNoSession(other)
}

func linkVerifies(f *fixture) {
	a := f.account()
	verification := linkKinds[1]
	verification.send(f, anonymous(), verification.start(f, anonymous()).GetId(), a.Email, "").success(f)
	id, token := f.mailedLink(a.Email, "verif")
	verification.open(f, f.open(), id, token).redirect(f)

	address := f.whoami(withToken(a.Token)).GetIdentity().GetVerifiableAddresses()
	if len(address) != 1 || !address[0].GetVerified() || !address[0].GetVerifiedAt().IsValid() || address[0].GetStatus() != "completed" {
		f.Errorf("the address is not verified: %v", address)
	}
}

// recoveryWithASession: who is logged in has nothing to recover.
func recoveryWithASession(f *fixture) {
	token := f.token()
	for _, c := range []client{withToken(token), withBearer(token)} {
		refused(f, c, adapters.Adapter.InitializeRecoveryViaApiFlow, &kratosgrpcv1.InitializeRecoveryViaApiFlowRequest{}, kratosgrpcv1.ErrorReason_ERROR_REASON_SESSION_ALREADY_AVAILABLE)
		verificationKind.start(f, c)
	}
	b := f.logIn(f.account())
	if to := checkRedirect(f, must(f, b, adapters.Adapter.InitializeRecoveryViaBrowserFlow, &kratosgrpcv1.InitializeRecoveryViaBrowserFlowRequest{}).GetRedirect()); to.GetFlowId() != "" {
		f.Errorf("somebody who is logged in is led to a recovery: %s", text(to))
	}
}
