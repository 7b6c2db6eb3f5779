package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

var importLine = regexp.MustCompile(`(?m)^import (?:public |weak )?"([^"]+)";$`)

func TestWritePrintsFilesThatImportOnlyEachOther(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deps")
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	files := read(t, dir)

	for path, want := range map[string]string{
		"buf/validate/validate.proto":                  "extend google.protobuf.FieldOptions {",
		"google/api/annotations.proto":                 "HttpRule http = 72295728;",
		"google/api/field_behavior.proto":              "FieldBehavior field_behavior = 1052",
		"google/api/http.proto":                        "repeated HttpRule additional_bindings = 11;",
		"google/api/httpbody.proto":                    "bytes data = 2;",
		"google/rpc/error_details.proto":               "message ErrorInfo {",
		"google/rpc/status.proto":                      "repeated google.protobuf.Any details = 3;",
		"protoc-gen-openapiv2/options/openapiv2.proto": "message Swagger {",
	} {
		if !strings.Contains(files[path], want) {
			t.Errorf("%s: no %q in what was printed", path, want)
		}
	}
	for path, text := range files {
		for _, match := range importLine.FindAllStringSubmatch(text, -1) {
			imported := match[1]
			if _, printed := files[imported]; !printed && !strings.HasPrefix(imported, wellKnown) {
				t.Errorf("%s imports %s, which was not printed", path, imported)
			}
		}
	}
}

func TestWriteReplacesWhatWasThere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deps")
	if err := os.Mkdir(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "left_over.proto"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	first := read(t, dir)
	if _, left := first["left_over.proto"]; left {
		t.Error("a file of an earlier run was left over")
	}

	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	second := read(t, dir)
	if len(first) != len(second) {
		t.Errorf("%d files, then %d", len(first), len(second))
	}
	for path, text := range first {
		if second[path] != text {
			t.Errorf("%s differs from one run to the next", path)
		}
	}
	if siblings, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(siblings) != 1 {
		t.Errorf("the parent folder holds %v (error %v), want only the printed folder", siblings, err)
	}
}

func TestClosureRefusesAFileWithAnUnknownImport(t *testing.T) {
	name, unknown := "a.proto", "unknown.proto"
	file, err := protodesc.FileOptions{AllowUnresolvable: true}.New(&descriptorpb.FileDescriptorProto{
		Name: &name, Dependency: []string{unknown},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = closure([]protoreflect.FileDescriptor{file})
	if err == nil || !strings.Contains(err.Error(), unknown) {
		t.Errorf("error %v, want one that names %s", err, unknown)
	}
}

// read returns the text of every file below dir by its slash-separated path.
func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(root, path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
