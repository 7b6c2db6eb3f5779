package server_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDeleteSessions tells the two operations apart that Kratos 0.5 and 1.x have at one path. Whoever means to end one
// session must not end all others, whatever a proxy on the way has made of the request.
func TestDeleteSessions(t *testing.T) {
	t.Parallel()
	const (
		asJSON = "Content-Type: application/json\r\n"
		token  = `{"session_token":"t"}`
	)
	for name, c := range map[string]struct {
		head, body string
		path       string
		asked      []string
		status     int
	}{
		"nothing":                       {asked: []string{"DisableMyOtherSessions"}, status: 200},
		"a length of nothing":           {head: "Content-Length: 0\r\n", asked: []string{"DisableMyOtherSessions"}, status: 200},
		"nothing, with a query":         {path: "/sessions?session_token=t", asked: []string{"DisableMyOtherSessions"}, status: 200},
		"nothing, at its own path":      {path: "/sessions/others", asked: []string{"DisableMyOtherSessions"}, status: 200},
		"nothing, with an id":           {path: "/sessions/i", asked: []string{"DisableMySession"}, status: 204},
		"a token":                       {head: asJSON + "Content-Length: 21\r\n", body: token, asked: []string{"RevokeSession"}, status: 204},
		"a token, in chunks":            {head: asJSON + "Transfer-Encoding: chunked\r\n", body: "15\r\n" + token + "\r\n0\r\n\r\n", asked: []string{"RevokeSession"}, status: 204},
		"a token, expecting":            {head: asJSON + "Expect: 100-continue\r\nContent-Length: 21\r\n", body: token, asked: []string{"RevokeSession"}, status: 204},
		"a token of no type":            {head: "Content-Length: 21\r\n", body: token, status: 400},
		"a type and no body":            {head: asJSON, status: 400},
		"a type and a length of 0":      {head: asJSON + "Content-Length: 0\r\n", status: 400},
		"a type that is empty":          {head: "Content-Type:\r\n", status: 400},
		"chunks of nothing":             {head: "Transfer-Encoding: chunked\r\n", body: "0\r\n\r\n", status: 400},
		"chunks of nothing, and a type": {head: asJSON + "Transfer-Encoding: chunked\r\n", body: "0\r\n\r\n", status: 400},
		"expecting, and no body":        {head: "Expect: 100-continue\r\n", status: 400},
		"an encoding and no body":       {head: "Content-Encoding: gzip\r\n", status: 400},
		"an empty object":               {head: asJSON + "Content-Length: 2\r\n", body: `{}`, status: 400},
		"no token":                      {head: asJSON + "Content-Length: 20\r\n", body: `{"session_token":""}`, status: 400},
		"null":                          {head: asJSON + "Content-Length: 22\r\n", body: `{"session_token":null}`, status: 400},
		"white space":                   {head: asJSON + "Content-Length: 2\r\n", body: " \n", status: 400},
		"white space of no type":        {head: "Content-Length: 1\r\n", body: " ", status: 400},
		"an empty form":                 {head: "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n", status: 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			adapter := new(recorder)
			s := startServer(t, adapter)
			path := c.path
			if path == "" {
				path = "/sessions"
			}
			res := rawHTTP(t, s, "DELETE "+path+" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"+c.head+"\r\n"+c.body)
			if diff := cmp.Diff(c.asked, adapter.take()); diff != "" || res.StatusCode != c.status {
				t.Errorf("the answer is %d, want %d; Kratos was asked (-want +got):\n%s", res.StatusCode, c.status, diff)
			}
		})
	}
}

// TestSessionsByOtherMethods checks that nothing else ends a session.
func TestSessionsByOtherMethods(t *testing.T) {
	t.Parallel()
	adapter := new(recorder)
	s := startServer(t, adapter)
	for method, status := range map[string]int{
		http.MethodHead: 405, http.MethodPost: 405, http.MethodPut: 405, http.MethodPatch: 405, http.MethodOptions: 405,
		http.MethodGet: 501,
	} {
		res := rawHTTP(t, s, method+" /sessions HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Http-Method-Override: DELETE\r\n\r\n")
		if asked := adapter.take(); len(asked) > 0 || res.StatusCode != status {
			t.Errorf("%s: the answer is %d, want %d; Kratos was asked %v", method, res.StatusCode, status, asked)
		}
	}
}

// rawHTTP sends a request as it is, as no HTTP client would.
func rawHTTP(t *testing.T, s *testServer, request string) *http.Response {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.rest, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	for {
		res, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode == http.StatusContinue {
			continue
		}
		_ = res.Body.Close()
		return res
	}
}
