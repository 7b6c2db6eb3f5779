package e2e

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
	"google.golang.org/grpc/metadata"
)

// browser is a Chromium with one open page.
type browser struct {
	ctx context.Context

	mu        sync.Mutex
	requested []string
}

// startBrowser starts a Chromium without a window, which knows nobody: chromedp gives it an empty folder for its data.
// Where there is none the test is skipped, except if the environment says CI=true.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	path := chromium()
	if path == "" {
		const missing = "there is no Chromium: install Debian's package chromium, or whatever puts chromium, chromium-browser or google-chrome in PATH"
		if ci, _ := strconv.ParseBool(os.Getenv("CI")); ci {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}

	b := new(browser)
	ctx, cancel := chromedp.NewExecAllocator(
		t.Context(), chromedp.ExecPath(path), chromedp.Headless, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.DisableGPU,
		// The sandbox does not start where tests run as root, and the pages are our own.
		chromedp.NoSandbox,
		// It is to speak to nobody but the test, and not by a detour.
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-quic", true), chromedp.Flag("no-proxy-server", true),
		// A container's /dev/shm may be too small for it.
		chromedp.Flag("disable-dev-shm-usage", true),
	)
	t.Cleanup(cancel)
	b.ctx, cancel = chromedp.NewContext(ctx, chromedp.WithListener(func(event any) {
		if sent, ok := event.(*network.EventRequestWillBeSent); ok {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.requested = append(b.requested, sent.Request.URL)
		}
	}))
	t.Cleanup(cancel)
	// The context of the first step must be without a deadline: the browser ends with it.
	if err := chromedp.Do(b.ctx); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	return b
}

// chromium is where Chromium is, or "".
func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// run takes a step, which must not take forever.
func run[T any](t *testing.T, b *browser, step func(context.Context) (T, error)) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	res, err := step(ctx)
	if err != nil {
		// What the page was says more than what it was not.
		ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
		defer cancel()
		at, _ := chromedp.Run(ctx, chromedp.Location())
		text, _ := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
		t.Fatalf("%v, at %s:\n%s", err, at, text)
	}
	return res
}

// act is run for an action of chromedp's.
func act[T any](t *testing.T, b *browser, action chromedp.Action[T]) T {
	t.Helper()
	return run(t, b, func(ctx context.Context) (T, error) { return chromedp.Run(ctx, action) })
}

// open opens a page, and waits for an element of it.
func (b *browser) open(t *testing.T, address string, element chromedp.CSS) {
	t.Helper()
	act(t, b, chromedp.Navigate(address))
	act(t, b, chromedp.WaitVisible(element))
}

// see waits for an element, and returns its text.
func (b *browser) see(t *testing.T, element chromedp.CSS) string {
	t.Helper()
	return strings.TrimSpace(act(t, b, chromedp.Text(element)))
}

// press presses a link or a button, and waits for an element of the page that it leads to.
func (b *browser) press(t *testing.T, what, next chromedp.CSS) {
	t.Helper()
	// That page may look like this one, so wait for another document first.
	run(t, b, func(ctx context.Context) (*network.Response, error) {
		return chromedp.RunResponse(ctx, chromedp.Click(what))
	})
	act(t, b, chromedp.WaitVisible(next))
}

// fill fills in a form by the names of its inputs, sends it, and waits for an element of the page that it leads to.
func (b *browser) fill(t *testing.T, form chromedp.CSS, inputs map[string]string, next chromedp.CSS) {
	t.Helper()
	for name, value := range inputs {
		input := form + chromedp.CSS(` input[name="`+name+`"]`)
		act(t, b, chromedp.Clear(input))
		act(t, b, chromedp.SendKeys(input, value))
	}
	b.press(t, form+` button[type="submit"]`, next)
}

// cookies are the browser's, by name.
func (b *browser) cookies(t *testing.T) map[string]*network.Cookie {
	t.Helper()
	res := run(t, b, func(ctx context.Context) (storage.GetCookiesResult, error) {
		return chromedp.Call(ctx, storage.GetCookies, storage.GetCookiesParams{})
	})
	kept := map[string]*network.Cookie{}
	for _, cookie := range res.Cookies {
		kept[cookie.Name] = cookie
	}
	return kept
}

// csrfCookie is the anti-CSRF cookie. In Kratos 1.x its name ends in a hash of Kratos's URL.
func (b *browser) csrfCookie(t *testing.T) *network.Cookie {
	t.Helper()
	for name, cookie := range b.cookies(t) {
		if name == "csrf_token" || strings.HasPrefix(name, "csrf_token_") {
			return cookie
		}
	}
	return nil
}

// drop has the browser forget a cookie.
func (b *browser) drop(t *testing.T, cookie *network.Cookie) {
	t.Helper()
	run(t, b, func(ctx context.Context) (cdp.Empty, error) {
		return chromedp.Call(ctx, network.DeleteCookies, network.DeleteCookiesParams{Name: cookie.Name, Domain: cookie.Domain})
	})
}

// with is a call's context with the browser's cookies.
func (b *browser) with(t *testing.T) context.Context {
	t.Helper()
	var header []string
	for _, cookie := range b.cookies(t) {
		header = append(header, (&http.Cookie{Name: cookie.Name, Value: cookie.Value}).String())
	}
	return metadata.AppendToOutgoingContext(t.Context(), "cookie", strings.Join(header, "; "))
}
