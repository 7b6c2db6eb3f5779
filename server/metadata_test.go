package server_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// foreign is what a caller may bring along that is none of Kratos's business.
var foreign = map[string]string{
	"Origin":                             "https://elsewhere.example.org",
	"Referer":                            "https://elsewhere.example.org/page",
	"X-Forwarded-For":                    "192.0.2.1",
	"X-Forwarded-Host":                   "elsewhere.example.org",
	"X-Forwarded-Proto":                  "https",
	"Forwarded":                          "for=192.0.2.1",
	"X-Real-Ip":                          "192.0.2.1",
	"True-Client-Ip":                     "192.0.2.1",
	"Cf-Connecting-Ip":                   "192.0.2.1",
	"Cf-Ipcity":                          "Nowhere",
	"Cf-Ipcountry":                       "XX",
	"X-Kratosgrpc-Client-Address":        "192.0.2.1",
	"X-Kratosgrpc-Client-User-Agent":     "smuggled",
	"Grpc-Metadata-Authorization":        "Bearer smuggled",
	"Grpc-Metadata-X-Custom":             "smuggled",
	"Grpc-Timeout":                       "1H",
	"X-Http-Method-Override":             "DELETE",
	"X-Kratos-Authenticated-Identity-Id": "somebody",
	"Proxy-Authorization":                "Basic x",
	"Traceparent":                        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	"Accept-Language":                    "de",
	"User-Agent":                         "a browser",
}

