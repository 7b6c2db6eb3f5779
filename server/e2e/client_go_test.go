package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	ory "github.com/ory/client-go"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
)

// member lives a life with the current official SDK, at Kratos or at kratosgrpc.
type member struct {
	t *testing.T
	// api is the SDK, over http.
	api   ory.FrontendAPI
	http  *http.Client
	seen  *seen
	mails *kratostest.Mailbox
	// urls are the addresses that differ from one place to the other.
	urls []string

	email, token, flow, csrf, code, secret, id, logout string
}

// stage is one call of the current SDK: op is its method.
type stage struct {
	op, name string
	do       func(*member) (any, *http.Response, error)
	// want is the status.
	want int
}

// elsewhere are the SDK's methods that Kratos 1.3.1 has no operation for, or none that can succeed by itself.
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

// sdkDifference is one that is meant: drop takes it out of both answers, and says whether it was there.
type sdkDifference struct {
	drop func(kratos, own *answer) bool
	why  string
}

func cookiesAreDropped(kratos, own *answer) bool {
	there := len(kratos.Cookies) > 0 && len(own.Cookies) == 0
	kratos.Cookies = nil
	return there
}

func typeIsDropped(kratos, own *answer) bool {
	there := kratos.ContentType != "" && own.ContentType == ""
	kratos.ContentType = ""
	return there
}

// meant are the differences that are meant, by the stage's name.
var meant = map[string]sdkDifference{
	"script for security keys": {cookiesAreDropped, "an anti-CSRF cookie is of no use to who fetches a script"},
	"look at the own settings": {cookiesAreDropped, "who authenticates by a token has no use for an anti-CSRF cookie"},
	"look at the secret":       {cookiesAreDropped, "who authenticates by a token has no use for an anti-CSRF cookie"},
	"end one of them":          {typeIsDropped, "an answer without a body has no type"},
}

// TestCurrentSDK lives the same lives with the current official SDK twice, with a Kratos 1.3.1 and with kratosgrpc's REST
// view of one, and compares what comes over the wire and what the SDK makes of it.
func TestCurrentSDK(t *testing.T) {
	t.Parallel()
	options := kratostest.Options{Version: kratostest.V13, MailCodes: true}
	hereMails, thereMails := kratostest.NewMailboxT(t), kratostest.NewMailboxT(t)
	options.SMTPURL = hereMails.URL
	behind := startStack(t, options)
	options.SMTPURL = thereMails.URL
	bare := kratostest.StartT(t, options)

	called := map[string]bool{}
	for _, life := range []struct {
		name    string
		cookies bool
		stages  []stage
	}{{"native", false, nativeLife()}, {"script", true, scriptLife()}} {
		t.Run(life.name, func(t *testing.T) {
			email := life.name + "@example.org"
			here, there := newMember(t, behind.kratos, behind.rest, email, hereMails), newMember(t, bare, bare.PublicURL, email, thereMails)
			if life.cookies {
				here.keepCookies()
				there.keepCookies()
			}
			for _, s := range life.stages {
				compareStage(t, s, here, there)
				called[s.op] = true
			}
		})
	}
	for method := range reflect.TypeFor[ory.FrontendAPI]().Methods() {
		if _, ok := elsewhere[method.Name]; !ok && !strings.HasSuffix(method.Name, "Execute") && !called[method.Name] {
			t.Errorf("no stage calls %s", method.Name)
		}
	}
}

