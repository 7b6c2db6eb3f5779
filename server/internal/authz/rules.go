package authz

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// The context extensions that a route may have. Of traits, each has a key of its own.
const (
	extSession      = "session"
	extRequiredAAL  = "required_aal"
	extMaxStaleness = "max_staleness"
	extLoginURL     = "login_url"
	extTrait        = "trait."
)

// What the extension "session" may be.
const (
	required = "required"
	optional = "optional"
)

// Rules are what a route asks for.
type Rules struct {
	// Optional lets requests pass that have no session.
	Optional bool
	// MaxStaleness is how old Kratos's answer may be, or nil if any that is kept will do.
	MaxStaleness *time.Duration

	level  int
	traits []requirement
	login  *url.URL
}

// requirement is that a trait has one of some values.
type requirement struct {
	trait Path
	oneOf []string
}

// set sets what an extension says.
func (r *Rules) set(key, value string) error {
	switch key {
	case extSession:
		if value != required && value != optional {
			return fmt.Errorf("%s is %q, and neither %s nor %s", key, value, required, optional)
		}
		r.Optional = value == optional
	case extRequiredAAL:
		if value != "aal1" && value != "aal2" {
			return fmt.Errorf("%s is %q, and neither aal1 nor aal2", key, value)
		}
		r.level = levelOf(value)
	case extMaxStaleness:
		age, err := time.ParseDuration(value)
		if err != nil || age < 0 {
			return fmt.Errorf("%s is %q, and no duration like 5s", key, value)
		}
		r.MaxStaleness = &age
	case extLoginURL:
		var err error
		if r.login, err = absolute(value); err != nil {
			return fmt.Errorf("%s %w", key, err)
		}
	default:
		trait, ok := strings.CutPrefix(key, extTrait)
		if !ok {
			return fmt.Errorf("there is no extension %q", key)
		}
		return r.require(trait, value)
	}
	return nil
}

// absolute reads a URL that a browser can be sent to. Empty is none.
func absolute(text string) (*url.URL, error) {
	if text == "" {
		return nil, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" || isUnclean(text) {
		return nil, errors.New("has to be absolute, begin with http:// or https://, and hold neither a user nor a fragment")
	}
	return u, nil
}

// require asks for a trait to be value or, if that is a list in JSON, one of its elements.
func (r *Rules) require(trait, value string) error {
	path, err := ParsePath("identity.traits." + trait)
	if err != nil {
		return err
	}
	need := requirement{trait: path, oneOf: []string{value}}
	if strings.HasPrefix(value, "[") {
		var elements []json.RawMessage
		if err := json.Unmarshal([]byte(value), &elements); err != nil {
			return fmt.Errorf("%s%s begins like a list in JSON, and is none", extTrait, trait)
		}
		need.oneOf = nil
		for _, element := range elements {
			text := string(element)
			if strings.HasPrefix(text, `"`) {
				if err := json.Unmarshal(element, &text); err != nil {
					return err
				}
			}
			need.oneOf = append(need.oneOf, text)
		}
	}
	if slices.Contains(need.oneOf, "") || len(need.oneOf) == 0 {
		// Nobody means that a trait that is missing will do.
		return fmt.Errorf("%s%s has no value", extTrait, trait)
	}
	// The route's own word goes before the server's; neither is changed, for other routes have them too.
	r.traits = slices.DeleteFunc(slices.Clone(r.traits), func(other requirement) bool { return other.trait.text == path.text })
	r.traits = append(r.traits, need)
	return nil
}

// With are the rules of a route that has these extensions. Whatever is not understood is an error: what a route was to ask
// for must not be left out by a slip of the pen.
func (r *Rules) With(extensions map[string]string) (*Rules, error) {
	if len(extensions) == 0 {
		return r, nil
	}
	own := *r
	// In the order of their names, so that it is always the same mistake that is told of.
	for _, key := range slices.Sorted(maps.Keys(extensions)) {
		if err := own.set(key, extensions[key]); err != nil {
			return nil, err
		}
	}
	return &own, nil
}

// levelOf is how much assurance a session's authenticator_assurance_level is. Kratos before 1.0 says nothing: it knows one
// factor only. Of a level that is unknown here, nobody can tell what it is worth.
func levelOf(aal string) int {
	switch aal {
	case "", "aal1":
		return 1
	case "aal2":
		return 2
	case "aal3":
		return 3
	default:
		return 0
	}
}

// Check says why a session is not enough, or nil.
func (r *Rules) Check(s *Session) error {
	if s.Inactive {
		return NoSession()
	}
	if levelOf(s.AAL) < r.level {
		return &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_HIGHER_AAL_REQUIRED, Message: "this needs a session with a second factor"}
	}
	for _, need := range r.traits {
		has, err := s.at(need.trait)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(has.Texts, func(text string) bool { return slices.Contains(need.oneOf, text) }) {
			return &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_ACCESS_DENIED, Message: "this is not for the session's identity"}
		}
	}
	return nil
}

// NoSession is the refusal of a request that has no session.
func NoSession() *adapters.Error {
	return &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION, Message: "No valid session credentials found in the request."}
}
