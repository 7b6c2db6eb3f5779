package server

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kratosgrpc/kratosgrpc/adapters"
)

func TestRewriterURL(t *testing.T) {
	r, err := newRewriter(Config{PublicURL: "https://auth.example.org/kratos/", KratosURLs: []string{"http://kratos:4433/", "https://old.example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]string{
		"http://kratos:4433":                              "https://auth.example.org/kratos",
		"http://kratos:4433/self-service/login/browser":   "https://auth.example.org/kratos/self-service/login/browser",
		"http://kratos:4433?x=1":                          "https://auth.example.org/kratos?x=1",
		"https://old.example.org/schemas/default":         "https://auth.example.org/kratos/schemas/default",
		"http://kratos:44330/self-service/login":          "http://kratos:44330/self-service/login",
		"https://old.example.org.evil.example/x":          "https://old.example.org.evil.example/x",
		"https://old.example.org@evil.example/x":          "https://old.example.org@evil.example/x",
		"https://ui.example.org/?next=http://kratos:4433": "https://ui.example.org/?next=http://kratos:4433",
		"": "",
	} {
		if got := r.url(from); got != want {
			t.Errorf("url(%q) = %q, want %q", from, got, want)
		}
	}
}

func TestRewriterCookies(t *testing.T) {
	given := []string{
		"csrf_token=a=; Path=/; Domain=kratos.internal; Max-Age=31536000; HttpOnly; SameSite=Lax",
		"ory_kratos_session=b; Path=/; HttpOnly",
	}
	for domain, want := range map[string][]string{
		"": given,
		NoCookieDomain: {
			"csrf_token=a=; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax",
			"ory_kratos_session=b; Path=/; HttpOnly",
		},
		"example.org": {
			"csrf_token=a=; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax; Domain=example.org",
			"ory_kratos_session=b; Path=/; HttpOnly; Domain=example.org",
		},
	} {
		r, err := newRewriter(Config{CookieDomain: domain})
		if err != nil {
			t.Fatal(err)
		}
		answer := adapters.Answer{SetCookies: given}
		r.answer(&answer)
		if diff := cmp.Diff(want, answer.SetCookies); diff != "" {
			t.Errorf("domain %q (-want +got):\n%s", domain, diff)
		}
	}
}

func TestRewriterRefusesBadConfig(t *testing.T) {
	for name, config := range map[string]Config{
		"relative public URL":     {PublicURL: "/kratos", KratosURLs: []string{"http://kratos:4433"}},
		"public URL with a query": {PublicURL: "https://a.example.org?x", KratosURLs: []string{"http://kratos:4433"}},
		"no URL of Kratos":        {PublicURL: "https://a.example.org"},
		"bad URL of Kratos":       {PublicURL: "https://a.example.org", KratosURLs: []string{"kratos"}},
		"domain with attributes":  {CookieDomain: "a.example.org; Path=/x"},
	} {
		if _, err := newRewriter(config); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
