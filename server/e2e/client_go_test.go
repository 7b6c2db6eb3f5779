package e2e

import (
	"context"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"reflect"
	"strings"
	"testing"
	"time"

	ory "github.com/ory/client-go"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
)

// member lives a life with the current official SDK, at Kratos or at kratosgrpc.
type member struct {
	t *testing.T
	// api is the SDK, over http, and schemas is what it has elsewhere although everybody may ask.
	api     ory.FrontendAPI
	schemas ory.IdentityAPI
	http    *http.Client
	seen    *seen
	mails   *kratostest.Mailbox
	// urls are the addresses that differ from one place to the other.
	urls []string

	email, token, flow, csrf, code, secret, id, logout, page string
	// backup are the backup codes that the last form shows.
	backup []string
	// had is how many mails there were before the one to come.
	had int
}

// stage is one call of the current SDK.
type stage struct {
	name string
	do   func(*member) (any, *http.Response, error)
	// want is the status.
	want int
}

// elsewhere are the SDK's methods that Kratos 1.3.1 has no operation for.
var elsewhere = map[string]string{
	"CreateFedcmFlow":                        "not in 1.3.1",
	"UpdateFedcmFlow":                        "not in 1.3.1",
	"CreateIdPInitiatedSamlBrowserLoginFlow": "of the Ory Network alone",
	"DeleteTestLoginFlow":                    "not in 1.3.1",
	"GetSamlMetadata":                        "of the Ory Network alone",
	"GetSamlProviderMetadata":                "of the Ory Network alone",
	"GetWebAuthnRelatedOrigins":              "not in 1.3.1",
	"GetWellKnownChangePassword":             "not in 1.3.1",
	"InitSamlLogin":                          "of the Ory Network alone",
	"InitSamlLoginRequest":                   "of the Ory Network alone",
	"SubmitSamlAssertion":                    "of the Ory Network alone",
}

// TestCurrentSDK lives the same lives with the current official SDK twice, with a Kratos 1.3.1 and with kratosgrpc's REST
// view of one, and compares what comes over the wire and what the SDK makes of it.
func TestCurrentSDK(t *testing.T) {
	t.Parallel()
	called, shown := map[string]bool{}, map[string]bool{}
	for _, world := range worlds() {
		// Each has a Kratos of its own, so that both can be the same member.
		hereMails, thereMails := kratostest.NewMailboxT(t), kratostest.NewMailboxT(t)
		world.options.SMTPURL = hereMails.URL
		behind := startStack(t, world.options)
		world.options.SMTPURL = thereMails.URL
		bare := kratostest.StartT(t, world.options)

		for _, life := range world.lives {
			t.Run(life.name, func(t *testing.T) {
				email := life.name + "@example.org"
				here, there := newMember(t, behind.kratos, behind.rest, email, hereMails), newMember(t, bare, bare.PublicURL, email, thereMails)
				if life.cookies {
					here.keepCookies()
					there.keepCookies()
				}
				for _, s := range life.stages {
					compareStage(t, s, here, there)
					shown[s.name] = true
				}
				maps.Copy(called, here.seen.called)
			})
		}
	}
	for method := range reflect.TypeFor[ory.FrontendAPI]().Methods() {
		name, ok := strings.CutSuffix(method.Name, "Execute")
		if _, none := elsewhere[name]; ok && called[name] == none {
			t.Errorf("%s: a stage calls it: %t, it is elsewhere: %t", name, called[name], none)
		}
	}
	for name := range meant {
		if !shown[name] {
			t.Errorf("%s differs, but is no stage", name)
		}
	}
}

// world is a Kratos as it is configured, and the lives that are lived there.
type world struct {
	options kratostest.Options
	lives   []life
}

// life is what becomes of one account.
type life struct {
	name    string
	cookies bool
	stages  []stage
}

// worlds are three: codes are mailed, links are mailed and nobody's login is recent enough, every form is too old.
func worlds() []world {
	return []world{
		{kratostest.Options{Version: kratostest.V13, MailCodes: true}, []life{{"native", false, nativeLife()}, {"script", true, scriptLife()}, {"hasty", false, hastyLife()}}},
		{
			kratostest.Options{Version: kratostest.V13, CodeLogin: true, OIDC: true, PrivilegedSessionMaxAge: time.Millisecond},
			[]life{{"code", false, codeLife()}, {"link", true, linkLife()}},
		},
		{kratostest.Options{Version: kratostest.V13, FlowLifespan: time.Millisecond}, []life{{"late", true, lateLife()}}},
	}
}

func newMember(t *testing.T, kratos *kratostest.Kratos, base, email string, mails *kratostest.Mailbox) *member {
	t.Helper()
	w := &seen{transport: new(http.Transport), called: map[string]bool{}}
	t.Cleanup(w.transport.CloseIdleConnections)
	config := ory.NewConfiguration()
	config.Servers = ory.ServerConfigurations{{URL: base}}
	config.HTTPClient = &http.Client{Transport: w, CheckRedirect: stay}
	sdk := ory.NewAPIClient(config)
	return &member{
		t: t, api: sdk.FrontendAPI, schemas: sdk.IdentityAPI, http: config.HTTPClient, seen: w, mails: mails, email: email,
		urls: []string{base, kratos.PublicURL},
	}
}

// keepCookies makes a browser of an app.
func (m *member) keepCookies() {
	jar, err := cookiejar.New(nil)
	if err != nil {
		m.t.Fatal(err)
	}
	m.http.Jar = jar
}

// ctx is what the SDK wants with each call.
func (m *member) ctx() context.Context { return m.t.Context() }

// began keeps what a flow needs to be completed.
func (m *member) began(id string, nodes []ory.UiNode) {
	m.flow, m.csrf, m.backup = id, "", nil
	for _, node := range nodes {
		if input := node.Attributes.UiNodeInputAttributes; input != nil && input.Name == "csrf_token" {
			m.csrf, _ = input.Value.(string)
		}
		if text := node.Attributes.UiNodeTextAttributes; text != nil && text.Id == "totp_secret_key" {
			m.secret = text.Text.Text
		}
		if text := node.Attributes.UiNodeTextAttributes; text != nil && text.Id == "lookup_secret_codes" {
			m.backup = strings.Split(text.Text.Text, ", ")
		}
	}
}

// mailed waits for the next code.
func (m *member) mailed(had int) string {
	m.t.Helper()
	eventually(m.t, "a mail with a code", func() bool { return len(m.mails.Codes(m.email)) > had })
	codes := m.mails.Codes(m.email)
	return codes[len(codes)-1]
}
