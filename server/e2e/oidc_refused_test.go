package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// TestOIDCRefused makes choices that Kratos refuses. It says why on the form.
func TestOIDCRefused(t *testing.T) {
	t.Parallel()
	s := startOIDCStack(t, kratostest.Options{})
	for _, c := range []struct {
		name, link, unlink, message string
	}{
		{"unknown provider", "nobody", "", "can not link unknown or already existing OpenID Connect connection"},
		{"unlink an unknown provider", "", "nobody", "can not unlink non-existing OpenID Connect connection"},
		{"unlink what is not linked", "", providerID, "can not unlink non-existing OpenID Connect connection"},
		{"both", providerID, providerID, "it is not possible to link and unlink providers in the same request"},
	} {
		for _, by := range choosers {
			t.Run(c.name+"/"+by.name, func(t *testing.T) {
				t.Parallel()
				g := s.newGuest(t)
				g.register(t, address(t))
				g.openSettings(t)

				to := by.choose(t, g, c.link, c.unlink)
				if to == nil || to.Path != "/settings" || to.Query().Get("flow") != g.flow {
					t.Fatalf("%s does not lead back to the settings %s", to, g.flow)
				}
				form := g.form(t)
				if messages := form.GetMessages(); len(messages) != 1 || messages[0].GetText() != c.message || messages[0].GetType() != "error" {
					t.Errorf("the form says %v, want %q", messages, c.message)
				}
				checkOffer(t, form, []string{providerID}, nil)
			})
		}
	}
}

// TestOIDCOfAnother links an account at the provider that is linked to somebody else already. That comes up on the way
// back, past kratosgrpc, and is asked of it afterwards.
func TestOIDCOfAnother(t *testing.T) {
	t.Parallel()
	s := startOIDCStack(t, kratostest.Options{})
	first, second := s.newGuest(t), s.newGuest(t)
	for _, g := range []*guest{first, second} {
		g.register(t, address(t))
		g.openSettings(t)
	}
	checkChanged(t, first, first.passProvider(t, chooseByGRPC(t, first, providerID, ""), "subject"))

	to := second.passProvider(t, chooseByGRPC(t, second, providerID, ""), "subject")
	checkErrorPage(t, second, to, http.StatusConflict)
	checkOffer(t, second.openSettings(t), []string{providerID}, nil)
}

// TestOIDCWithoutSession makes choices for a browser whose session has ended meanwhile.
func TestOIDCWithoutSession(t *testing.T) {
	t.Parallel()
	s := startOIDCStack(t, kratostest.Options{})
	g := s.newGuest(t)
	g.register(t, address(t))
	form := g.openSettings(t)
	choice := g.choice(t, providerID, "")
	g.dropSession()

	_, err := ask(t, g, kratosgrpcv1.NewSettingsServiceClient(s.grpc).CompleteBrowserSettingsOidcSettingsFlow, choice)
	checkStatus(t, err, codes.Unauthenticated, "NO_ACTIVE_SESSION")

	for _, path := range []string{contractPath, kratosPath} {
		form.Action = g.rest + path + "?flow=" + g.flow
		checkErrorPage(t, g, g.submit(t, form, pressed(providerID, "")), http.StatusUnauthorized)
		if code := g.submitJSON(t, form.GetAction(), `{"link": "`+providerID+`", "csrf_token": "`+csrfToken(form)+`"}`); code != http.StatusUnauthorized {
			t.Errorf("%s as JSON: status %d, want %d", path, code, http.StatusUnauthorized)
		}
	}
}

