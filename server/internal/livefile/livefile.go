// Package livefile keeps what is read from files up to date while they are replaced under a running program: by a rename,
// by being written anew, or by Kubernetes, which exchanges a symbolic link.
package livefile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// File is what one or more files say together, such as a certificate and its key.
//
// They are read again and again, rather than watched: that works wherever files do, whoever replaces them and however. New
// contents count once they were found twice in a row, so that nobody gets to see files that are half written. If they are
// bad, the last good ones stay in use until there are better ones.
type File[T any] struct {
	logger *slog.Logger
	what   string
	paths  []string
	parse  func(contents ...[]byte) (T, error)

	current atomic.Pointer[T]

	// used is the digest of what is in use, seen that of what was found last. Only Check looks at them, and at problem,
	// which is what was said last of why what was found is not in use.
	used, seen digest
	problem    string
}

type digest [sha256.Size]byte

// Open reads files for the first time. What they hold is for the log: "the policy", for example. The parser gets their
// contents in order; what it returns must not be changed, and its errors must not quote a secret.
func Open[T any](logger *slog.Logger, what string, parse func(contents ...[]byte) (T, error), paths ...string) (*File[T], error) {
	f := &File[T]{logger: logger, what: what, paths: paths, parse: parse}
	contents, err := f.read()
	if err != nil {
		return nil, f.wrap(err)
	}
	value, err := parse(contents...)
	if err != nil {
		return nil, f.wrap(err)
	}
	f.current.Store(&value)
	f.used = digestOf(contents...)
	f.seen = f.used
	return f, nil
}

func (f *File[T]) wrap(err error) error {
	return fmt.Errorf("%s (%s): %w", f.what, strings.Join(f.paths, ", "), err)
}

// Get returns what the files say or, if they are bad now, what they said when they were good last.
func (f *File[T]) Get() T { return *f.current.Load() }

// Check reads the files again. It must not be called by two at a time.
func (f *File[T]) Check() {
	contents, err := f.read()
	found := digestOf(contents...)
	if err != nil {
		found = digestOf([]byte(err.Error()))
	}
	settled := found == f.seen
	f.seen = found
	switch {
	case found != f.used && !settled:
		// It may be half written.
	case err != nil:
		f.complain(err)
	case found != f.used:
		value, err := f.parse(contents...)
		if err != nil {
			f.complain(err)
			return
		}
		f.current.Store(&value)
		f.used, f.problem = found, ""
		f.logger.Info("read again: "+f.what, "files", f.paths)
	case f.problem != "":
		f.problem = ""
		f.logger.Info("good again: "+f.what, "files", f.paths)
	}
}

// complain says what is wrong, once.
func (f *File[T]) complain(err error) {
	if err.Error() == f.problem {
		return
	}
	f.problem = err.Error()
	f.logger.Error("bad, so that the last good stays in use: "+f.what, "files", f.paths, "cause", f.problem)
}

func (f *File[T]) read() ([][]byte, error) {
	contents := make([][]byte, len(f.paths))
	for i, path := range f.paths {
		var err error
		if contents[i], err = os.ReadFile(path); err != nil { //nolint:gosec // Whoever starts the program names it.
			return nil, err
		}
		if len(bytes.TrimSpace(contents[i])) == 0 {
			return nil, fmt.Errorf("%s is empty", path)
		}
	}
	return contents, nil
}

func digestOf(contents ...[]byte) digest {
	hash := sha256.New()
	for _, c := range contents {
		_ = binary.Write(hash, binary.BigEndian, uint64(len(c)))
		_, _ = hash.Write(c)
	}
	return digest(hash.Sum(nil))
}

// Checker is what [Follow] checks: a [File], or what is made of some.
type Checker interface{ Check() }

// Follow checks all of them at every interval, until ctx ends.
func Follow(ctx context.Context, interval time.Duration, all ...Checker) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			for _, one := range all {
				one.Check()
			}
		}
	}
}