func newMember(t *testing.T, kratos *kratostest.Kratos, base, email string, mails *kratostest.Mailbox) *member {
	t.Helper()
	w := &seen{transport: new(http.Transport)}
	t.Cleanup(w.transport.CloseIdleConnections)
	config := ory.NewConfiguration()
	config.Servers = ory.ServerConfigurations{{URL: base}}
	config.HTTPClient = &http.Client{Transport: w, CheckRedirect: stay}
	return &member{
		t: t, api: ory.NewAPIClient(config).FrontendAPI, http: config.HTTPClient, seen: w, mails: mails, email: email,
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

// seen keeps the last answer as it came.
type seen struct {
	transport *http.Transport
	last      answer
}

type answer struct {
	Status                int
	ContentType, Location string
	Cookies               []string
	Headers               map[string]string
	Body                  any
}

// RoundTrip implements http.RoundTripper.
func (s *seen) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := s.transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	s.last = answer{Status: res.StatusCode, ContentType: res.Header.Get("Content-Type"), Location: res.Header.Get("Location"), Headers: map[string]string{}}
	for _, name := range []string{"Cache-Control", "X-Kratos-Authenticated-Identity-Id", "X-Total-Count"} {
		s.last.Headers[name] = res.Header.Get(name)
	}
	for _, cookie := range res.Cookies() {
		s.last.Cookies = append(s.last.Cookies, fmt.Sprintf("%s path=%s domain=%s http-only=%t same-site=%d gone=%t", csrfCookie.ReplaceAllString(cookie.Name, "csrf_token_…"), cookie.Path, cookie.Domain, cookie.HttpOnly, cookie.SameSite, cookie.MaxAge < 0))
	}
	slices.Sort(s.last.Cookies)
	if json.Unmarshal(body, &s.last.Body) != nil {
		s.last.Body = string(body)
	}
	return res, nil
}

var csrfCookie = regexp.MustCompile(`^csrf_token_[0-9a-f]+$`)

// compareStage takes one stage in both places.
func compareStage(t *testing.T, s stage, here, there *member) {
	t.Helper()
	got, gotType := here.take(s)
	want, wantType := there.take(s)
	if want.Status != s.want {
		t.Fatalf("%s: Kratos answers %d, want %d: %v", s.name, want.Status, s.want, want.Body)
	}
	if gotType != wantType {
		t.Errorf("%s: the SDK makes %s of it, of Kratos's answer %s", s.name, gotType, wantType)
	}
	got.Body = withoutOlder(got.Body)
	if d, ok := meant[s.name]; ok {
		if !d.drop(&want, &got) {
			t.Errorf("%s: is it still true that %s?", s.name, d.why)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: Kratos (-) and kratosgrpc (+) differ:\n%s", s.name, diff)
	}
}

// take takes a stage, and says what came of it without what is different each time.
func (m *member) take(s stage) (answer, string) {
	m.t.Helper()
	m.seen.last = answer{}
	res, _, err := s.do(m)
	kind := fmt.Sprintf("%T", res)
	if failed := new(ory.GenericOpenAPIError); errors.As(err, &failed) {
		kind = fmt.Sprintf("error with %T", failed.Model())
	} else if err != nil {
		kind = m.mask(err.Error())
	}
	last := m.seen.last
	last.Location = m.mask(last.Location)
	last.Headers = maps.Clone(last.Headers)
	for name, value := range last.Headers {
		last.Headers[name] = m.mask(value)
	}
	last.Body = m.maskBody(last.Body)
	return last, kind
}

var (
	anyToken   = regexp.MustCompile(`(ory_(?:st|at|lo)_|token=|code=)[A-Za-z0-9_-]+`)
	anyAddress = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	// anyKey is what a passkey is asked for with.
	anyKey = regexp.MustCompile(`"(challenge|id)":"[A-Za-z0-9_-]{20,}"`)
)

func (m *member) mask(text string) string {
	for _, own := range m.urls {
		text = strings.ReplaceAll(text, own, "<kratos>")
	}
	text = anyToken.ReplaceAllString(anyTime.ReplaceAllString(anyUUID.ReplaceAllString(text, "<id>"), "<time>"), "$1<secret>")
	return anyKey.ReplaceAllString(anyAddress.ReplaceAllString(text, "<address>"), `"$1":"<secret>"`)
}

func (m *member) maskBody(value any) any {
	switch value := value.(type) {
	case string:
		return m.mask(value)
	case []any:
		for i := range value {
			value[i] = m.maskBody(value[i])
		}
	case map[string]any:
		for key, inner := range value {
			switch {
			case inner == nil:
				// Null and absent are the same.
				delete(value, key)
			case key == "user_agent":
				// Kratos sees kratosgrpc, not the client that it answers.
				value[key] = "<user agent>"
			case key == "text" && (value["id"] == "totp_secret_key" || value["node_type"] == "text"), key == "src", key == "integrity", key == "nonce",
				key == "value" && value["name"] == "csrf_token":
				value[key] = "<secret>"
			default:
				value[key] = m.maskBody(inner)
			}
		}
		if nodes, ok := value["nodes"].([]any); ok {
			// Kratos shows what the identity's schema does not order in no order.
			slices.SortFunc(nodes, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
	}
	return value
}

// withoutOlder takes out of an answer what Kratos 0.5 calls otherwise, which clients of 1.x don't look at.
func withoutOlder(value any) any {
	object, ok := value.(map[string]any)
	if !ok {
		return value
	}
	if object["ui"] != nil {
		for _, name := range []string{"methods", "messages", "forced"} {
			delete(object, name)
		}
	}
	if object["error"] != nil && object["id"] != nil {
		delete(object, "errors")
	}
	return object
}

// ctx is what the SDK wants with each call.
func (m *member) ctx() context.Context { return m.t.Context() }

// began keeps what a flow needs to be completed.
func (m *member) began(id string, nodes []ory.UiNode) {
	m.flow, m.csrf = id, ""
	for _, node := range nodes {
		if input := node.Attributes.UiNodeInputAttributes; input != nil && input.Name == "csrf_token" {
			m.csrf, _ = input.Value.(string)
		}
		if text := node.Attributes.UiNodeTextAttributes; text != nil && text.Id == "totp_secret_key" {
			m.secret = text.Text.Text
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