// TestOIDCRefresh links an account too long after the login: Kratos has the browser log in again, by the password, and
// the link then goes on by itself, over REST or over gRPC.
func TestOIDCRefresh(t *testing.T) {
	t.Parallel()
	// Long enough for the way from the login to the provider and back on a slow machine.
	const privileged = 4 * time.Second
	s := startOIDCStack(t, kratostest.Options{PrivilegedSessionMaxAge: privileged})
	for _, c := range []struct {
		name   string
		choose chooser
		resume func(*testing.T, *guest, *url.URL) *url.URL
	}{
		{"grpc", chooseByGRPC, resumeByGRPC},
		{"rest, the contract's path", chooseByContractPath, resumeByREST},
		{"rest, Kratos's own path", chooseByForm, resumeByREST},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			email := address(t)
			g := s.newGuest(t)
			g.register(t, email)
			g.openSettings(t)
			time.Sleep(privileged + 500*time.Millisecond)

			to := c.choose(t, g, providerID, "")
			if to == nil || to.Path != "/self-service/login/browser" || to.Query().Get("refresh") != "true" {
				t.Fatalf("%s is not a login that refreshes the session", to)
			}
			resume := g.logIn(t, to, email)
			if resume.Path != kratosPath || resume.Query().Get("flow") != g.flow {
				t.Fatalf("the login does not lead back to the link, but to %s", resume)
			}
			checkChanged(t, g, g.passProvider(t, c.resume(t, g, resume), "subject-"+email))
			checkOffer(t, g.openSettings(t), nil, []string{providerID})
		})
	}
}

func resumeByREST(t *testing.T, g *guest, at *url.URL) *url.URL {
	t.Helper()
	return g.browse(t, at.String())
}

func resumeByGRPC(t *testing.T, g *guest, at *url.URL) *url.URL {
	t.Helper()
	res := must(t, g, kratosgrpcv1.NewSettingsServiceClient(g.s.grpc).CompleteBrowserSettingsOidcSettingsFlow,
		&kratosgrpcv1.CompleteBrowserSettingsOidcSettingsFlowRequest{Flow: at.Query().Get("flow")})
	return parsed(t, res.GetRedirect().GetLocation())
}

// TestOIDCTurnedOff makes a choice where Kratos has no providers: that is no refusal, but an operation that is not there.
func TestOIDCTurnedOff(t *testing.T) {
	t.Parallel()
	s := startStack(t, kratostest.Options{})
	g := (&oidcStack{stack: s, edge: parsed(t, s.rest)}).newGuest(t)
	g.register(t, address(t))
	if form := g.openSettings(t); form != nil {
		t.Errorf("there is a form for providers: %v", form)
	}
	// Kratos looks at the anti-CSRF token before it looks whether there is anything to protect.
	form := g.settings(t).GetMethods()["password"].GetConfig()
	choice := g.choice(t, providerID, "")
	choice.Payload.CsrfToken = csrfToken(form)

	_, err := ask(t, g, kratosgrpcv1.NewSettingsServiceClient(s.grpc).CompleteBrowserSettingsOidcSettingsFlow, choice)
	checkStatus(t, err, codes.Unimplemented, "UNSUPPORTED_BY_UPSTREAM")
	for _, path := range []string{contractPath, kratosPath} {
		body := `{"link": "` + providerID + `", "csrf_token": "` + csrfToken(form) + `"}`
		if code := g.submitJSON(t, s.rest+path+"?flow="+g.flow, body); code != http.StatusNotImplemented {
			t.Errorf("%s: status %d, want %d", path, code, http.StatusNotImplemented)
		}
	}
}

// submitJSON posts JSON, and returns the status of the answer.
func (v *visitor) submitJSON(t *testing.T, address, body string) int {
	t.Helper()
	res, err := v.client.Post(address, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

// checkErrorPage checks that a browser was sent to the page for errors, and what that page then learns.
func checkErrorPage(t *testing.T, g *guest, to *url.URL, code int64) {
	t.Helper()
	id := to.Query().Get("error")
	if to.Path != "/error" || id == "" {
		t.Fatalf("%s is not the page for errors", to)
	}
	res := must(t, g, kratosgrpcv1.NewErrorServiceClient(g.s.grpc).GetError, &kratosgrpcv1.GetErrorRequest{Error: id})
	if errs := res.GetError().GetErrors(); len(errs) != 1 || int64(errs[0].GetCode()) != code {
		t.Errorf("the error is %v, want one with code %d", errs, code)
	}
}

func checkStatus(t *testing.T, err error, code codes.Code, reason string) {
	t.Helper()
	st := status.Convert(err)
	var got string
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			got = info.GetReason()
		}
	}
	if st.Code() != code || got != reason {
		t.Errorf("the status is %s, %s; want %s, %s", st, got, code, reason)
	}
}
