package server_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// rawConn is a client that does not keep to what a server asks of it.
type rawConn struct {
	*http2.Framer

	t        *testing.T
	settings map[http2.SettingID]uint32
}

// openRaw opens a connection, and reads what the server asks for.
func openRaw(t *testing.T, s *testServer) *rawConn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.conn.Target())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	c := &rawConn{Framer: http2.NewFramer(conn, conn), t: t, settings: map[http2.SettingID]uint32{}}
	if err := c.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	settings, ok := await[*http2.SettingsFrame](c, func(f *http2.SettingsFrame) bool { return !f.IsAck() })
	if !ok {
		t.FailNow()
	}
	_ = settings.ForeachSetting(func(setting http2.Setting) error {
		c.settings[setting.ID] = setting.Val
		return nil
	})
	return c
}

// await reads until a frame comes that is wanted.
func await[Frame http2.Frame](c *rawConn, wanted func(Frame) bool) (Frame, bool) {
	c.t.Helper()
	for {
		frame, err := c.ReadFrame()
		if err != nil {
			var none Frame
			c.t.Errorf("the connection ended, or nothing came: %v", err)
			return none, false
		}
		if found, ok := frame.(Frame); ok && wanted(found) {
			return found, true
		}
	}
}

// call begins a call, and does not say that it was all.
func (c *rawConn) call(stream uint32, headers ...string) {
	c.t.Helper()
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	fields := append([]string{
		":method", "POST", ":scheme", "http", ":path", kratosgrpcv1.SessionService_Whoami_FullMethodName, ":authority", "kratosgrpc",
		"content-type", "application/grpc", "te", "trailers",
	}, headers...)
	for i := 0; i < len(fields); i += 2 {
		if err := encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}); err != nil {
			c.t.Fatal(err)
		}
	}
	const frameBytes = 16 << 10
	first := block.Next(frameBytes)
	if err := c.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: first, EndHeaders: block.Len() == 0}); err != nil {
		c.t.Fatal(err)
	}
	for block.Len() > 0 {
		more := block.Next(frameBytes)
		if err := c.WriteContinuation(stream, block.Len() == 0, more); err != nil {
			c.t.Fatal(err)
		}
	}
}

// TestStreamsBeyondTheLimit: a client that does not wait is refused, in a way that says that it can try again.
func TestStreamsBeyondTheLimit(t *testing.T) {
	t.Parallel()
	const limit = 3
	s := startServer(t, newAdapter(t, startStub(t, answers(http.StatusOK, stubSession)).URL), func(c *server.Config) { c.Limits.ConcurrentStreams = limit })
	c := openRaw(t, s)
	if got := c.settings[http2.SettingMaxConcurrentStreams]; got != limit {
		t.Errorf("the server says that %d streams are the limit", got)
	}
	for stream := range uint32(limit + 1) {
		c.call(2*stream + 1)
	}
	reset, ok := await(c, func(*http2.RSTStreamFrame) bool { return true })
	if ok && (reset.StreamID != 2*limit+1 || reset.ErrCode != http2.ErrCodeRefusedStream) {
		t.Errorf("stream %d is reset with %s", reset.StreamID, reset.ErrCode)
	}
}

// TestMetadataBeyondTheLimit: a client that does not keep to the limit of metadata is refused, and the connection lives on.
func TestMetadataBeyondTheLimit(t *testing.T) {
	t.Parallel()
	const limit = 8 << 10
	s := startServer(t, newAdapter(t, startStub(t, answers(http.StatusOK, stubSession)).URL), func(c *server.Config) { c.Limits.HeaderBytes = limit })
	c := openRaw(t, s)
	if got := c.settings[http2.SettingMaxHeaderListSize]; got != limit {
		t.Errorf("the server says that %d bytes are the limit", got)
	}
	var cookies []string
	for range 5 {
		cookies = append(cookies, "cookie", "a="+strings.Repeat("a", limit/4))
	}
	c.call(1, cookies...)
	reset, ok := await(c, func(*http2.RSTStreamFrame) bool { return true })
	if ok && (reset.StreamID != 1 || reset.ErrCode != http2.ErrCodeFrameSize) {
		t.Errorf("stream %d is reset with %s", reset.StreamID, reset.ErrCode)
	}
	c.call(3, "cookie", "a=b")
	// A message of no bytes, which is what whoami needs.
	if err := c.WriteData(3, true, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	if answer, ok := await(c, func(f *http2.HeadersFrame) bool { return f.StreamID == 3 }); ok && !answer.HeadersEnded() {
		t.Error("the next call is not answered")
	}
}

// TestTooManyPings: a client that asks again and again whether the connection lives is cut off, and told why.
func TestTooManyPings(t *testing.T) {
	t.Parallel()
	s := startServer(t, newAdapter(t, startStub(t, answers(http.StatusOK, stubSession)).URL))
	c := openRaw(t, s)
	go func() {
		for range 20 {
			if c.WritePing(false, [8]byte{1}) != nil {
				return
			}
		}
	}()
	if away, ok := await(c, func(*http2.GoAwayFrame) bool { return true }); ok && away.ErrCode != http2.ErrCodeEnhanceYourCalm {
		t.Errorf("the reason is %s", away.ErrCode)
	}
}
