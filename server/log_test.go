package server_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/server"
)

// capturedLog is a server's log, of all levels, as JSON lines.
type capturedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// capture is for startServer.
func (l *capturedLog) capture(c *server.Config) {
	c.Logger = slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Write implements io.Writer.
func (l *capturedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *capturedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// lines are the lines that hold a text.
func (l *capturedLog) lines(text string) []string {
	var found []string
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// await waits for a line that holds a text: a call's line is written a moment after the caller has its answer.
func (l *capturedLog) await(t *testing.T, text string) string {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if lines := l.lines(text); len(lines) > 0 {
			return lines[0]
		}
	}
	t.Fatalf("the log does not say %q:\n%s", text, l)
	return ""
}
