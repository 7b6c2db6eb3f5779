package kratostest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestBuildIsCached(t *testing.T) {
	eachVersion(t, testBuildIsCached)
}

func testBuildIsCached(t *testing.T, version Version) {
	binary, err := Build(t.Context(), version, t.Logf)
	if errors.Is(err, ErrToolchain) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}

	again, err := Build(t.Context(), version, func(format string, args ...any) {
		t.Errorf("a second build says: "+format, args...)
	})
	if err != nil || again != binary {
		t.Errorf("second build: %s, %v; want %s", again, err, binary)
	}
}

func TestBuildOfUnknownVersion(t *testing.T) {
	t.Parallel()
	if _, err := Build(t.Context(), "v0.0", nil); err == nil || !strings.Contains(err.Error(), `"v0.0"`) {
		t.Errorf("got %v, want an error that names the version", err)
	}
}

func TestMissingToolchain(t *testing.T) {
	t.Run("go", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		_, err := toolchain(t.Context())
		if !errors.Is(err, ErrToolchain) || !strings.Contains(err.Error(), "https://go.dev/dl") {
			t.Errorf("got %v, want to be told where to get Go", err)
		}
	})
	t.Run("compiler", func(t *testing.T) {
		t.Setenv("CC", "no-such-compiler -O2")
		_, err := toolchain(t.Context())
		if !errors.Is(err, ErrToolchain) || !strings.Contains(err.Error(), `"no-such-compiler"`) {
			t.Errorf("got %v, want to be told which compiler is missing", err)
		}
	})
}

func TestUnableToBuild(t *testing.T) {
	for env, want := range map[string]string{"": "skip", "false": "skip", "true": "fail"} {
		t.Setenv("CI", env)
		tb := &recorder{TB: t}
		giveUp(tb, ErrToolchain)
		if tb.verdict != want {
			t.Errorf("CI=%q: test is told to %s, want %s", env, tb.verdict, want)
		}
	}
	tb := &recorder{TB: t}
	t.Setenv("CI", "")
	giveUp(tb, errors.New("anything else"))
	if tb.verdict != "fail" {
		t.Errorf("another error: test is told to %s, want fail", tb.verdict)
	}
}

// recorder notes how a test would end.
type recorder struct {
	testing.TB
	verdict string
}

func (r *recorder) Skip(...any)  { r.verdict = "skip" }
func (r *recorder) Fatal(...any) { r.verdict = "fail" }

func TestLockIsExclusive(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	var holders, waited atomic.Int32
	var wait sync.WaitGroup
	for range 5 {
		wait.Go(func() {
			unlock, err := lock(t.Context(), path, func() { waited.Add(1) })
			if err != nil {
				t.Error(err)
				return
			}
			defer unlock()
			if holders.Add(1) > 1 {
				t.Error("two hold the lock")
			}
			time.Sleep(20 * time.Millisecond)
			holders.Add(-1)
		})
	}
	wait.Wait()
	if waited.Load() == 0 {
		t.Error("nobody had to wait")
	}

	unlock, err := lock(t.Context(), path, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := lock(ctx, path, func() {}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want to give up with the context", err)
	}
}

func TestOnceLeavesNoHalfMadeFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	broken := errors.New("out of paper")

	err := once(path, func(partial string) error {
		if err := os.WriteFile(partial, []byte("hal"), 0o600); err != nil {
			t.Fatal(err)
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("half a file has the final name: %v", err)
	}

	calls := 0
	for range 2 {
		err := once(path, func(partial string) error {
			calls++
			return os.WriteFile(partial, []byte("whole"), 0o600)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if calls != 1 {
		t.Errorf("created %d times, want once", calls)
	}
}
