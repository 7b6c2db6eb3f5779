package e2e

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// visitor is a browser at the REST view: it has cookies, and stops at redirects to look where they lead.
type visitor struct {
	version kratostest.Version
	rest    string
	client  *http.Client
}

func newVisitor(t *testing.T, s *stack) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := new(http.Transport)
	t.Cleanup(transport.CloseIdleConnections)
	return &visitor{version: s.version, rest: s.rest, client: &http.Client{Jar: jar, Transport: transport, CheckRedirect: stay}}
}

// cookies are the browser's.
func (v *visitor) cookies(t *testing.T) []*http.Cookie {
	t.Helper()
	return v.client.Jar.Cookies(parsed(t, v.rest))
}

func (v *visitor) hasSession(t *testing.T) bool {
	t.Helper()
	return slices.ContainsFunc(v.cookies(t), func(c *http.Cookie) bool { return c.Name == sessionCookie })
}

// keep keeps the cookies of an answer over gRPC.
func (v *visitor) keep(t *testing.T, header metadata.MD) {
	t.Helper()
	answer := http.Response{Header: http.Header{"Set-Cookie": header.Get("set-cookie")}}
	v.client.Jar.SetCookies(parsed(t, v.rest), answer.Cookies())
}

// with is the context of a call over gRPC that is made for the browser.
func (v *visitor) with(t *testing.T) context.Context {
	t.Helper()
	md := metadata.MD{}
	for _, cookie := range v.cookies(t) {
		md.Append("cookie", cookie.Name+"="+cookie.Value)
	}
	return metadata.NewOutgoingContext(t.Context(), md)
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

// submit fills in a form, and returns where it is sent. What the form has hidden is sent as well.
func (v *visitor) submit(t *testing.T, form *kratosgrpcv1.FlowMethodConfig, values url.Values) *url.URL {
	t.Helper()
	for _, field := range form.GetFields() {
		if field.GetType() == "hidden" {
			values.Set(field.GetName(), field.GetValue().GetStringValue())
		}
	}
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
	// Kratos 1.x says the other where a form was sent or a link opened.
	if res.StatusCode != http.StatusFound && (v.version == kratostest.V05 || res.StatusCode != http.StatusSeeOther) {
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
