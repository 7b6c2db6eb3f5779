package server

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// NoCookieDomain removes, as Config.CookieDomain, the Domain of cookies, so that they are for one host only.
const NoCookieDomain = "none"

// rewriter puts this server's public URL in the place of Kratos's, for browsers that see this server.
//
// Rewritten are the URLs that lead to Kratos itself: a form's action and the scripts, images and links in it, an
// identity's schema_url, a redirect's location, what logs out, and the places where a flow or an error leads on to. Never rewritten are the URLs of user interfaces, since they are not
// Kratos's, nor a flow's request_url, which says what Kratos saw, nor what a URL has in its query: Kratos checks a
// return_to by its own URL.
type rewriter struct {
	from   []string
	to     string
	domain string
}

// newRewriter returns nil, which rewrites nothing, if nothing is to be rewritten.
func newRewriter(config Config) (*rewriter, error) {
	if config.PublicURL == "" && config.CookieDomain == "" {
		return nil, nil
	}
	r := &rewriter{domain: config.CookieDomain}
	if strings.ContainsAny(r.domain, ";, \r\n") {
		return nil, errors.New("the cookie domain is malformed")
	}
	if config.PublicURL == "" {
		return r, nil
	}
	var err error
	if r.to, err = baseURL(config.PublicURL); err != nil {
		return nil, fmt.Errorf("the public URL %w", err)
	}
	for _, from := range config.KratosURLs {
		base, err := baseURL(from)
		if err != nil {
			return nil, fmt.Errorf("the URL of Kratos %w", err)
		}
		r.from = append(r.from, base)
	}
	if len(r.from) == 0 {
		return nil, errors.New("there is a public URL, but no URL of Kratos that it takes the place of")
	}
	return r, nil
}

func baseURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", errors.New("has to be absolute, begin with http:// or https://, and hold no user, query or fragment")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// url rewrites one URL.
func (r *rewriter) url(s string) string {
	for _, from := range r.from {
		// What follows tells a URL of Kratos from that of a host whose name only begins like it.
		if rest, ok := strings.CutPrefix(s, from); ok && (rest == "" || strings.ContainsRune("/?#", rune(rest[0]))) {
			return r.to + rest
		}
	}
	return s
}

// rewritten are the fields that hold URLs of Kratos itself.
var rewritten = map[protoreflect.FullName]bool{
	"kratosgrpc.v1.ContinueWith.redirect_browser_to": true,
	"kratosgrpc.v1.ContinueWithFlow.url":             true,
	"kratosgrpc.v1.FlowMethodConfig.action":          true,
	"kratosgrpc.v1.Identity.schema_url":              true,
	"kratosgrpc.v1.LogoutFlow.logout_url":            true,
	"kratosgrpc.v1.Redirect.location":                true,
	"kratosgrpc.v1.Ui.action":                        true,
	"kratosgrpc.v1.UiNodeAttributes.href":            true,
	"kratosgrpc.v1.UiNodeAttributes.src":             true,
}

// rewritesMessages says whether there is anything to rewrite in messages.
func (r *rewriter) rewritesMessages() bool { return r != nil && len(r.from) > 0 }

// message rewrites a response, in place.
func (r *rewriter) message(m proto.Message) {
	if r.rewritesMessages() {
		r.walk(m.ProtoReflect())
	}
}

func (r *rewriter) walk(m protoreflect.Message) {
	switch m := m.Interface().(type) {
	case *kratosgrpcv1.SelfServiceError:
		// An error that has two names is to be rewritten once: this server's URL may begin like Kratos's.
		for _, e := range m.GetErrors() {
			r.worded(e)
		}
		if !slices.Contains(m.GetErrors(), m.GetError()) {
			r.worded(m.GetError())
		}
		return
	case *kratosgrpcv1.UiNodeAttributes:
		// Where a button sends its form, if that is elsewhere than the others do. The contract has no field for it.
		r.value(m.GetExtra().GetFields()["formaction"])
	}
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case rewritten[field.FullName()]:
			m.Set(field, protoreflect.ValueOfString(r.url(value.String())))
		case field.IsMap():
			if field.MapValue().Message() != nil {
				value.Map().Range(func(_ protoreflect.MapKey, inner protoreflect.Value) bool {
					r.walk(inner.Message())
					return true
				})
			}
		case field.Message() == nil:
		case field.IsList():
			for i := range value.List().Len() {
				r.walk(value.List().Get(i).Message())
			}
		default:
			r.walk(value.Message())
		}
		return true
	})
}

// error rewrites where an error leads, in place.
func (r *rewriter) error(err error) {
	e := new(adapters.Error)
	if r == nil || len(r.from) == 0 || !errors.As(err, &e) {
		return
	}
	e.RedirectTo = r.url(e.RedirectTo)
	r.worded(e.Upstream)
}

// worded rewrites where an error in Kratos's own words leads, in place.
func (r *rewriter) worded(e *kratosgrpcv1.UpstreamError) {
	r.object(e.GetDetails())
	r.object(e.GetBeside())
}

// kept are the keys of the URLs of Kratos that are not to be rewritten, in the parts of an error that are free in form.
var kept = map[string]bool{"request_url": true, "return_to": true}

func (r *rewriter) object(object *structpb.Struct) {
	for key, value := range object.GetFields() {
		if !kept[key] {
			r.value(value)
		}
	}
}

func (r *rewriter) value(value *structpb.Value) {
	switch kind := value.GetKind().(type) {
	case *structpb.Value_StringValue:
		kind.StringValue = r.url(kind.StringValue)
	case *structpb.Value_StructValue:
		r.object(kind.StructValue)
	case *structpb.Value_ListValue:
		for _, inner := range kind.ListValue.GetValues() {
			r.value(inner)
		}
	}
}

var domainAttribute = regexp.MustCompile(`(?i);\s*domain=[^;]*`)

// answer rewrites the cookies of an answer, in place.
func (r *rewriter) answer(a *adapters.Answer) {
	if r == nil || r.domain == "" {
		return
	}
	cookies := make([]string, len(a.SetCookies))
	for i, cookie := range a.SetCookies {
		cookies[i] = domainAttribute.ReplaceAllString(cookie, "")
		if r.domain != NoCookieDomain {
			cookies[i] += "; Domain=" + r.domain
		}
	}
	a.SetCookies = cookies
}
