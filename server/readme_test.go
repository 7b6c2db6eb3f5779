package server_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/kratosgrpc/kratosgrpc/adapters"
)

// TestSupportMatrix checks the README's table of what works in front of which Kratos: every RPC of every service is there
// once, with its own path and with what the adapters say.
func TestSupportMatrix(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(data), "\n## Which Kratos has what\n")
	section, _, _ = strings.Cut(section, "\n## ")
	head := regexp.MustCompile(`(?m)^\| RPC \| REST \|(.*)\|$`).FindStringSubmatch(section)
	if head == nil {
		t.Fatal("there is no table")
	}
	columns := cells(head[1])
	for i, c := range columns {
		columns[i] = strings.Trim(c, "`")
		if !slices.Contains(adapters.Generations(), columns[i]) {
			t.Errorf("there is no generation %s", columns[i])
		}
	}

	rows := map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+\\.\\w+)` \\|(.*)\\|$").FindAllStringSubmatch(section, -1) {
		if rows[row[1]] != nil {
			t.Errorf("%s is there twice", row[1])
		}
		rows[row[1]] = cells(row[2])
	}
	for rpc, m := range allMethods() {
		row := rows[rpc]
		delete(rows, rpc)
		if len(row) != len(columns)+1 {
			t.Errorf("%s is not in the table, or has not all columns: %v", rpc, row)
			continue
		}
		at := "–"
		if rule := bindings(m)[0]; rule != nil {
			verb, path := verbAndPath(rule)
			at = "`" + verb + " " + path + "`"
		}
		if row[0] != at {
			t.Errorf("%s is said to be at %s, and is at %s", rpc, row[0], at)
		}
		for i, generation := range columns {
			want := "–"
			if slices.Contains(adapters.AvailableIn(string(m.Name())), generation) {
				want = "yes"
			}
			if row[i+1] != want {
				t.Errorf("%s in %s is said to be %s, and is %s", rpc, generation, row[i+1], want)
			}
		}
	}
	for rpc := range rows {
		t.Errorf("%s is in the table, but no RPC", rpc)
	}
}

func cells(row string) []string {
	var all []string
	for cell := range strings.SplitSeq(strings.Trim(row, "|"), "|") {
		all = append(all, strings.TrimSpace(cell))
	}
	return all
}

// allMethods are the RPCs of all services, by "Service.Method".
func allMethods() map[string]protoreflect.MethodDescriptor {
	methods := map[string]protoreflect.MethodDescriptor{}
	protoregistry.GlobalFiles.RangeFilesByPackage("kratosgrpc.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				m := service.Methods().Get(j)
				methods[string(service.Name())+"."+string(m.Name())] = m
			}
		}
		return true
	})
	return methods
}
