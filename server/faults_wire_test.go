package server_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// callByHTTP2 calls an RPC with an empty message and with metadata that gRPC's own client would not send.
func callByHTTP2(t *testing.T, s *testServer, rpc string, md metadata.MD) *status.Status {
	t.Helper()
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.conn.Target()+rpc, bytes.NewReader(make([]byte, 5)))
	if err != nil {
		t.Fatal(err)
	}
	for key, values := range md {
		req.Header[http.CanonicalHeaderKey(key)] = values
	}
	req.Header.Set("Content-Type", "application/grpc")
	req.Header.Set("Te", "trailers")
	res, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}

	// Without a message, an answer's trailers are its headers.
	trailer := res.Trailer
	if res.Header.Get("Grpc-Status") != "" {
		trailer = res.Header
	}
	code, err := strconv.ParseUint(trailer.Get("Grpc-Status"), 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	details, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(trailer.Get("Grpc-Status-Details-Bin"), "="))
	if err != nil {
		t.Fatal(err)
	}
	st := new(spb.Status)
	if err := proto.Unmarshal(details, st); err != nil {
		t.Fatal(err)
	}
	if got := status.FromProto(st); got.Code() != codes.Code(code) {
		t.Errorf("the status is %d, but its details say %s", code, got.Code())
	}
	return status.FromProto(st)
}

// TestBrokenHTTP sends what net/http refuses by itself, and in its own words.
func TestBrokenHTTP(t *testing.T) {
	t.Parallel()
	s := startUnasked(t)
	for name, request := range map[string]string{
		"carriage return in a header": "GET /sessions/whoami HTTP/1.1\r\nHost: x\r\nX-Session-Token: a\rX-Evil: b\r\n\r\n",
		"control character":           "GET /sessions/whoami HTTP/1.1\r\nHost: x\r\nX-Session-Token: a\x01b\r\n\r\n",
		"NUL":                         "GET /sessions/whoami HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\x00b\r\n\r\n",
		"header without a name":       "GET /sessions/whoami HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n",
		"two lengths":                 "POST /sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
		"escape that is none":         "GET /schemas/%zz HTTP/1.1\r\nHost: x\r\n\r\n",
		"noise":                       "\x16\x03\x01\x02\x00\x01\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := talk(t, s, request); !strings.HasPrefix(got, "HTTP/1.1 400 ") {
				t.Errorf("the answer is %q", got)
			}
			stillServes(t, s)
		})
	}
}

// TestNewlineInHeader checks that what follows a bare newline, which net/http takes for a header of its own, leads
// nowhere.
func TestNewlineInHeader(t *testing.T) {
	t.Parallel()
	upstream := startStub(t, answers(http.StatusOK, stubSession))
	s := startServer(t, newAdapter(t, upstream.URL))
	talk(t, s, "GET /sessions/whoami HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Session-Token: a\nX-Evil: b\r\n\r\n")
	for _, asked := range upstream.requests() {
		if asked.Header.Get("X-Evil") != "" || asked.Header.Get("X-Session-Token") != "a" {
			t.Errorf("Kratos was asked with %v", asked.Header)
		}
	}
}

// talk sends bytes to the REST view as they are, and returns the answer.
func talk(t *testing.T, s *testServer, request string) string {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.rest, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprint(conn, request); err != nil {
		t.Fatal(err)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
	answer, err := io.ReadAll(conn)
	if err != nil && len(answer) == 0 {
		t.Fatal(err)
	}
	return string(answer)
}
