package authz

import (
	"net/url"
	"strings"
	"testing"
)

// TestHeaderValue: whatever a trait holds, the header can hold it, and it can be read back.
func TestHeaderValue(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"ada@example.org":    "ada@example.org",
		"Lovelace, Ada":      "Lovelace, Ada",
		"Zoë":                "Zo%C3%AB",
		"50%":                "50%25",
		" a b ":              "%20a b%20",
		"a\r\nx-evil: b\x00": "a%0D%0Ax-evil: b%00",
		"":                   "",
		"\x7f":               "%7F",
	} {
		got := headerValue(textOf(text))
		if got != want {
			t.Errorf("%q is %q in a header, want %q", text, got, want)
		}
		if back, err := url.PathUnescape(got); err != nil || back != text {
			t.Errorf("%q is read back as %q, %v", text, back, err)
		}
	}
	if got := headerValue(Value{Texts: []string{"a,b", "ü", "c d"}, IsList: true}); got != "a%2Cb,%C3%BC,c d" {
		t.Errorf("a list is %q in a header", got)
	}
	for _, v := range []Value{{}, {IsList: true}, textOf(strings.Repeat("a", maxHeaderBytes+1)), textOf(strings.Repeat("ü", maxHeaderBytes/2))} {
		if got := headerValue(v); got != "" {
			t.Errorf("what is not to be said is %d bytes in a header", len(got))
		}
	}
}

// TestOtherCookies: of the cookies that go on, none proves a session, and none of the others is lost.
func TestOtherCookies(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("0a", 32)
	for _, c := range []struct {
		name    string
		values  []string
		kept    string
		removed bool
	}{
		{"theirs alone", []string{`a=1; b="2 3"; csrf_token=x; csrf_token_mine=y`}, `a=1; b="2 3"; csrf_token=x; csrf_token_mine=y`, false},
		{"in the middle", []string{"a=1; ory_kratos_session=s; b=2"}, "a=1; b=2", true},
		{"alone", []string{"ory_kratos_session=s"}, "", true},
		{"all of Kratos's", []string{"ory_kratos_session=s;ory_kratos_continuity=c;csrf_token_" + hash + "=t"}, "", true},
		{"twice", []string{"ory_kratos_session=s; a=1; ory_kratos_session=t"}, "a=1", true},
		{"in two headers", []string{"a=1", "ory_kratos_session=s; b=2"}, "a=1; b=2", true},
		{"blanks", []string{"a=1;  ory_kratos_session = s ;;b=2;"}, "a=1; b=2", true},
		{"no value", []string{"ory_kratos_session; flag"}, "flag", true},
		{"joined by a comma", []string{"a=1,ory_kratos_session=s"}, "", true},
		{"in quotes", []string{`a="x; ory_kratos_session=s"; b=2`}, `a="x; b=2`, true},
		{"bytes that Envoy can't be told", []string{"a=\xff; ory_kratos_session=s; ü=ü; b=\x01"}, "ü=ü", true},
		{"nothing to remove", []string{"a=\xff"}, "a=\xff", false},
		{"another's name", []string{"my_ory_kratos_session=1; ory_kratos_session2=2"}, "my_ory_kratos_session=1; ory_kratos_session2=2", false},
	} {
		kept, removed := otherCookies(c.values, "ory_kratos_session")
		if kept != c.kept || removed != c.removed {
			t.Errorf("%s: %q, %t; want %q, %t", c.name, kept, removed, c.kept, c.removed)
		}
	}
}
