package kratostest

import "sync"

// logBuffer keeps the last bytes written to it.
type logBuffer struct {
	mu   sync.Mutex
	data []byte
}

const logBufferSize = 64 << 10

// Write implements [io.Writer].
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()

	b.data = append(b.data, p...)
	// Cut late and cut a lot, so that bytes are not moved on every line.
	if len(b.data) > 2*logBufferSize {
		b.data = append([]byte(nil), b.data[len(b.data)-logBufferSize:]...)
	}
	return len(p), nil
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return tail(string(b.data), logBufferSize)
}
