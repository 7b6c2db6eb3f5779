package kratosreplay

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// Recording is what one release of Kratos was asked, and answered.
type Recording struct {
	// Kratos is the release, as in "v26.2.0".
	Kratos string `json:"kratos"`
	// API is the generation that the release belongs to, as in the flag --upstream-api.
	API string `json:"api"`
	// About says what happens, and what is particular about the instance that was recorded.
	About string `json:"about"`
	// Exchanges are what was recorded.
	Exchanges []Exchange `json:"exchanges"`
}

// Exchange is one request and its answer.
type Exchange struct {
	// Name says what the request is for. No other exchange of the recording has it.
	Name     string   `json:"name"`
	Request  Request  `json:"request"`
	Response Response `json:"response"`
}

// Request is what a client sent. The package's documentation says what of it counts.
type Request struct {
	// Line is the method, and after a space the path and the query.
	Line string `json:"line"`
	// Header holds headers, as lines.
	Header Header `json:"header,omitempty"`
	Body
}

// Response is what Kratos answered.
type Response struct {
	// Status is the HTTP status.
	Status int `json:"status"`
	// Header holds headers, as lines: all but those by which a server says how it sends the body, and when.
	Header Header `json:"header,omitempty"`
	Body
}

// Header is a list of HTTP headers, each a line as in "Vary: Cookie".
type Header []string

// HTTP is the header as package net/http has it.
func (h Header) HTTP() http.Header {
	header := http.Header{}
	for _, line := range h {
		name, value, _ := strings.Cut(line, ":")
		header.Add(name, strings.TrimSpace(value))
	}
	return header
}

// Target is the method and the URL, without a host, that the line names.
func (r Request) Target() (method string, target *url.URL, err error) {
	method, uri, _ := strings.Cut(r.Line, " ")
	target, err = url.Parse(uri)
	if err == nil && (method == "" || !strings.HasPrefix(uri, "/")) {
		err = errors.New("the line is not a method, a space, and a path")
	}
	return method, target, err
}

// Read reads a recording. It refuses one that holds anything that the package's documentation does not tell of.
func Read(from io.Reader) (Recording, error) {
	var r Recording
	decoder := json.NewDecoder(from)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return Recording{}, fmt.Errorf("kratosreplay: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Recording{}, errors.New("kratosreplay: there is something after the recording")
	}
	if r.Kratos == "" || r.API == "" || len(r.Exchanges) == 0 {
		return Recording{}, errors.New("kratosreplay: a recording has to have kratos, api and exchanges")
	}
	names := map[string]bool{}
	for _, e := range r.Exchanges {
		if e.Name == "" || names[e.Name] {
			return Recording{}, fmt.Errorf("kratosreplay: the name %q is empty, or another exchange's too", e.Name)
		}
		names[e.Name] = true
		if err := e.check(); err != nil {
			return Recording{}, fmt.Errorf("kratosreplay: %s: %w", e.Name, err)
		}
	}
	return r, nil
}

func (e Exchange) check() error {
	if _, _, err := e.Request.Target(); err != nil {
		return err
	}
	if err := e.Request.Header.check(func(name string) bool { return slices.Contains(compared, name) }); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	if err := e.Response.Header.check(func(name string) bool { return !slices.Contains(transport, name) }); err != nil {
		return fmt.Errorf("response: %w", err)
	}
	if e.Response.Status < 200 || e.Response.Status > 599 {
		return fmt.Errorf("there is no status %d", e.Response.Status)
	}
	return errors.Join(e.Request.checkBody(), e.Response.checkBody())
}

// transport are the headers of an answer that a server writes by itself.
var transport = []string{"Connection", "Content-Length", "Date", "Transfer-Encoding"}

func (h Header) check(allowed func(name string) bool) error {
	for _, line := range h {
		name, _, ok := strings.Cut(line, ":")
		if !ok || name != textproto.CanonicalMIMEHeaderKey(name) {
			return fmt.Errorf("the header %q is not a name in its usual spelling, a colon, and a value", name)
		}
		if !allowed(name) {
			return fmt.Errorf("the header %s has no effect", name)
		}
	}
	return nil
}
