package mesh

import (
	"net/http"
	"path/filepath"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/kratosgrpc/kratosgrpc/server/internal/envoytest"
)

// root is the repository's folder.
var root = filepath.Join("..", "..", "..")

// envoy is a real Envoy with the configuration that the README tells people to copy.
type envoy struct {
	*process

	// base is where it listens and admin where it tells of itself, as http URLs; conn is a gRPC client's connection to it.
	base, admin string

	conn *grpc.ClientConn
}

// edit is a change of the configuration.
type edit = envoytest.Edit

// Edits of the configuration that tests make, beside those of the addresses.
var (
	lettingPass  = edit{"failure_mode_allow: false", "failure_mode_allow: true"}
	joinsHeaders = edit{"encode_raw_headers: true", "encode_raw_headers: false"}
	keepsSpoofed = edit{"- remove: x-kratos-authenticated-identity-id", "- remove: x-nobody-sends-this"}
	passesUnders = edit{"headers_with_underscores_action: REJECT_REQUEST", "headers_with_underscores_action: ALLOW"}
	showsHeaders = edit{"{ exact: accept }", "{ safe_regex: { regex: '.*' } }"}
)

func startEnvoy(t testing.TB, m *mesh, edits ...edit) *envoy {
	t.Helper()
	program, err := envoytest.Program(root)
	if err != nil {
		lacks(t, err.Error())
	}
	ingress, admin := freeAddress(t), freeAddress(t)
	config := &envoytest.Config{Ingress: ingress, Admin: admin, Kratosgrpc: m.grpcAddress, Web: m.web.address, API: m.api.address, Edits: edits}
	file, err := config.Write(root, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e := &envoy{base: "http://" + ingress, admin: "http://" + admin}
	e.process = startProcess(t, program, envoytest.Arguments(file, "--concurrency", "1", "--file-flush-interval-msec", "20")...)
	eventually(t, "Envoy is ready", func() bool {
		if !e.running() {
			t.Fatal("Envoy ended")
		}
		res, err := http.Get(e.admin + "/ready")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	if e.conn, err = grpc.NewClient(ingress, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.conn.Close() })
	return e
}

// edited is a configuration with changes, each of which has to find its place.
func edited(t testing.TB, name, config string, edits ...edit) string {
	t.Helper()
	config, err := envoytest.Edited(name, config, edits...)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func socket(t testing.TB, address string) string {
	t.Helper()
	s, err := envoytest.Socket(address)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
