// Command protodeps prints the third-party .proto files that this project's own files import into the folder given as
// its argument. It reads them from the descriptors that the Go packages carry, so there are no copies of them in the
// repository, no schema registry is asked, and their versions are those of go.mod.
//
// It belongs to the main module, not to a module of its own, because only there are the versions the ones that the
// generated code is compiled against.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-openapiv2/options"
	"github.com/jhump/protoreflect/v2/protoprint"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// roots are the files that ours may import. What they import in turn is printed too.
var roots = []protoreflect.FileDescriptor{
	annotations.File_google_api_annotations_proto,
	annotations.File_google_api_field_behavior_proto,
	errdetails.File_google_rpc_error_details_proto,
	httpbody.File_google_api_httpbody_proto,
	options.File_protoc_gen_openapiv2_options_annotations_proto,
	status.File_google_rpc_status_proto,
	validate.File_buf_validate_validate_proto,
}

// wellKnown is the folder of the files that every protobuf compiler brings along.
const wellKnown = "google/protobuf/"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: protodeps FOLDER")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "protodeps:", err)
		os.Exit(1)
	}
}

// write replaces dir by a folder that holds exactly the printed files.
func write(dir string) error {
	files, err := closure(roots)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o750); err != nil {
		return err
	}
	// Printed aside and then renamed, so that an interrupted run leaves no half of a folder behind.
	tmp, err := os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+".new-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(tmp) }()

	printer := protoprint.Printer{SortElements: true}
	if err := printer.PrintProtosToFileSystem(files, tmp); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Rename(tmp, dir)
}

// closure returns files and all that they import, well-known ones aside, sorted by path.
func closure(files []protoreflect.FileDescriptor) ([]protoreflect.FileDescriptor, error) {
	seen := map[string]protoreflect.FileDescriptor{}
	var visit func(protoreflect.FileDescriptor) error
	visit = func(file protoreflect.FileDescriptor) error {
		if file.IsPlaceholder() {
			return fmt.Errorf("%s is imported but no Go package for it is linked in", file.Path())
		}
		if seen[file.Path()] != nil || strings.HasPrefix(file.Path(), wellKnown) {
			return nil
		}
		seen[file.Path()] = file
		for i := range file.Imports().Len() {
			if err := visit(file.Imports().Get(i).FileDescriptor); err != nil {
				return err
			}
		}
		return nil
	}
	for _, file := range files {
		if err := visit(file); err != nil {
			return nil, err
		}
	}

	all := make([]protoreflect.FileDescriptor, 0, len(seen))
	for _, file := range seen {
		all = append(all, file)
	}
	slices.SortFunc(all, func(a, b protoreflect.FileDescriptor) int { return strings.Compare(a.Path(), b.Path()) })
	return all, nil
}
