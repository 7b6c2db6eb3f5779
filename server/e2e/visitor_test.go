package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// visitor is a browser at the REST view: it has cookies, and stops at redirects to look where they lead.
type visitor struct {
	rest   string
	client *http.Client
}

func newVisitor(t *testing.T, s *stack) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := new(http.Transport)
	t.Cleanup(transport.CloseIdleConnections)
	return &visitor{rest: s.rest, client: &http.Client{Jar: jar, Transport: transport, CheckRedirect: stay}}
}

// browse asks for a page as a browser does, and returns where it is sent.
func (v *visitor) browse(t *testing.T, address string) *url.URL {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	return v.sent(t, req)
}

// submit fills in a form, and returns where it is sent.
func (v *visitor) submit(t *testing.T, form *kratosgrpcv1.FlowMethodConfig, values url.Values) *url.URL {
	t.Helper()
	values.Set("csrf_token", csrfToken(form))
	req, err := http.NewRequestWithContext(t.Context(), form.GetMethod(), form.GetAction(), strings.NewReader(values.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.sent(t, req)
}

func (v *visitor) sent(t *testing.T, req *http.Request) *url.URL {
	t.Helper()
	if !strings.HasPrefix(req.URL.String(), v.rest+"/") {
		t.Fatalf("%s leads past kratosgrpc", req.URL)
	}
	res, err := v.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusFound {
		body, _ := io.ReadAll(res.Body)
		t.Fatalf("%s %s: %s, want a redirect\n%s", req.Method, req.URL, res.Status, body)
	}
	to, err := res.Location()
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// fetch reads what a page asks for in its visitor's name.
func (v *visitor) fetch(t *testing.T, path string, resource proto.Message) {
	t.Helper()
	res, err := v.client.Get(v.rest + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s\n%s", path, res.Status, body)
	}
	if !json.Valid(body) {
		t.Fatalf("%s: not JSON:\n%s", path, body)
	}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, resource); err != nil {
		t.Fatalf("%s: %v\n%s", path, err, body)
	}
}

func csrfToken(form *kratosgrpcv1.FlowMethodConfig) string {
	for _, field := range form.GetFields() {
		if field.GetName() == "csrf_token" {
			return field.GetValue().GetStringValue()
		}
	}
	return ""
}
