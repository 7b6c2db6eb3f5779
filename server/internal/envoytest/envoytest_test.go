package envoytest_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/server/internal/envoytest"
)

// root is the repository's folder.
var root = filepath.Join("..", "..", "..")

// TestConfig: the repository's configuration has a place for all that is changed, and nothing else is.
func TestConfig(t *testing.T) {
	t.Parallel()
	c := &envoytest.Config{Ingress: "127.0.0.1:1", Admin: "127.0.0.1:2", Kratosgrpc: "127.0.0.1:3", Web: "127.0.0.1:4", API: "127.0.0.1:5"}
	written := func() string {
		t.Helper()
		file, err := c.Write(root, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	asks := written()
	for _, port := range []string{"1", "2", "3", "4", "5"} {
		if strings.Count(asks, "address: 127.0.0.1, port_value: "+port+" ") != 1 {
			t.Errorf("port %s is not in\n%s", port, asks)
		}
	}
	c.NoAuthz = true
	open := written()
	const filter = "- name: envoy.filters.http.ext_authz\n"
	before, after, ok := strings.Cut(asks, "                  "+filter)
	_, rest, routes := strings.Cut(after, "                  - name: envoy.filters.http.router\n")
	if want := before + "                  - name: envoy.filters.http.router\n" + rest; !ok || !routes || open != want {
		t.Errorf("without the filter there is\n%s\nand not\n%s", open, want)
	}

	c.Edits = []envoytest.Edit{{"nowhere to be found", ""}}
	if _, err := c.Write(root, t.TempDir()); err == nil {
		t.Error("an edit without a place is none")
	}
	c.Edits = []envoytest.Edit{{"cluster: web", ""}}
	if _, err := c.Write(root, t.TempDir()); err == nil {
		t.Error("an edit with several places is made")
	}
}

// TestProgram: $ENVOY comes first, then the repository, then PATH; where there is none, it is said how to get one.
func TestProgram(t *testing.T) {
	place := func(dir string, names ...string) string {
		t.Helper()
		path := filepath.Join(append([]string{dir}, names...)...)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	finds := func(root, want string) {
		t.Helper()
		if got, err := envoytest.Program(root); got != want || (want == "") != errors.Is(err, envoytest.ErrMissing) {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
	path, repository := t.TempDir(), t.TempDir()
	t.Setenv("PATH", path)
	t.Setenv("ENVOY", "")
	finds(repository, "")
	finds(repository, place(path, "envoy"))
	finds(repository, place(repository, ".bin", "envoy", "bin", "envoy"))
	t.Setenv("ENVOY", "/elsewhere/envoy")
	finds(repository, "/elsewhere/envoy")
}
