package replay

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratosreplay"
)

// answer is an answer in the terms of HTTP.
type answer struct {
	status   int
	location string
	header   http.Header
	body     []byte
}

func recordedAnswer(e kratosreplay.Exchange) answer {
	header := e.Response.Header.HTTP()
	return answer{e.Response.Status, header.Get("Location"), header, e.Response.Bytes()}
}

// discrepancy is one way in which an answer is not the recorded one.
type discrepancy struct {
	// at is where: "status", "location", "header/" and its name, or "body/" and the keys and indices that lead there.
	at string
	// recorded and ours are what there is; nil for nothing.
	recorded, ours any
}

func (d discrepancy) String() string {
	return fmt.Sprintf("%s is %s, recorded %s", d.at, text(d.ours), text(d.recorded))
}

func text(value any) string {
	if value == nil {
		return "nothing"
	}
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(data)
}

// isAt tells whether the place fits a pattern of package path.
func (d discrepancy) isAt(pattern string) bool {
	ok, err := path.Match(pattern, d.at)
	return ok && err == nil
}

// compare lists all discrepancies between two answers. Of the headers it looks at those that are named.
func compare(recorded, ours answer, headers []string) []discrepancy {
	var all []discrepancy
	if recorded.status != ours.status {
		all = append(all, discrepancy{"status", recorded.status, ours.status})
	}
	if recorded.location != ours.location {
		all = append(all, discrepancy{"location", recorded.location, ours.location})
	}
	for _, name := range headers {
		// An empty header says as much as none.
		if want, got := recorded.header.Values(name), ours.header.Values(name); !slices.Equal(want, got) && (recorded.header.Get(name) != "" || len(got) > 0) {
			all = append(all, discrepancy{"header/" + name, want, got})
		}
	}
	return append(all, compareValues("body", decoded(recorded.body), decoded(ours.body))...)
}

// decoded is a body as a JSON value, or as text if it is none.
func decoded(body []byte) any {
	var value any
	switch {
	case len(body) == 0:
		return nil
	case json.Unmarshal(body, &value) != nil:
		return string(body)
	}
	return normal(value)
}

// normal is a JSON value without what is the same as nothing: null and empty lists. In lists they stay, for they count.
func normal(value any) any {
	switch value := value.(type) {
	case map[string]any:
		object := map[string]any{}
		for name, inner := range value {
			if inner = normal(inner); inner != nil {
				object[name] = inner
			}
		}
		return object
	case []any:
		if len(value) == 0 {
			return nil
		}
		list := make([]any, len(value))
		for i, inner := range value {
			list[i] = normal(inner)
		}
		return list
	}
	return value
}

func compareValues(at string, recorded, ours any) []discrepancy {
	var all []discrepancy
	switch want := recorded.(type) {
	case map[string]any:
		if got, ok := ours.(map[string]any); ok {
			names := map[string]bool{}
			for name := range want {
				names[name] = true
			}
			for name := range got {
				names[name] = true
			}
			for _, name := range slices.Sorted(maps.Keys(names)) {
				// Escaped, for keys may hold slashes.
				all = append(all, compareValues(at+"/"+url.PathEscape(name), want[name], got[name])...)
			}
			return all
		}
	case []any:
		if got, ok := ours.([]any); ok && len(got) == len(want) {
			for i := range want {
				all = append(all, compareValues(at+"/"+strconv.Itoa(i), want[i], got[i])...)
			}
			return all
		}
	}
	if !reflect.DeepEqual(recorded, ours) {
		all = append(all, discrepancy{at, recorded, ours})
	}
	return all
}

// TestCompare: what is lost, or changed on the way, does not pass.
func TestCompare(t *testing.T) {
	t.Parallel()
	const body = `{"id": "1", "ui": {"nodes": [{"a/b": 1, "c": false}, null]}, "n": null, "l": [], "o": {}}`
	recorded := answer{http.StatusOK, "/a", http.Header{"Vary": {"Cookie"}, "Ory-Error-Id": {""}}, []byte(body)}
	for name, c := range map[string]struct {
		change func(*answer)
		at     []string
	}{
		"nothing":              {func(*answer) {}, nil},
		"headers not compared": {func(a *answer) { a.header.Set("Date", "today") }, nil},
		"an empty header":      {func(a *answer) { a.header.Del("Ory-Error-Id") }, nil},
		"null and empty lists": {func(a *answer) {
			a.body = []byte(`{"id":"1","ui":{"nodes":[{"c":false,"a/b":1.0},null]},"x":null,"o":{}}`)
		}, nil},
		"the status":             {func(a *answer) { a.status = http.StatusCreated }, []string{"status"}},
		"the location":           {func(a *answer) { a.location = "" }, []string{"location"}},
		"a header is missing":    {func(a *answer) { a.header.Del("Vary") }, []string{"header/Vary"}},
		"a header twice":         {func(a *answer) { a.header.Add("Vary", "Cookie") }, []string{"header/Vary"}},
		"a header more":          {func(a *answer) { a.header.Set("Ory-Error-Id", "a") }, []string{"header/Ory-Error-Id"}},
		"no body":                {func(a *answer) { a.body = nil }, []string{"body"}},
		"no JSON":                {func(a *answer) { a.body = []byte("{") }, []string{"body"}},
		"a member is missing":    {func(a *answer) { a.body = []byte(`{"ui":{"nodes":[{"a/b":1,"c":false},null]},"o":{}}`) }, []string{"body/id"}},
		"an empty object is not": {func(a *answer) { a.body = []byte(`{"id":"1","ui":{"nodes":[{"a/b":1,"c":false},null]}}`) }, []string{"body/o"}},
		"a member more":          {func(a *answer) { a.body = []byte(`{"id":"1","ui":{"nodes":[{"a/b":1,"c":false},null],"x":""},"o":{}}`) }, []string{"body/ui/x"}},
		"a value":                {func(a *answer) { a.body = []byte(`{"id":"1","ui":{"nodes":[{"a/b":2,"c":false},null]},"o":{}}`) }, []string{"body/ui/nodes/0/a%2Fb"}},
		"a type":                 {func(a *answer) { a.body = []byte(`{"id":1,"ui":{"nodes":[{"a/b":"1"},null]},"o":{}}`) }, []string{"body/id", "body/ui/nodes/0/a%2Fb", "body/ui/nodes/0/c"}},
		"null in a list counts":  {func(a *answer) { a.body = []byte(`{"id":"1","ui":{"nodes":[{"a/b":1,"c":false}]},"o":{}}`) }, []string{"body/ui/nodes"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ours := recorded
			ours.header = recorded.header.Clone()
			c.change(&ours)
			var at []string
			for _, d := range compare(recorded, ours, []string{"Vary", "Ory-Error-Id"}) {
				at = append(at, d.at)
			}
			if !slices.Equal(at, c.at) {
				t.Errorf("got %q, want %q", at, c.at)
			}
		})
	}
}
