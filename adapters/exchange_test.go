package adapters_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters"
)

// TestCredentialIsASecret: whoever prints a credential, or what holds one, prints no token.
func TestCredentialIsASecret(t *testing.T) {
	t.Parallel()
	const token = "hunter2-and-more"
	for _, kind := range []adapters.CredentialKind{adapters.NoCredential, adapters.BearerToken, adapters.SessionToken, 99} {
		credential := adapters.Credential{Kind: kind, Token: token}
		exchange := adapters.Exchange{Caller: adapters.Caller{Credential: credential}}
		for _, value := range []any{
			credential, &credential, exchange.Caller, &exchange.Caller, exchange, &exchange,
			[]adapters.Credential{credential},
			[]*adapters.Credential{&credential},
			map[string]adapters.Credential{"a": credential},
			struct{ C any }{credential},
			struct{ C fmt.Stringer }{&credential},
		} {
			if got, err := json.Marshal(value); err != nil || strings.Contains(string(got), token) {
				t.Errorf("JSON of %T holds the token: %s, %v", value, got, err)
			}
			for _, handler := range []func(io.Writer) slog.Handler{
				func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) }, func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
			} {
				var log strings.Builder
				slog.New(handler(&log)).Info("call", "value", value)
				if strings.Contains(log.String(), token) {
					t.Errorf("a log of %T holds the token: %s", value, log.String())
				}
			}
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
				if got := fmt.Sprintf(verb, value); strings.Contains(got, token) || strings.Contains(strings.ToLower(got), fmt.Sprintf("%x", token)) {
					t.Errorf("%s of %T holds the token: %s", verb, value, got)
				}
			}
		}
	}
}

func TestCredentialNamesItsKind(t *testing.T) {
	t.Parallel()
	for kind, want := range map[adapters.CredentialKind]string{
		adapters.NoCredential: "no credential", adapters.BearerToken: "bearer token (redacted)", adapters.SessionToken: "session token (redacted)",
	} {
		credential := adapters.Credential{Kind: kind, Token: "secret"}
		if got := credential.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if credential.IsToken() != (kind != adapters.NoCredential) {
			t.Errorf("%v: is a token: %t", credential, credential.IsToken())
		}
	}
}

func TestSetHeader(t *testing.T) {
	t.Parallel()
	for kind, want := range map[adapters.CredentialKind]http.Header{
		adapters.NoCredential: {},
		adapters.BearerToken:  {"Authorization": {"Bearer secret"}},
		adapters.SessionToken: {"X-Session-Token": {"secret"}},
	} {
		got := http.Header{}
		adapters.Credential{Kind: kind, Token: "secret"}.SetHeader(got)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("kind %d: got %v, want %v", kind, got, want)
		}
	}
}

func TestCookieHeader(t *testing.T) {
	t.Parallel()
	own := func(name string) bool { return name == "session" || name == "csrf_token" }
	for _, c := range []struct {
		name    string
		kind    adapters.CredentialKind
		cookies []string
		want    string
	}{
		{name: "none"},
		{name: "own", cookies: []string{"session=a"}, want: "session=a"},
		{name: "own and others'", cookies: []string{"theme=dark; session=a; csrf_token=b=="}, want: "session=a; csrf_token=b=="},
		{name: "several lines", cookies: []string{"session=a", "theme=dark", "csrf_token=b"}, want: "session=a; csrf_token=b"},
		{name: "others' alone", cookies: []string{"theme=dark"}},
		{name: "like own", cookies: []string{"Session=a; xsession=b; session2=c; sess\x00ion=d"}},
		{name: "own in another's value", cookies: []string{`theme="session=a"`, "x=csrf_token=b"}},
		{name: "same name twice", cookies: []string{"session=a; session=b"}, want: "session=a; session=b"},
		{name: "empty value", cookies: []string{"session="}, want: "session="},
		{name: "line break", cookies: []string{"session=a\r\nX-Evil: 1"}},
		{name: "malformed", cookies: []string{";;; = ;", "\x7f", "=session=a"}},
		{name: "beside a bearer token", kind: adapters.BearerToken, cookies: []string{"session=a"}},
		{name: "beside a session token", kind: adapters.SessionToken, cookies: []string{"session=a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			caller := adapters.Caller{Credential: adapters.Credential{Kind: c.kind, Token: "secret"}, Cookies: c.cookies}
			if got := caller.CookieHeader(own); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// FuzzCookieHeader: whatever a caller sends, others' cookies and new headers stay out.
func FuzzCookieHeader(f *testing.F) {
	f.Add("session=a; theme=dark")
	f.Add("session=\"a;b\"; session=c\r\nd=e")
	f.Fuzz(func(t *testing.T, cookies string) {
		caller := adapters.Caller{Cookies: []string{cookies}}
		got := caller.CookieHeader(func(name string) bool { return name == "session" })
		if strings.ContainsAny(got, "\r\n\x00") {
			t.Fatalf("%q holds what no header can hold", got)
		}
		if got == "" {
			return
		}
		for pair := range strings.SplitSeq(got, "; ") {
			if !strings.HasPrefix(pair, "session=") {
				t.Errorf("%q holds somebody else's cookie", got)
			}
		}
	})
}
