package e2e

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// choosers are the ways to link and unlink.
var choosers = []struct {
	name   string
	choose chooser
}{
	{"grpc", chooseByGRPC},
	{"rest, the contract's path", chooseByContractPath},
	{"rest, Kratos's own path", chooseByForm},
}

// TestOIDC links an account with one at a real OpenID provider, all the way through the provider's login and back, logs
// in there, and unlinks it again. That the choice was made is seen from outside alone: in what the settings then offer,
// and in whose session a login at the provider gives.
func TestOIDC(t *testing.T) {
	t.Parallel()
	s := startOIDCStack(t, kratostest.Options{})
	for _, c := range choosers {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			email := address(t)
			// What tells the accounts at the provider apart. Kratos wants no colon in it.
			subject := "subject-" + email

			g := s.newGuest(t)
			g.register(t, email)
			checkOffer(t, g.openSettings(t), []string{providerID}, nil)

			back := g.passProvider(t, c.choose(t, g, providerID, ""), subject)
			checkChanged(t, g, back)
			checkOffer(t, g.openSettings(t), nil, []string{providerID})
			if got := s.logInAtProvider(t, subject).GetTraits().GetFields()["email"].GetStringValue(); got != email {
				t.Errorf("the login at the provider is that of %s, want %s", got, email)
			}

			checkChanged(t, g, c.choose(t, g, "", providerID))
			checkOffer(t, g.openSettings(t), []string{providerID}, nil)
		})
	}
}

// chooser fills in the form for providers that a guest has opened. It returns where that leads, or nil if it leads
// nowhere, for the answer says that it is done.
type chooser func(t *testing.T, g *guest, link, unlink string) *url.URL

func chooseByGRPC(t *testing.T, g *guest, link, unlink string) *url.URL {
	t.Helper()
	res := must(t, g, kratosgrpcv1.NewSettingsServiceClient(g.s.grpc).CompleteBrowserSettingsOidcSettingsFlow,
		g.choice(t, link, unlink))
	if res.GetSuccess().GetSession().GetActive() {
		return nil
	}
	if res.GetRedirect() == nil {
		t.Fatalf("to link %q and unlink %q is answered with %v", link, unlink, res)
	}
	return parsed(t, res.GetRedirect().GetLocation())
}

// choice is a filled in form, as gRPC has it.
func (g *guest) choice(t *testing.T, link, unlink string) *kratosgrpcv1.CompleteBrowserSettingsOidcSettingsFlowRequest {
	t.Helper()
	return &kratosgrpcv1.CompleteBrowserSettingsOidcSettingsFlowRequest{
		Flow:    g.flow,
		Payload: &kratosgrpcv1.SettingsOidcPayload{Link: link, Unlink: unlink, CsrfToken: csrfToken(g.form(t))},
	}
}

func chooseByForm(t *testing.T, g *guest, link, unlink string) *url.URL {
	t.Helper()
	return g.submit(t, g.form(t), pressed(link, unlink))
}

func chooseByContractPath(t *testing.T, g *guest, link, unlink string) *url.URL {
	t.Helper()
	form := proto.CloneOf(g.form(t))
	form.Action = g.rest + contractPath + "?flow=" + g.flow
	return g.submit(t, form, pressed(link, unlink))
}

// The paths of one operation: the one that Kratos's API description has, and the one that Kratos really has.
const (
	contractPath = "/self-service/browser/flows/registration/strategies/oidc/settings/connections"
	kratosPath   = "/self-service/methods/oidc/settings/connections"
)

// pressed is what a form's buttons say: of those that were not pressed, nothing.
func pressed(link, unlink string) url.Values {
	v := url.Values{}
	if link != "" {
		v.Set("link", link)
	}
	if unlink != "" {
		v.Set("unlink", unlink)
	}
	return v
}

// logInAtProvider logs in with a browser that Kratos does not know, and returns who Kratos says that is. The form leads
// past kratosgrpc, but it is from there.
func (s *oidcStack) logInAtProvider(t *testing.T, subject string) *kratosgrpcv1.Identity {
	t.Helper()
	g := s.newGuest(t)
	service := kratosgrpcv1.NewLoginServiceClient(s.grpc)
	begun := must(t, g, service.InitializeLoginViaBrowserFlow, &kratosgrpcv1.InitializeLoginViaBrowserFlowRequest{})
	flow := must(t, g, service.GetLoginFlow, &kratosgrpcv1.GetLoginFlowRequest{Id: begun.GetRedirect().GetFlowId()}).GetFlow()
	form := flow.GetMethods()["oidc"].GetConfig()
	if diff := cmp.Diff([]string{providerID}, values(form, "provider")); diff != "" {
		t.Errorf("the login's providers differ (-want +got):\n%s", diff)
	}

	login := g.submit(t, form, url.Values{"provider": {providerID}})
	g.passLogin(t, login, subject)
	session := must(t, g, kratosgrpcv1.NewSessionServiceClient(s.grpc).Whoami, &kratosgrpcv1.WhoamiRequest{}).GetSession()
	return session.GetIdentity()
}

// checkOffer checks what the form for providers offers.
func checkOffer(t *testing.T, form *kratosgrpcv1.FlowMethodConfig, link, unlink []string) {
	t.Helper()
	if diff := cmp.Diff(link, values(form, "link")); diff != "" {
		t.Errorf("what can be linked differs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(unlink, values(form, "unlink")); diff != "" {
		t.Errorf("what can be unlinked differs (-want +got):\n%s", diff)
	}
}

// checkChanged checks that a choice has worked, and that a browser that was sent on was sent back to the settings.
func checkChanged(t *testing.T, g *guest, to *url.URL) {
	t.Helper()
	if to != nil && (to.Path != "/settings" || to.Query().Get("flow") != g.flow) {
		t.Fatalf("%s does not lead back to the settings %s", to, g.flow)
	}
	if flow := g.settings(t); flow.GetState() != "success" {
		t.Errorf("the settings have not changed: %v", flow)
	}
}
