package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	ory "github.com/ory/client-go"
)

// seen keeps the last answer as it came, and which of the SDK's methods have asked.
type seen struct {
	transport *http.Transport
	called    map[string]bool
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
	s.note()
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
	for _, name := range []string{"Cache-Control", "Link", "X-Kratos-Authenticated-Identity-Id", "X-Total-Count"} {
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

// note notes the SDK's method that this is a request of. The SDK tells nobody, but it is among the callers.
func (s *seen) note() {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers)])
	for {
		frame, more := frames.Next()
		if method, ok := strings.CutPrefix(frame.Function, "github.com/ory/client-go.(*FrontendAPIService)."); ok {
			s.called[strings.TrimSuffix(method, "Execute")] = true
		}
		if !more {
			return
		}
	}
}

var csrfCookie = regexp.MustCompile(`^csrf_token_[0-9a-f]+$`)

// compareStage takes one stage in both places.
func compareStage(t *testing.T, s stage, here, there *member) {
	t.Helper()
	got, gotType := here.take(s)
	want, wantType := there.take(s)
	if want.Status != s.want {
		t.Fatalf("%s: Kratos answers %d, want %d (%s): %v", s.name, want.Status, s.want, wantType, want.Body)
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
	anyToken   = regexp.MustCompile(`(ory_(?:st|at|lo)_|\b(?:token|code|state)=)[A-Za-z0-9_-]+`)
	anyAddress = regexp.MustCompile(`127\.0\.0\.1(:|%3A)\d+`)
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
			case key == "since":
				value[key] = "<duration>"
			case key == "ip_address":
				// Kratos notes the port too of who asks it directly.
				value[key] = "<address>"
			case key == "secret", key == "text" && (value["id"] == "totp_secret_key" || value["node_type"] == "text" || isSecret(value["context"])), key == "src", key == "integrity", key == "nonce",
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

// isSecret tells by a text's context whether it is one: a backup code has itself in there, all of them have a list of them.
func isSecret(context any) bool {
	object, _ := context.(map[string]any)
	return object["secret"] != nil || object["secrets"] != nil
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
