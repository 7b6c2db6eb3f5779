package server_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// restClient makes calls over REST, of whatever RPC there is: path, query and body follow from its google.api.http
// annotation.
type restClient struct {
	base string
	http *http.Client
	// binding chooses one of the additional bindings, from 1 on; 0 is the RPC's own path.
	binding int
	// byGET asks by GET, whatever the binding says.
	byGET bool
}

var _ client = (*restClient)(nil)

// bindings are all HTTP rules of an RPC, its own first.
func bindings(m protoreflect.MethodDescriptor) []*annotations.HttpRule {
	rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
	return append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...)
}

func verbAndPath(rule *annotations.HttpRule) (verb, path string) {
	switch pattern := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		return http.MethodGet, pattern.Get
	case *annotations.HttpRule_Post:
		return http.MethodPost, pattern.Post
	case *annotations.HttpRule_Delete:
		return http.MethodDelete, pattern.Delete
	default:
		panic(fmt.Sprintf("no RPC had such a rule so far: %v", rule))
	}
}

func (c *restClient) do(t *testing.T, call call) reply {
	t.Helper()
	res, err := c.http.Do(c.request(t, call))
	if err != nil {
		t.Fatal(err)
	}
	r := readReply(t, res)
	for name := range res.Header {
		if strings.HasPrefix(name, "Grpc-") {
			t.Errorf("there is a header %s", name)
		}
	}
	return r
}

// readReply reads a response and closes it.
func readReply(t *testing.T, res *http.Response) reply {
	t.Helper()
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}

	r := reply{
		cookies:    res.Header.Values("Set-Cookie"),
		identityID: res.Header.Get("X-Kratos-Authenticated-Identity-Id"),
		location:   res.Header.Get("Location"),
		response:   res,
	}
	switch kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";"); {
	case kind == "application/json" && bytes.HasPrefix(data, []byte("[")):
		if err := json.Unmarshal(data, &r.list); err != nil {
			t.Fatal(err)
		}
		r.readLink(t)
	case kind == "application/json" && len(data) > 0:
		r.body = decodeObject(t, data)
		if res.StatusCode == http.StatusUnprocessableEntity {
			r.location = r.text("redirect_browser_to")
		}
	case kind == "text/javascript":
		r.script = string(data)
	}
	return r
}

var nextLink = regexp.MustCompile(`<([^>]*)>; rel="next"`)

// readLink reads what headers say of a list.
func (r *reply) readLink(t *testing.T) {
	t.Helper()
	var err error
	if r.total, err = strconv.Atoi(r.response.Header.Get("X-Total-Count")); err != nil {
		t.Error(err)
	}
	if next := nextLink.FindStringSubmatch(r.response.Header.Get("Link")); next != nil {
		r.next = queryOf(t, next[1]).Get("page_token")
	}
}

// request translates a call.
func (c *restClient) request(t *testing.T, call call) *http.Request {
	t.Helper()
	rule := bindings(method(t, call.rpc))[c.binding]
	verb, path := verbAndPath(rule)
	if c.byGET {
		verb = http.MethodGet
	}
	var body proto.Message
	query := url.Values{}
	for field, value := range call.message.ProtoReflect().Range {
		name := string(field.Name())
		switch {
		case strings.Contains(path, "{"+name+"}"):
			path = strings.Replace(path, "{"+name+"}", url.PathEscape(value.String()), 1)
		case rule.GetBody() == "*":
			body = call.message
		case rule.GetBody() == name:
			body = value.Message().Interface()
		default:
			query.Set(name, value.String())
		}
	}
	text, contentType := encodeBody(t, body, call.caller)
	req, err := http.NewRequestWithContext(t.Context(), verb, c.base+path, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	req.URL.RawQuery = query.Encode()
	call.caller.setHeaders(req.Header)
	if text != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return req
}

func encodeBody(t *testing.T, body proto.Message, c caller) (text, contentType string) {
	t.Helper()
	if c.raw != "" {
		return c.raw, "application/json"
	}
	if body == nil {
		return "", ""
	}
	data, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	if !c.html {
		return string(data), "application/json"
	}
	form := url.Values{}
	flatten(form, "", decodeObject(t, data))
	return form.Encode(), "application/x-www-form-urlencoded"
}

// flatten writes a JSON value into a form, with dotted keys.
func flatten(form url.Values, key string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			flatten(form, strings.TrimPrefix(key+"."+name, "."), inner)
		}
	case []any:
		for _, inner := range v {
			flatten(form, key, inner)
		}
	default:
		form.Add(key, fmt.Sprint(v))
	}
}

// setHeaders is the caller in HTTP's terms.
func (c caller) setHeaders(h http.Header) {
	h.Set("Accept", "application/json")
	for key, values := range c.metadata() {
		h[http.CanonicalHeaderKey(key)] = values
	}
}

func (c *restClient) verify(t *testing.T, r reply, w want) {
	t.Helper()
	if got, want := r.response.StatusCode, w.httpStatus(); got != want {
		t.Fatalf("the status is %d, want %d: location %q, body %v", got, want, r.location, r.body)
	}
	if status := r.response.StatusCode; w.outcome == "redirect" || status == http.StatusFound || status == http.StatusSeeOther {
		if r.location == "" {
			t.Error("there is no Location")
		}
		return
	}
	if w.code == codes.OK {
		return
	}
	if w.outcome == "" {
		verifyErrorBody(t, r)
	}
	if w.ours {
		if got, want := r.text("error.details.reason"), cmp.Or(w.restReason, w.reason); got != want {
			t.Errorf("the reason is %q, want %s: %v", got, want, r.body)
		}
	}
}

// verifyErrorBody checks what all errors of the REST view have in common.
func verifyErrorBody(t *testing.T, r reply) {
	t.Helper()
	if got := r.response.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("the content type of an error is %q", got)
	}
	for name := range r.body {
		if !slices.Contains([]string{"error", "redirect_browser_to", "use_flow_id", "since", "expired_at"}, name) {
			t.Errorf("%s stands beside the error: %v", name, r.body)
		}
	}
	if code := r.at("error.code"); code != float64(r.response.StatusCode) {
		t.Errorf("the error's code is %v, the status %d", code, r.response.StatusCode)
	}
	if r.text("error.status") == "" || r.text("error.message") == "" {
		t.Errorf("the error has no words: %v", r.body)
	}
	verifyNoDebug(t, jsonText(t, r.body))
}
