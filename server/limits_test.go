package server_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// TestConcurrentStreams: calls beyond the limit wait at the client, and none is lost.
func TestConcurrentStreams(t *testing.T) {
	t.Parallel()
	const limit, calls = 3, 20
	var mu sync.Mutex
	var now, most int
	upstream := startStub(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		time.Sleep(5 * time.Millisecond)
		mu.Lock()
		now--
		mu.Unlock()
		answers(http.StatusOK, `{"id":"x","methods":{"password":{}}}`)(w, r)
	})
	s := startServer(t, newAdapter(t, upstream.URL), func(c *server.Config) { c.Limits.ConcurrentStreams = limit })
	// The first call learns the limit.
	client := kratosgrpcv1.NewLoginServiceClient(s.conn)
	if _, err := client.InitializeLoginViaApiFlow(t.Context(), new(kratosgrpcv1.InitializeLoginViaApiFlowRequest)); err != nil {
		t.Fatal(err)
	}
	var calling sync.WaitGroup
	for range calls {
		calling.Go(func() {
			if _, err := client.InitializeLoginViaApiFlow(t.Context(), new(kratosgrpcv1.InitializeLoginViaApiFlowRequest)); err != nil {
				t.Error(err)
			}
		})
	}
	calling.Wait()
	if most > limit {
		t.Errorf("%d calls were under way at a time, want %d at most", most, limit)
	}
}

// TestHeaderLimit: who sends too much is refused, and the next one is served.
func TestHeaderLimit(t *testing.T) {
	t.Parallel()
	s := startServer(t, newAdapter(t, startStub(t, answers(http.StatusOK, stubSession)).URL), func(c *server.Config) { c.Limits.HeaderBytes = 8 << 10 })
	large := strings.Repeat("a", 16<<10)
	client := kratosgrpcv1.NewSessionServiceClient(s.conn)
	if _, err := client.Whoami(metadata.AppendToOutgoingContext(t.Context(), "cookie", "a="+large), new(kratosgrpcv1.WhoamiRequest)); err == nil {
		t.Error("metadata of any size is taken")
	}
	if _, err := client.Whoami(t.Context(), new(kratosgrpcv1.WhoamiRequest)); err != nil {
		t.Errorf("and then: %v", err)
	}
	for cookie, want := range map[string]int{large: http.StatusRequestHeaderFieldsTooLarge, "b": http.StatusOK} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.rest+"/sessions/whoami", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Cookie", "a="+cookie)
		res, err := s.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("a cookie of %d bytes: %s", len(cookie), res.Status)
		}
	}
}

// TestTooManyPings: a client that asks again and again whether the connection lives is cut off.
func TestTooManyPings(t *testing.T) {
	t.Parallel()
	s := startServer(t, newAdapter(t, startStub(t, answers(http.StatusOK, stubSession)).URL))
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.conn.Target())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	framer := http2.NewFramer(conn, conn)
	if err := framer.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for range 20 {
			if framer.WritePing(false, [8]byte{1}) != nil {
				return
			}
		}
	}()
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			t.Fatalf("the connection ended without a reason: %v", err)
		}
		if away, ok := frame.(*http2.GoAwayFrame); ok {
			if away.ErrCode != http2.ErrCodeEnhanceYourCalm {
				t.Errorf("the reason is %s", away.ErrCode)
			}
			return
		}
	}
}

// TestSlowHandshake: who opens a connection and says nothing does not keep it.
func TestSlowHandshake(t *testing.T) {
	t.Parallel()
	s := startServer(t, newAdapter(t, startStub(t, answers(http.StatusOK, stubSession)).URL), func(c *server.Config) { c.Limits.Handshake = 100 * time.Millisecond })
	for name, c := range map[string]struct{ addr, says string }{
		"gRPC": {s.conn.Target(), "PRI * HTTP/2.0\r\n"},
		"REST": {strings.TrimPrefix(s.rest, "http://"), "GET / HTTP/1.1\r\nHost: h\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", c.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			if _, err := io.WriteString(conn, c.says); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(new(bytes.Buffer), conn); err != nil && !errors.Is(err, io.EOF) && strings.Contains(err.Error(), "timeout") {
				t.Error("the connection stays open")
			}
		})
	}
}

// TestConnectionAge: connections end one after the other, and no call fails because of it. Who watches a session is told
// to watch again.
func TestConnectionAge(t *testing.T) {
	t.Parallel()
	s := startServer(t, newAdapter(t, startStub(t, answers(http.StatusOK, stubSession)).URL), func(c *server.Config) {
		c.Limits.ConnectionAge, c.Limits.ConnectionAgeGrace = 50*time.Millisecond, 300*time.Millisecond
	})
	dialed := 0
	conn, err := grpc.NewClient(
		"passthrough:"+s.conn.Target(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy(),
		grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
			dialed++
			return new(net.Dialer).DialContext(ctx, "tcp", addr)
		}),
	)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	client := kratosgrpcv1.NewSessionServiceClient(conn)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-session-token", "t")
	watch, err := client.WatchSession(ctx, new(kratosgrpcv1.WatchSessionRequest))
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(500 * time.Millisecond); time.Now().Before(deadline); {
		if _, err := client.Whoami(ctx, new(kratosgrpcv1.WhoamiRequest)); err != nil {
			t.Fatal(err)
		}
	}
	if dialed < 3 {
		t.Errorf("the client has dialed %d times", dialed)
	}
	for {
		if _, err = watch.Recv(); err != nil {
			break
		}
	}
	if st := status.Convert(err); st.Code() != codes.Unavailable || !strings.Contains(st.Message(), "watch again") {
		t.Errorf("who watches is told %v", err)
	}
}

// TestCORS: scripts of other origins are let in if they are named, and nobody else's are.
func TestCORS(t *testing.T) {
	t.Parallel()
	const app, other = "https://app.example.org", "https://elsewhere.example.org"
	for name, c := range map[string]struct {
		configured []string
		origin     string
		allowed    bool
	}{
		"not configured":   {nil, app, false},
		"named":            {[]string{app}, app, true},
		"another one":      {[]string{app}, other, false},
		"another scheme":   {[]string{app}, "http://app.example.org", false},
		"a longer name":    {[]string{app}, app + ".evil.example", false},
		"no origin at all": {[]string{app}, "null", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, newAdapter(t, startStub(t, answers(http.StatusOK, stubSession)).URL), func(config *server.Config) { config.CORSOrigins = c.configured })
			for _, method := range []string{http.MethodGet, http.MethodOptions} {
				req, err := http.NewRequestWithContext(t.Context(), method, s.rest+"/sessions/whoami", http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Origin", c.origin)
				if method == http.MethodOptions {
					req.Header.Set("Access-Control-Request-Method", http.MethodPost)
					req.Header.Set("Access-Control-Request-Headers", "content-type")
				}
				res, err := s.http.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				_ = res.Body.Close()
				origin, credentials := res.Header.Get("Access-Control-Allow-Origin"), res.Header.Get("Access-Control-Allow-Credentials")
				if c.allowed && (origin != c.origin || credentials != "true") || !c.allowed && (origin != "" || credentials != "") {
					t.Errorf("%s: the answer allows %q, with credentials %q", method, origin, credentials)
				}
			}
		})
	}
	for _, origin := range []string{"*", "https://*.example.org", "example.org", "https://example.org/", "ftp://example.org", "null", ""} {
		config := server.DefaultConfig()
		config.CORSOrigins = []string{origin}
		if err := config.Validate(); err == nil || !strings.Contains(err.Error(), "CORS") {
			t.Errorf("%q is taken for an origin: %v", origin, err)
		}
	}
}
