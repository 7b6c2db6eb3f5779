//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kratostest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// lock takes the file lock at path, calling waiting once if somebody else has
// it. The kernel drops the lock when its holder dies, so none is left behind.
func lock(ctx context.Context, path string, waiting func()) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("kratostest: %w", err)
	}

	for first := true; ; first = false {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			file.Close()
			return nil, fmt.Errorf("kratostest: lock %s: %w", path, err)
		}
		if first {
			waiting()
		}
		// A blocking flock could not be given up when ctx ends.
		select {
		case <-ctx.Done():
			file.Close()
			return nil, fmt.Errorf("kratostest: waiting for %s: %w", path, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}
