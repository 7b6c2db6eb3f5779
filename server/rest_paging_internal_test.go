package server

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPageOf reads queries as a real Kratos 1.3.1 does.
func TestPageOf(t *testing.T) {
	t.Parallel()
	const second = "eyJvZmZzZXQiOiIxMCIsInYiOjJ9" // Kratos's token for what comes after ten.
	for query, c := range map[string]struct {
		want page
		sent string
	}{
		"":                                     {page{size: 250}, ""},
		"page_size=10":                         {page{size: 10}, "page_size=10"},
		"page_size=10&page_token=" + second:    {page{size: 10, offset: 10}, "page_size=10&page_token=" + second},
		"page_size=nope":                       {page{size: 250}, "page_size=250"},
		"page_size=0":                          {page{size: 1}, "page_size=1"},
		"page_size=5000":                       {page{size: 1000}, "page_size=1000"},
		"page_token=x":                         {page{size: 250}, "page_token=x"},
		"page_token=eyJ2IjoyfQ":                {page{size: 250}, "page_token=eyJ2IjoyfQ"},
		"per_page=10":                          {page{size: 10}, "page_size=10"},
		"per_page=10&page=0":                   {page{size: 10}, "page_size=10"},
		"per_page=10&page=1":                   {page{size: 10, offset: 10}, "page_size=10&page_token=" + second},
		"per_page=10&page=-1":                  {page{size: 10}, "page_size=10"},
		"per_page=10&page=nope":                {page{size: 10}, "page_size=10"},
		"per_page=10&page=9223372036854775807": {page{size: 10}, "page_size=10"},
		"per_page=nope&page=0":                 {page{size: 250}, "page_size=250"},
		"page_size=10&per_page=20&page=7":      {page{size: 10}, "page_size=10"},
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		c.want.path = "/sessions"
		if got := pageOf("/sessions", values); got != c.want || values.Encode() != c.sent {
			t.Errorf("%q is %+v, sent on as %q; want %+v, %q", query, got, values.Encode(), c.want, c.sent)
		}
	}
}

// TestLinks: the links are those of a real Kratos 1.3.1, but for a list of nothing, of which that says that there is more.
func TestLinks(t *testing.T) {
	t.Parallel()
	const (
		at0 = "page_token=eyJvZmZzZXQiOiIwIiwidiI6Mn0"
		at1 = "page_token=eyJvZmZzZXQiOiIxIiwidiI6Mn0"
		at2 = "page_token=eyJvZmZzZXQiOiIyIiwidiI6Mn0"
		at3 = "page_token=eyJvZmZzZXQiOiIzIiwidiI6Mn0"
	)
	for name, c := range map[string]struct {
		page  page
		next  string
		total int
		want  string
	}{
		"all on one page": {page: page{size: 250}, total: 2, want: `</sessions?page=0&page_size=2&` + at0 + `&per_page=2>; rel="first"`},
		"first of two": {
			page: page{size: 1}, next: "eyJvZmZzZXQiOiIxIiwidiI6Mn0", total: 2,
			want: `</sessions?page=1&page_size=1&` + at1 + `&per_page=1>; rel="next",</sessions?page=1&page_size=1&` + at1 + `&per_page=1>; rel="last"`,
		},
		"last of two": {
			page: page{size: 1, offset: 1}, total: 2,
			want: `</sessions?page=0&page_size=1&` + at0 + `&per_page=1>; rel="first",</sessions?page=0&page_size=1&` + at0 + `&per_page=1>; rel="prev"`,
		},
		"beyond the last of two": {
			page: page{size: 1, offset: 5}, total: 2,
			want: `</sessions?page=0&page_size=1&` + at0 + `&per_page=1>; rel="first",</sessions?page=0&page_size=1&` + at0 + `&per_page=1>; rel="prev"`,
		},
		"in the middle": {
			page: page{size: 1, offset: 2}, next: "eyJvZmZzZXQiOiIzIiwidiI6Mn0", total: 4,
			want: `</sessions?page=0&page_size=1&` + at0 + `&per_page=1>; rel="first",</sessions?page=3&page_size=1&` + at3 + `&per_page=1>; rel="next",` +
				`</sessions?page=1&page_size=1&` + at1 + `&per_page=1>; rel="prev",</sessions?page=3&page_size=1&` + at3 + `&per_page=1>; rel="last"`,
		},
		"last page that is not full": {
			page: page{size: 2}, next: "eyJvZmZzZXQiOiIyIiwidiI6Mn0", total: 3,
			want: `</sessions?page=1&page_size=2&` + at2 + `&per_page=2>; rel="next",</sessions?page=1&page_size=2&` + at2 + `&per_page=2>; rel="last"`,
		},
		"nothing": {page: page{size: 250}, total: 0, want: `</sessions?page=0&page_size=250&` + at0 + `&per_page=250>; rel="first"`},
	} {
		c.page.path = "/sessions"
		if diff := cmp.Diff(c.want, c.page.links(c.next, c.total)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
