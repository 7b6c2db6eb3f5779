package server_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// TestHeaderLimit: who sends too much is refused, and the next one is served.
func TestHeaderLimit(t *testing.T) {
	t.Parallel()
	s := startServer(t, newAdapter(t, startStub(t, answers(http.StatusOK, stubSession)).URL), func(c *server.Config) { c.Limits.HeaderBytes = 8 << 10 })
	large := strings.Repeat("a", 16<<10)
	client := kratosgrpcv1.NewSessionServiceClient(s.conn)
	if _, err := client.Whoami(t.Context(), new(kratosgrpcv1.WhoamiRequest)); err != nil {
		t.Fatal(err)
	}
	// By now the client has been told the limit, and keeps to it.
	_, err := client.Whoami(metadata.AppendToOutgoingContext(t.Context(), "cookie", "a="+large), new(kratosgrpcv1.WhoamiRequest))
	if err == nil || !strings.Contains(err.Error(), "maximum size (8192 bytes)") {
		t.Errorf("who sends too much metadata is told %v", err)
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

// TestConcurrentStreams: calls beyond the limit wait at the client, and none is lost.
func TestConcurrentStreams(t *testing.T) {
	t.Parallel()
	const limit, calls = 3, 20
	var now, most atomic.Int32
	arrived, release := make(chan struct{}, calls), make(chan struct{})
	upstream := startStub(t, func(w http.ResponseWriter, r *http.Request) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		arrived <- struct{}{}
		<-release
		now.Add(-1)
		answers(http.StatusOK, `{"id":"x","methods":{"password":{}}}`)(w, r)
	})
	s := startServer(t, newAdapter(t, upstream.URL), func(c *server.Config) { c.Limits.ConcurrentStreams = limit })
	client := kratosgrpcv1.NewLoginServiceClient(s.conn)
	// The first call learns the limit. It does not ask Kratos.
	if _, err := kratosgrpcv1.NewSchemaServiceClient(s.conn).GetSchema(t.Context(), &kratosgrpcv1.GetSchemaRequest{Id: ".."}); status.Code(err) != codes.NotFound {
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
	for range limit {
		<-arrived
	}
	close(release)
	calling.Wait()
	if got := most.Load(); got != limit {
		t.Errorf("%d calls were under way at a time, want %d", got, limit)
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
			if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the connection stays open")
			}
		})
	}
}