// TestUpstreamSees checks what of a call reaches Kratos: what is allowed, and nothing else.
func TestUpstreamSees(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rpc, path string
		header    map[string]string
		want      http.Header
	}{
		"bearer token alone": {
			rpc: kratosgrpcv1.SessionService_Whoami_FullMethodName, path: "/sessions/whoami",
			header: map[string]string{
				"Authorization": "bearer b", "X-Session-Token": "s", "Cookie": "ory_kratos_session=c", "Accept": "application/json", "X-Request-Id": "r-1",
			},
			want: http.Header{"Authorization": {"Bearer b"}, "Accept": {"application/json"}, "X-Request-Id": {"r-1"}},
		},
		"session token alone": {
			rpc: kratosgrpcv1.SessionService_Whoami_FullMethodName, path: "/sessions/whoami",
			header: map[string]string{"X-Session-Token": "s", "Cookie": "ory_kratos_session=c", "Accept": "application/json"},
			want:   http.Header{"X-Session-Token": {"s"}, "Accept": {"application/json"}},
		},
		"another scheme than Bearer": {
			rpc: kratosgrpcv1.SessionService_Whoami_FullMethodName, path: "/sessions/whoami",
			header: map[string]string{"Authorization": "Basic dXNlcjpwYXNz", "X-Session-Token": "s", "Accept": "application/json"},
			want:   http.Header{"X-Session-Token": {"s"}, "Accept": {"application/json"}},
		},
		"Kratos's cookies alone": {
			rpc: kratosgrpcv1.SessionService_Whoami_FullMethodName, path: "/sessions/whoami",
			header: map[string]string{
				"Cookie": "theirs=x; ory_kratos_session=c; csrf_token=t==; ory_kratos_continuity=k; ory_kratos_session_other=y", "Accept": "text/html",
			},
			want: http.Header{"Cookie": {"ory_kratos_session=c; csrf_token=t==; ory_kratos_continuity=k"}, "Accept": {"text/html"}},
		},
		"no cookie for an API flow": {
			rpc: kratosgrpcv1.LoginService_InitializeLoginViaApiFlow_FullMethodName, path: "/self-service/login/api",
			header: map[string]string{"Cookie": "ory_kratos_session=c; csrf_token=t", "Accept": "application/json"},
			want:   http.Header{"Accept": {"application/json"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			upstream := startStub(t, answers(http.StatusOK, `{"id":"a session or a flow","identity":{"id":"i"}}`))
			s := startServer(t, newAdapter(t, upstream.URL))
			header := maps.Clone(foreign)
			maps.Copy(header, c.header)

			md := metadata.MD{}
			for name, value := range header {
				if name != "User-Agent" && name != "Grpc-Timeout" { // gRPC has its own.
					md.Set(name, value)
				}
			}
			ctx := metadata.NewOutgoingContext(t.Context(), md)
			if err := s.conn.Invoke(ctx, c.rpc, new(kratosgrpcv1.WhoamiRequest), new(kratosgrpcv1.WhoamiResponse)); err != nil {
				t.Error(err)
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.rest+c.path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range header {
				req.Header.Set(name, value)
			}
			res, err := s.http.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			readReply(t, res)

			asked := upstream.requests()
			if len(asked) != 2 {
				t.Fatalf("Kratos was asked %d times, want once by each transport", len(asked))
			}
			for i, r := range asked {
				want := c.want.Clone()
				want["User-Agent"] = []string{"kratosgrpc"}
				if c.path != "/sessions/whoami" {
					// A lookup may be for many at once; all others are for the one who calls.
					want["User-Agent"] = []string{[]string{"grpc-go/" + grpc.Version, "a browser"}[i]}
					want["True-Client-Ip"] = []string{"127.0.0.1"}
				}
				if diff := cmp.Diff(want, r.Header); diff != "" {
					t.Errorf("Kratos sees other headers (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// TestCallerSees checks what of Kratos's answer reaches the caller: what is allowed, and nothing else.
func TestCallerSees(t *testing.T) {
	t.Parallel()
	cookies := []string{
		"csrf_token=t; Path=/; Max-Age=31536000; HttpOnly",
		"ory_kratos_session=c, with a comma; Path=/; Expires=Mon, 23 Nov 2026 08:00:00 GMT; HttpOnly",
	}
	headers := []string{
		"X-Kratos-Authenticated-Identity-Id", "i", "X-Internal", "secret", "Server", "kratos", "Grpc-Status", "5",
		"Www-Authenticate", "Basic", "Access-Control-Allow-Origin", "*", "Set-Cookie", cookies[0], "Set-Cookie", cookies[1],
	}
	s := startServer(t, newAdapter(t, startStub(t, answers(http.StatusOK, stubSession, headers...)).URL))

	var header, trailer metadata.MD
	_, err := kratosgrpcv1.NewSessionServiceClient(s.conn).Whoami(t.Context(), new(kratosgrpcv1.WhoamiRequest), grpc.Header(&header), grpc.Trailer(&trailer))
	if err != nil {
		t.Fatal(err)
	}
	want := metadata.MD{"content-type": {"application/grpc"}, "set-cookie": cookies, "x-kratos-authenticated-identity-id": {"i"}}
	if diff := cmp.Diff(want, metadata.Join(header, trailer)); diff != "" {
		t.Errorf("the metadata differs (-want +got):\n%s", diff)
	}

	overREST := ask(t, s, nil)
	if diff := cmp.Diff(cookies, overREST.cookies); diff != "" {
		t.Errorf("the cookies differ (-want +got):\n%s", diff)
	}
	allowed := []string{
		"Cache-Control", "Content-Length", "Content-Type", "Date", "Set-Cookie", "Vary", "X-Kratos-Authenticated-Identity-Id",
	}
	if diff := cmp.Diff(allowed, slices.Sorted(maps.Keys(overREST.response.Header))); diff != "" {
		t.Errorf("the headers differ (-want +got):\n%s", diff)
	}

	withToken := ask(t, s, http.Header{"X-Session-Token": {"s"}})
	if len(withToken.cookies) > 0 {
		t.Errorf("a client with a token gets cookies: %v", withToken.cookies)
	}
}

// TestOtherParameterNames checks the names that query parameters have in other generations of Kratos.
func TestOtherParameterNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ path, want string }{
		{"/self-service/browser/flows/requests/login?request=x", "/self-service/login/flows?id=x"},
		{"/self-service/browser/flows/requests/registration?request=x&request=y", "/self-service/registration/flows?id=x"},
		{"/self-service/browser/flows/requests/profile?request=x", "/self-service/settings/flows?id=x"},
		{"/self-service/errors?id=x", "/self-service/errors?error=x"},
		{"/self-service/errors?id=y&error=x", "/self-service/errors?error=x"},
		{"/self-service/login/api?refresh=true", "/self-service/login/api?refresh=true"},
		{"/self-service/login/api?refresh=1&foo=bar", "/self-service/login/api"},
		{"/schemas/a%20b%3Fc", "/schemas/a%20b%3Fc"},
	} {
		t.Run(c.path, func(t *testing.T) {
			t.Parallel()
			upstream := startStub(t, answers(http.StatusOK, `{"id":"x","methods":{"password":{}}}`))
			s := startServer(t, newAdapter(t, upstream.URL))
			if status, body := getPath(t, s, c.path); status != http.StatusOK {
				t.Fatalf("the answer is %d: %s", status, body)
			}
			if got := upstream.requests()[0].RequestURI; got != c.want {
				t.Errorf("Kratos was asked for %s, want %s", got, c.want)
			}
		})
	}
}
