package differential

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// view is what is compared of a step.
type view struct {
	Status      int
	ContentType string
	Location    string
	IdentityID  string
	Cookies     []string
	Body        any
}

// masks hide what differs from run to run.
var masks = []struct {
	pattern *regexp.Regexp
	mask    string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "<id>"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`), "<time>"},
	{regexp.MustCompile(`\d+\.\d+ minutes ago`), "<minutes> ago"},
	// Anti-CSRF tokens, in JSON and escaped in URLs.
	{regexp.MustCompile(`[A-Za-z0-9+/]{86}==`), "<token>"},
}

// secrets are fields whose values are random.
var secrets = map[string]bool{"session_token": true}

func (s *side) mask(text string) string {
	for _, host := range s.hosts {
		text = strings.NewReplacer(host, "<base>", url.QueryEscape(host), url.QueryEscape("<base>")).Replace(text)
	}
	for _, m := range masks {
		text = m.pattern.ReplaceAllString(text, m.mask)
	}
	return text
}

// viewOf is a step as it is compared.
func (s *side) viewOf(st *step) view {
	v := view{
		Status:      st.status,
		ContentType: st.header.Get("Content-Type"),
		Location:    s.mask(st.header.Get("Location")),
		IdentityID:  s.mask(st.header.Get("X-Kratos-Authenticated-Identity-Id")),
	}
	var body any
	if err := json.Unmarshal(st.body, &body); err == nil {
		v.Body = s.normalize("", body)
	} else {
		v.Body = s.mask(string(st.body))
	}
	if st.browser {
		for _, line := range st.header.Values("Set-Cookie") {
			v.Cookies = append(v.Cookies, cookieView(line))
		}
	}
	return v
}

// normalize masks what varies, and drops null, empty and false: they are the same as what is absent.
func (s *side) normalize(key string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		object := map[string]any{}
		for name, inner := range value {
			if normal := s.normalize(name, inner); normal != nil {
				object[name] = normal
			}
		}
		if len(object) == 0 {
			return nil
		}
		return object
	case []any:
		list := make([]any, 0, len(value))
		for _, inner := range value {
			list = append(list, s.normalize("", inner))
		}
		if len(list) == 0 {
			return nil
		}
		if key == "fields" {
			sortElements(list)
		}
		return list
	case string:
		if value == "" {
			return nil
		}
		if secrets[key] {
			return "<secret>"
		}
		return s.mask(value)
	case bool:
		if !value {
			return nil
		}
	}
	return value
}

var element = regexp.MustCompile(`\.\d+$`)

// sortElements sorts the fields that are an array's elements, among themselves: Kratos shows those in no order.
func sortElements(fields []any) {
	name := func(i int) string {
		field, _ := fields[i].(map[string]any)
		name, _ := field["name"].(string)
		return name
	}
	var at []int
	for i := range fields {
		if element.MatchString(name(i)) {
			at = append(at, i)
		}
	}
	sorted := slices.Clone(at)
	slices.SortFunc(sorted, func(a, b int) int { return strings.Compare(name(a), name(b)) })
	elements := make([]any, len(at))
	for i, from := range sorted {
		elements[i] = fields[from]
	}
	for i, to := range at {
		fields[to] = elements[i]
	}
}

// cookieView is a Set-Cookie header without its value, but with whether it has one.
func cookieView(line string) string {
	pair, attributes, _ := strings.Cut(line, ";")
	name, value, _ := strings.Cut(pair, "=")
	if value != "" {
		value = "<value>"
	}
	if cookie, err := http.ParseSetCookie(line); err == nil && cookie.Expires.Year() > 1970 {
		attributes = regexp.MustCompile(`Expires=[^;]*`).ReplaceAllString(attributes, "Expires=<time>")
	}
	return name + "=" + value + ";" + attributes
}

// compare compares two sides step by step, and returns how many steps are the same. Those that are meant to differ, and
// do in the way that is meant, are among them.
func compare(t *testing.T, direct, through *side) (same, all int) {
	t.Helper()
	if len(direct.steps) != len(through.steps) {
		t.Fatalf("%d steps against Kratos, %d through kratosgrpc", len(direct.steps), len(through.steps))
	}
	for i, st := range direct.steps {
		all++
		if d := verdict(st, direct.viewOf(st), through.viewOf(through.steps[i])); d != "" {
			t.Errorf("%s: %s %s differs (-Kratos +kratosgrpc):\n%s", st.name, st.method, direct.mask(st.path), d)
			continue
		}
		same++
	}
	return same, all
}

// verdict says how two answers to a step differ that are not meant to, or "".
func verdict(st *step, kratos, ours view) string {
	for _, d := range differences {
		switch {
		case d.name == "" && d.applies(kratos, ours):
			d.used = true
			d.even(kratos, ours)
		case d.name != "" && d.name == st.differs:
			d.used = true
			if cmp.Equal(kratos, ours) {
				return fmt.Sprintf("they are the same, but %q is meant to differ", d.name)
			}
			if d.meant(kratos, ours) {
				return ""
			}
		}
	}
	return cmp.Diff(kratos, ours)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return fmt.Sprint(listener.Addr())
}
