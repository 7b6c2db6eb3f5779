package differential

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv05"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// side is what the scenarios run against: Kratos itself, or kratosgrpc in front of one.
type side struct {
	t    *testing.T
	base string
	// hosts are the addresses that answers of this side may name.
	hosts []string
	steps []*step
	// jar is the current browser's, or nil for an API client.
	jar http.CookieJar
	// prefix names the scenario in its steps' names.
	prefix string
}

// step is one request and its answer.
type step struct {
	name    string
	browser bool
	method  string
	path    string
	differs string

	status   int
	header   http.Header
	body     []byte
	location *url.URL
}

// request is what a step sends.
type request struct {
	method, path string
	// json and form are bodies; at most one is set.
	json, form string
	// header holds headers beside Content-Type.
	header map[string]string
	// contentType overrides the body's.
	contentType string
	// differs names the difference that this step is to show, if it is meant to show one.
	differs string
}

var client = &http.Client{
	Timeout:       20 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// do makes a step.
func (s *side) do(name string, r request) *step {
	s.t.Helper()
	if r.method == "" {
		r.method = http.MethodGet
	}
	body := r.json + r.form
	req, err := http.NewRequestWithContext(s.t.Context(), r.method, s.base+r.path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	switch {
	case r.contentType != "":
		req.Header.Set("Content-Type", r.contentType)
	case r.json != "":
		req.Header.Set("Content-Type", "application/json")
	case r.form != "":
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for key, value := range r.header {
		req.Header.Set(key, value)
	}
	c := *client
	c.Jar = s.jar
	if s.jar != nil && req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
	}
	res, err := c.Do(req)
	if err != nil {
		s.t.Fatalf("%s: %v", name, err)
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatalf("%s: %v", name, err)
	}
	st := &step{
		name: s.prefix + name, browser: s.jar != nil, method: r.method, path: r.path, differs: r.differs,
		status: res.StatusCode, header: res.Header, body: data,
	}
	st.location, _ = url.Parse(res.Header.Get("Location"))
	s.steps = append(s.steps, st)
	return st
}

// openBrowser makes a browser of the client, with no cookies yet.
func (s *side) openBrowser() {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.jar = jar
}

// closeBrowser makes an API client of it again.
func (s *side) closeBrowser() { s.jar = nil }

// at reads a value of a JSON body, by a path of keys and indices.
func (st *step) at(path ...any) any {
	var value any
	if json.Unmarshal(st.body, &value) != nil {
		return nil
	}
	for _, key := range path {
		switch key := key.(type) {
		case string:
			object, _ := value.(map[string]any)
			value = object[key]
		case int:
			list, _ := value.([]any)
			if key >= len(list) {
				return nil
			}
			value = list[key]
		}
	}
	return value
}

func (st *step) text(path ...any) string {
	text, _ := st.at(path...).(string)
	return text
}

// flow is the flow that a step's redirect names.
func (st *step) flow() string { return st.location.Query().Get("flow") }

// csrf is the anti-CSRF token of a fetched flow.
func (st *step) csrf(method string) string {
	fields, _ := st.at("methods", method, "config", "fields").([]any)
	for _, field := range fields {
		object, _ := field.(map[string]any)
		if object["name"] == "csrf_token" {
			token, _ := object["value"].(string)
			return token
		}
	}
	return ""
}

// sides starts both sides, on a Kratos each, which are alike but for their addresses.
func sides(t *testing.T, options kratostest.Options) (direct, through *side) {
	t.Helper()
	k := kratostest.StartT(t, options)
	direct = &side{t: t, base: k.PublicURL, hosts: []string{k.PublicURL}}

	address := freeAddress(t)
	options.PublicBaseURL = "http://" + address + "/"
	behind := kratostest.StartT(t, options)
	through = &side{t: t, base: "http://" + address, hosts: []string{"http://" + address, behind.PublicURL}}

	adapter, err := kratosv05.New(behind.PublicURL)
	if err != nil {
		t.Fatal(err)
	}
	config := server.DefaultConfig()
	config.DrainDelay = 0
	config.GRPCAddr, config.HTTPAddr = "127.0.0.1:0", address
	config.Logger = slog.New(slog.DiscardHandler)
	s, err := server.New(config, adapter)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return direct, through
}
