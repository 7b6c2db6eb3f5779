package livefile_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kratosgrpc/kratosgrpc/server/internal/livefile"
)

// joined parses all but what says that it is bad.
func joined(contents ...[]byte) (string, error) {
	all := string(bytes.Join(contents, []byte("+")))
	if strings.Contains(all, "bad") {
		return "", errors.New("it is bad")
	}
	return all, nil
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// opened are two files that say "1+one", and their log.
func opened(t *testing.T) (f *livefile.File[string], a, b string, log *bytes.Buffer) {
	t.Helper()
	dir := t.TempDir()
	a, b, log = filepath.Join(dir, "a"), filepath.Join(dir, "b"), new(bytes.Buffer)
	write(t, a, "1")
	write(t, b, "one")
	f, err := livefile.Open(slog.New(slog.NewTextHandler(log, nil)), "the pair", joined, a, b)
	if err != nil {
		t.Fatal(err)
	}
	return f, a, b, log
}

func expect(t *testing.T, f *livefile.File[string], want string) {
	t.Helper()
	if got := f.Get(); got != want {
		t.Errorf("it says %q, not %q", got, want)
	}
}

func TestChange(t *testing.T) {
	t.Parallel()
	f, a, b, log := opened(t)
	expect(t, f, "1+one")
	f.Check()
	write(t, a, "2")
	f.Check()
	expect(t, f, "1+one")
	// Every look finds something else: it is being written.
	write(t, b, "two")
	f.Check()
	expect(t, f, "1+one")
	f.Check()
	expect(t, f, "2+two")
	// What goes from one file to the other is a change too.
	write(t, a, "2+")
	write(t, b, "wo")
	f.Check()
	f.Check()
	expect(t, f, "2++wo")
	if n := strings.Count(log.String(), "read again: the pair"); n != 2 || strings.Contains(log.String(), "ERROR") {
		t.Errorf("the log says\n%s", log)
	}
}

func TestBad(t *testing.T) {
	t.Parallel()
	f, a, b, log := opened(t)
	for _, damage := range []func(){
		func() { write(t, a, "bad") },
		func() { write(t, a, "") },
		func() { write(t, a, "1"); write(t, b, " \n") },
		func() { _ = os.Remove(b) },
	} {
		log.Reset()
		damage()
		f.Check()
		if log.Len() > 0 {
			t.Errorf("at first sight already it says\n%s", log)
		}
		for range 3 {
			f.Check()
			expect(t, f, "1+one")
		}
		if strings.Count(log.String(), "level=ERROR") != 1 || !strings.Contains(log.String(), "last good stays in use: the pair") {
			t.Errorf("the log says\n%s", log)
		}
	}
	log.Reset()
	write(t, a, "1")
	write(t, b, "one")
	f.Check()
	f.Check()
	if strings.Count(log.String(), "good again: the pair") != 1 {
		t.Errorf("the log says\n%s", log)
	}
	write(t, a, "bad")
	f.Check()
	f.Check()
	write(t, a, "2")
	f.Check()
	f.Check()
	expect(t, f, "2+one")
}

// TestLater checks that files are good as soon as they are, even if it is not they that change.
func TestLater(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a")
	write(t, path, "1")
	yet := true
	f, err := livefile.Open(slog.New(slog.DiscardHandler), "it", func(contents ...[]byte) (string, error) {
		if !yet {
			return "", errors.New("not valid yet")
		}
		return joined(contents...)
	}, path)
	if err != nil {
		t.Fatal(err)
	}
	yet = false
	write(t, path, "2")
	f.Check()
	f.Check()
	expect(t, f, "1")
	yet = true
	f.Check()
	expect(t, f, "2")
}

func TestOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bad, empty := filepath.Join(dir, "bad"), filepath.Join(dir, "empty")
	write(t, bad, "bad")
	write(t, empty, "")
	for path, says := range map[string]string{bad: "it is bad", empty: "is empty", filepath.Join(dir, "none"): "no such file", dir: "directory"} {
		_, err := livefile.Open(slog.New(slog.DiscardHandler), "the thing", joined, path)
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "the thing ("+path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestSymlink replaces a folder as Kubernetes does with secrets: the files are links into a folder that is a link.
func TestSymlink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	link := func(to, from string) {
		t.Helper()
		if err := os.Symlink(to, at("new")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(at("new"), at(from)); err != nil {
			t.Fatal(err)
		}
	}
	for _, version := range []string{"1", "2"} {
		if err := os.Mkdir(at("v"+version), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, at("v"+version+"/cert"), "cert"+version)
		write(t, at("v"+version+"/key"), "key"+version)
	}
	link("v1", "..data")
	link("..data/cert", "cert")
	link("..data/key", "key")
	f, err := livefile.Open(slog.New(slog.DiscardHandler), "it", joined, at("cert"), at("key"))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, f, "cert1+key1")
	link("v2", "..data")
	if err := os.RemoveAll(at("v1")); err != nil {
		t.Fatal(err)
	}
	f.Check()
	f.Check()
	expect(t, f, "cert2+key2")
}

type counter struct{ checks int }

func (c *counter) Check() { c.checks++ }

func TestFollow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second+time.Millisecond)
		defer cancel()
		var a, b counter
		livefile.Follow(ctx, time.Second, &a, &b)
		if a.checks != 10 || b.checks != 10 {
			t.Errorf("checked %d and %d times in ten seconds", a.checks, b.checks)
		}
	})
}
