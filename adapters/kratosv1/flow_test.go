package kratosv1

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters/internal/uinodes"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosjson"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// newFlow makes an empty flow of the kind that a file or a fuzzer's input is named after.
func newFlow(name string) flowMessage {
	switch kind, _, _ := strings.Cut(name, "_"); kind {
	case "registration":
		return new(kratosgrpcv1.RegistrationFlow)
	case "settings":
		return new(kratosgrpcv1.SettingsFlow)
	case "recovery":
		return new(kratosgrpcv1.RecoveryFlow)
	case "verification":
		return new(kratosgrpcv1.VerificationFlow)
	default:
		return new(kratosgrpcv1.LoginFlow)
	}
}

func readFiles(tb testing.TB) map[string][]byte {
	tb.Helper()
	paths, err := filepath.Glob("testdata/flows/*.json")
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no flows: %v", err)
	}
	files := map[string][]byte{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		files[strings.TrimSuffix(filepath.Base(path), ".json")] = data
	}
	return files
}

// TestReadFlow converts flows as Kratos answers them. What comes of them is in the golden files, which -update rewrites.
func TestReadFlow(t *testing.T) {
	t.Parallel()
	for name, data := range readFiles(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flow := newFlow(name)
			if err := readFlow(data, flow); err != nil {
				t.Fatal(err)
			}
			got := stableJSON(t, flow)
			golden := filepath.Join("testdata/flows", name+".golden")
			if *update {
				if err := os.WriteFile(golden, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got %s\nwant %s", got, want)
			}
		})
	}
}

// stableJSON formats a message in the same way each time, which package protojson does not.
func stableJSON(t *testing.T, m proto.Message) []byte {
	t.Helper()
	encoded, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, encoded, "", "  "); err != nil {
		t.Fatal(err)
	}
	indented.WriteByte('\n')
	return indented.Bytes()
}

func TestReadFlowRefuses(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"nothing":           ``,
		"no object":         `[]`,
		"no ui":             `{"id":"a"}`,
		"null for a ui":     `{"id":"a","ui":null}`,
		"text for a ui":     `{"id":"a","ui":"text"}`,
		"no id":             `{"ui":{"nodes":[]}}`,
		"nodes no list":     `{"id":"a","ui":{"nodes":{}}}`,
		"message no object": `{"id":"a","ui":{"messages":["text"]}}`,
		"node's message":    `{"id":"a","ui":{"nodes":[{"type":"input","group":"default","attributes":{"name":"a"},"messages":[7]}]}}`,
	} {
		for _, kind := range []string{"login", "registration", "settings", "recovery", "verification"} {
			if err := readFlow([]byte(data), newFlow(kind)); err == nil {
				t.Errorf("%s: %s is accepted", kind, name)
			}
		}
	}
}

// TestNoNodes: Kratos writes an empty list as null.
func TestNoNodes(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"login", "registration", "settings", "recovery", "verification"} {
		flow := newFlow(kind)
		if err := readFlow([]byte(`{"id":"a","ui":{"action":"b","method":"POST","nodes":null,"messages":null}}`), flow); err != nil {
			t.Errorf("%s: %v", kind, err)
		} else if flow.GetUi().GetAction() != "b" || len(flow.GetUi().GetNodes()) != 0 {
			t.Errorf("%s: the ui is %v", kind, flow.GetUi())
		}
	}
}

// TestUIStays: what Kratos said is there as it said it, secrets that are shown once included.
func TestUIStays(t *testing.T) {
	t.Parallel()
	for name, data := range readFiles(t) {
		flow := newFlow(name)
		if err := readFlow(data, flow); err != nil {
			t.Fatal(err)
		}
		written, err := kratosjson.Marshal(flow.GetUi())
		if err != nil {
			t.Fatal(err)
		}
		var said struct {
			UI any `json:"ui"`
		}
		var shown any
		if err := errors.Join(json.Unmarshal(data, &said), json.Unmarshal(written, &shown)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(said.UI, shown); diff != "" {
			t.Errorf("%s (-said +shown)\n%s", name, diff)
		}
	}
}

// TestPasswordIsNotShown: whatever Kratos puts into a field for passwords, it does not come out.
func TestPasswordIsNotShown(t *testing.T) {
	t.Parallel()
	for name, data := range readFiles(t) {
		flow := newFlow(name)
		if err := readFlow(data, flow); err != nil {
			t.Fatal(err)
		}
		for _, method := range flow.GetMethods() {
			for _, field := range method.GetConfig().GetFields() {
				if field.GetName() == "password" && (field.GetValue() != nil || field.GetType() != "password") {
					t.Errorf("%s: the field is %v", name, field)
				}
			}
		}
	}
}

// FuzzReadFlow: whatever an answer holds, it is a flow whose forms make sense, or an error that does not quote it.
func FuzzReadFlow(f *testing.F) {
	for name, data := range readFiles(f) {
		f.Add(name, data)
	}
	f.Add("login", []byte(`{"id":"a","ui":{"nodes":[{"type":"input","group":"x","attributes":{"name":"method","type":"submit","value":null}}]}}`))
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		flow := newFlow(kind)
		if err := readFlow(data, flow); err != nil {
			if len(data) > 200 && strings.Contains(err.Error(), string(data[:200])) {
				t.Errorf("the error quotes the answer: %v", err)
			}
			return
		}
		if flow.GetId() == "" {
			t.Error("a flow without an id")
		}
		for name, method := range flow.GetMethods() {
			if name == "" || name == uinodes.DefaultGroup || method.GetMethod() != name || method.GetConfig() == nil {
				t.Errorf("the method %q is %v", name, method)
			}
			for _, field := range method.GetConfig().GetFields() {
				if field.GetName() == methodField && field.GetType() == "submit" {
					t.Errorf("the method %q has itself for a field", name)
				}
			}
		}
		if _, ok := flow.(*kratosgrpcv1.RegistrationFlow); ok && !slices.Contains(slices.Collect(maps.Keys(flow.GetMethods())), passwordMethod) {
			t.Error("a registration without a password")
		}
		if _, err := proto.Marshal(flow); err != nil {
			t.Errorf("the flow can't be sent on: %v", err)
		}
	})
}
