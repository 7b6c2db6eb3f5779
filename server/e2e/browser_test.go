package e2e

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"google.golang.org/grpc/codes"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// TestBrowser lives the life of an account in a real browser, at a UI that shows what kratosgrpc says over gRPC (ui.go)
// and whose forms go to the REST view. Nobody tells the browser what to do with cookies and redirects.
func TestBrowser(t *testing.T) {
	t.Parallel()
	inFrontOf(t, liveInBrowser, kratostest.V05, kratostest.V13)
}

func liveInBrowser(t *testing.T, version kratostest.Version) {
	b := startBrowser(t)
	ui := httptest.NewUnstartedServer(nil)
	home := "http://" + ui.Listener.Addr().String() + "/"
	s := startStack(t, kratostest.Options{Version: version, UIURL: home})
	ui.Config.Handler = NewUI(s.rest, s.grpc)
	ui.Start()
	t.Cleanup(ui.Close)
	email := address(t)

	b.open(t, home, "#nobody")
	b.checkLoggedOut(t, s)

	// Register.
	b.press(t, "#registration", "form#password")
	b.checkForms(t, s)
	b.fill(t, "form#password", map[string]string{
		"traits.email": email, "traits.name.first": "Ada", "password": firstPassword,
	}, "#who")
	if got := b.see(t, "#who"); got != email+" Ada" {
		t.Errorf("the page says that it is %q's after the registration", got)
	}
	b.checkSession(t, s, email, "Ada")

	// Log out, which leads to the login.
	b.press(t, "#logout", "form#password")
	b.checkLoggedOut(t, s)

	// Log in, at the second try.
	b.checkForms(t, s)
	b.fill(t, "form#password", map[string]string{"identifier": email, "password": "a guess"}, "form#password .error")
	if got := b.see(t, "form#password .error"); !strings.HasPrefix(got, "The provided credentials are invalid") {
		t.Errorf("a wrong password is answered with %q", got)
	}
	b.checkLoggedOut(t, s)
	b.fill(t, "form#password", map[string]string{"identifier": email, "password": firstPassword}, "#who")
	b.checkSession(t, s, email, "Ada")

	// Change the name.
	b.press(t, "#settings", "form#profile")
	b.checkForms(t, s)
	b.fill(t, "form#profile", map[string]string{"traits.name.first": "Augusta"}, ".changed")
	b.checkSession(t, s, email, "Augusta")

	// Send a form that another site could have made up: one whose sender does not have the anti-CSRF cookie.
	b.drop(t, b.csrfCookie(t))
	b.fill(t, "form#profile", map[string]string{"traits.name.first": "Mallory"}, "body > .error")
	if got := b.see(t, "body > .error"); !strings.Contains(strings.ToLower(got), "csrf") || !strings.HasPrefix(got, "403 ") {
		t.Errorf("the page for errors says %q", got)
	}
	b.checkSession(t, s, email, "Augusta")

	// The browser got a new cookie on the way, and goes on as if nothing had been.
	b.press(t, "#home", "#who")
	b.press(t, "#settings", "form#profile")
	b.fill(t, "form#profile", map[string]string{"traits.name.first": "Ada King"}, ".changed")
	b.press(t, "#home", "#who")
	if got := b.see(t, "#who"); got != email+" Ada King" {
		t.Errorf("the page says that it is %q's after the change", got)
	}

	b.press(t, "#logout", "form#password")
	b.checkLoggedOut(t, s)
	b.checkRequested(t, s.rest+"/", home)
}

// checkForms checks that the forms of a page lead to the REST view and have an anti-CSRF token.
func (b *browser) checkForms(t *testing.T, s *stack) {
	t.Helper()
	forms := act(t, b, chromedp.Evaluate[[]struct{ ID, Action, Token string }](
		`[...document.forms].map(f => ({ID: f.id, Action: f.action, Token: f.elements.csrf_token?.value}))`,
	))
	if len(forms) == 0 {
		t.Error("the page has no form")
	}
	for _, form := range forms {
		if !strings.HasPrefix(form.Action, s.rest+"/") || form.Token == "" {
			t.Errorf("the form %s leads to %s, its token is %q", form.ID, form.Action, form.Token)
		}
	}
}

// checkSession checks whose session kratosgrpc says that the browser's cookies are, and what the cookies are like.
func (b *browser) checkSession(t *testing.T, s *stack, email, firstName string) {
	t.Helper()
	traits := s.whoami(b.with(t), t).GetIdentity().GetTraits().AsMap()
	name, _ := traits["name"].(map[string]any)
	if traits["email"] != email || name["first"] != firstName {
		t.Errorf("the session is that of %v, want %s %s", traits, email, firstName)
	}
	host, err := url.Parse(s.rest)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range []*network.Cookie{b.cookies(t)[sessionCookie], b.csrfCookie(t)} {
		switch {
		case cookie == nil:
			t.Error("the browser has no session or no anti-CSRF cookie")
		case cookie.Domain != host.Hostname() || cookie.Path != "/" || !cookie.HTTPOnly || cookie.SameSite != "Lax":
			t.Errorf("the cookie %s is not as Kratos sets it: %+v", cookie.Name, cookie)
		}
	}
}

// checkLoggedOut checks that neither the browser nor kratosgrpc knows of a session.
func (b *browser) checkLoggedOut(t *testing.T, s *stack) {
	t.Helper()
	if cookie := b.cookies(t)[sessionCookie]; cookie != nil {
		t.Errorf("the browser has a session: %+v", cookie)
	}
	_, err := kratosgrpcv1.NewSessionServiceClient(s.grpc).Whoami(b.with(t), &kratosgrpcv1.WhoamiRequest{})
	checkStatus(t, err, codes.Unauthenticated, "NO_ACTIVE_SESSION")
}

// checkRequested checks that the browser has asked for nothing but what begins like these: Kratos itself is out of sight.
func (b *browser) checkRequested(t *testing.T, allowed ...string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, requested := range b.requested {
		known := false
		for _, prefix := range allowed {
			known = known || strings.HasPrefix(requested, prefix)
		}
		if !known {
			t.Errorf("the browser has asked for %s", requested)
		}
	}
	if len(b.requested) == 0 {
		t.Error("the browser has asked for nothing")
	}
}
