package server

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
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

// TestRewriterMessages has one message with every URL that there is in answers of Kratos 1.x.
func TestRewriterMessages(t *testing.T) {
	const kratos, ui, public = "http://kratos:4433", "https://ui.example.org", "https://auth.example.org"
	r, err := newRewriter(Config{PublicURL: public, KratosURLs: []string{kratos}})
	if err != nil {
		t.Fatal(err)
	}
	flow := func(base string) *kratosgrpcv1.LoginFlow {
		return &kratosgrpcv1.LoginFlow{
			RequestUrl: kratos + "/self-service/login/browser",
			ReturnTo:   kratos + "/elsewhere",
			Ui: &kratosgrpcv1.Ui{
				Action: base + "/self-service/login?flow=1",
				Nodes: []*kratosgrpcv1.UiNode{
					{Attributes: &kratosgrpcv1.UiNodeAttributes{Src: new(base + "/.well-known/ory/webauthn.js")}},
					{Attributes: &kratosgrpcv1.UiNodeAttributes{Href: new(base + "/self-service/recovery/browser")}},
					{Attributes: &kratosgrpcv1.UiNodeAttributes{Extra: &structpb.Struct{Fields: map[string]*structpb.Value{
						"formaction": structpb.NewStringValue(base + "/self-service/login/methods/password?flow=1"),
						"elsewhere":  structpb.NewStringValue(kratos),
					}}}},
					{Attributes: &kratosgrpcv1.UiNodeAttributes{Src: new("data:image/png;base64,AAAA"), Value: structpb.NewStringValue(kratos)}},
				},
			},
			Extra: &structpb.Struct{Fields: map[string]*structpb.Value{"oauth2_login_request": structpb.NewStringValue(kratos)}},
		}
	}
	success := func(base string) *kratosgrpcv1.LoginSuccess {
		return &kratosgrpcv1.LoginSuccess{ContinueWith: []*kratosgrpcv1.ContinueWith{
			{RedirectBrowserTo: base + "/self-service/login/browser?return_to=" + kratos},
			{RedirectBrowserTo: ui + "/"},
			{Flow: &kratosgrpcv1.ContinueWithFlow{Url: base + "/self-service/verification?flow=2"}},
		}}
	}
	logout := func(base string) *kratosgrpcv1.LogoutFlow {
		return &kratosgrpcv1.LogoutFlow{LogoutUrl: base + "/self-service/logout?token=t", LogoutToken: "t"}
	}
	worded := func(base string) *kratosgrpcv1.UpstreamError {
		e := new(kratosgrpcv1.UpstreamError)
		for _, place := range []**structpb.Struct{&e.Details, &e.Beside} {
			made, err := structpb.NewStruct(map[string]any{
				"redirect_browser_to": base + "/self-service/login/browser?aal=aal2",
				"nested":              map[string]any{"list": []any{base + "/x", 1, nil}},
				"return_to":           kratos + "/elsewhere",
				"request_url":         kratos + "/asked",
				"elsewhere":           ui + "/login",
			})
			if err != nil {
				t.Fatal(err)
			}
			*place = made
		}
		return e
	}
	for _, c := range []struct{ given, want proto.Message }{
		{&kratosgrpcv1.GetLoginFlowResponse{Flow: flow(kratos)}, &kratosgrpcv1.GetLoginFlowResponse{Flow: flow(public)}},
		{success(kratos), success(public)},
		{&kratosgrpcv1.CreateBrowserLogoutFlowResponse{Flow: logout(kratos)}, &kratosgrpcv1.CreateBrowserLogoutFlowResponse{Flow: logout(public)}},
		{
			&kratosgrpcv1.GetErrorResponse{Error: &kratosgrpcv1.SelfServiceError{Error: worded(kratos)}},
			&kratosgrpcv1.GetErrorResponse{Error: &kratosgrpcv1.SelfServiceError{Error: worded(public)}},
		},
	} {
		if r.message(c.given); !proto.Equal(c.given, c.want) {
			t.Errorf("got %v, want %v", c.given, c.want)
		}
	}
	failure := &adapters.Error{RedirectTo: kratos + "/self-service/login/browser", Upstream: worded(kratos)}
	if r.error(failure); failure.RedirectTo != public+"/self-service/login/browser" || !proto.Equal(failure.Upstream, worded(public)) {
		t.Errorf("got %v, want %v", failure.Upstream, worded(public))
	}
}

// TestRewriterOnce has an error that is there by two names, and a server whose URL begins like Kratos's.
func TestRewriterOnce(t *testing.T) {
	r, err := newRewriter(Config{PublicURL: "https://example.org/auth", KratosURLs: []string{"https://example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	leading := func(to string) *kratosgrpcv1.UpstreamError {
		return &kratosgrpcv1.UpstreamError{Details: &structpb.Struct{Fields: map[string]*structpb.Value{"redirect_to": structpb.NewStringValue(to)}}}
	}
	given := leading("https://example.org/x")
	m := &kratosgrpcv1.GetErrorResponse{Error: &kratosgrpcv1.SelfServiceError{Error: given, Errors: []*kratosgrpcv1.UpstreamError{given}}}
	if r.message(m); !proto.Equal(given, leading("https://example.org/auth/x")) {
		t.Errorf("got %v", given)
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
