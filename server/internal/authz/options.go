package authz

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// IdentityHeader is the header that tells a service whose request it is, as Kratos names it.
const IdentityHeader = "x-kratos-authenticated-identity-id"

// Options are what is configured; see server.AuthzConfig, which has the same fields.
type Options struct {
	Timeout          time.Duration
	Session          string
	RequiredAAL      string
	RequiredTraits   map[string]string
	Headers          map[string]string
	LoginURL         string
	ReturnToURL      string
	RemoveCredential bool
}

// Verdicts answers checks.
type Verdicts struct {
	// Rules are what a route without extensions asks for.
	Rules *Rules

	headers          []header
	owned            []string
	returnTo         *url.URL
	removeCredential bool
}

// header is one that tells a service something of a session.
type header struct {
	name string
	path Path
}

// New says what is wrong with options, or makes what answers as they say.
func New(o Options) (*Verdicts, error) {
	if o.Timeout <= 0 {
		return nil, errors.New("the time to authorize a request in has to be more than zero")
	}
	v := &Verdicts{Rules: &Rules{level: 1}, owned: []string{IdentityHeader}, removeCredential: o.RemoveCredential}
	for _, rule := range [][2]string{{extSession, o.Session}, {extRequiredAAL, o.RequiredAAL}, {extLoginURL, o.LoginURL}} {
		if rule[1] == "" {
			continue
		}
		if err := v.Rules.set(rule[0], rule[1]); err != nil {
			return nil, err
		}
	}
	for trait, value := range o.RequiredTraits {
		if err := v.Rules.require(trait, value); err != nil {
			return nil, err
		}
	}
	for name, text := range o.Headers {
		path, err := ParsePath(text)
		if err != nil {
			return nil, fmt.Errorf("the header %s: %w", name, err)
		}
		name = strings.ToLower(name)
		if err := checkName(name); err != nil {
			return nil, err
		}
		if slices.Contains(v.owned, name) {
			return nil, fmt.Errorf("the header %s is there twice", name)
		}
		v.headers = append(v.headers, header{name, path})
		v.owned = append(v.owned, name)
	}
	slices.SortFunc(v.headers, func(a, b header) int { return strings.Compare(a.name, b.name) })
	slices.Sort(v.owned)
	var err error
	if v.returnTo, err = absolute(o.ReturnToURL); err != nil {
		return nil, fmt.Errorf("the URL to return to %w", err)
	}
	if v.returnTo != nil && v.returnTo.RawQuery != "" {
		return nil, errors.New("the URL to return to must not have a query")
	}
	return v, nil
}

// checkName says why a header can't be one that tells a service something.
func checkName(name string) error {
	switch {
	case !httpguts.ValidHeaderFieldName(name):
		return fmt.Errorf("%q is no name of a header", name)
	case strings.Contains(name, "_"):
		return fmt.Errorf("the header %s: some servers take an underscore for a dash, others drop what has one", name)
	case strings.HasPrefix(name, "x-envoy-"), strings.HasPrefix(name, "x-forwarded-"), strings.HasPrefix(name, "sec-"), strings.HasPrefix(name, "grpc-"), slices.Contains(spoken, name):
		return fmt.Errorf("the header %s has a meaning of its own", name)
	}
	return nil
}

// spoken are headers that clients, proxies and servers speak to each other by.
var spoken = []string{
	accept, authorization, "connection", "content-encoding", "content-length", contentType, cookie, "expect", "forwarded", "host",
	"keep-alive", "origin", "proxy-authorization", "referer", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "via",
	requestID, sessionToken,
}
