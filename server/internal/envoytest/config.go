package envoytest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// Config is the repository's server/envoy.yaml with what is different here.
type Config struct {
	// Ingress is where Envoy listens, and Admin where it tells of itself; Kratosgrpc is the gRPC address of who is asked, Web
	// and API the services behind. All of them are host:port, with an IP address for a host.
	Ingress, Admin, Kratosgrpc, Web, API string
	// NoAuthz leaves out the filter that asks kratosgrpc, so that everybody passes.
	NoAuthz bool
	// Edits are made before the addresses are.
	Edits []Edit
}

// Edit is a change of a configuration: one text for another.
type Edit [2]string

// Write writes the configuration to a file in dir. It takes what is to be changed from the repository at root, and fails
// where that is not found there.
func (c *Config) Write(root, dir string) (file string, err error) {
	data, err := os.ReadFile(filepath.Join(root, "server", "envoy.yaml")) //nolint:gosec // It is the repository's.
	if err != nil {
		return "", err
	}
	text := string(data)
	var edits []Edit
	if c.NoAuthz {
		filter, err := authzFilter(text)
		if err != nil {
			return "", err
		}
		edits = append(edits, Edit{filter, ""})
	} else {
		// A slow machine is no reason to deny.
		edits = append(edits, Edit{"timeout: 0.25s", "timeout: 5s"})
	}
	edits = append(edits, c.Edits...)
	for _, at := range []struct{ place, address string }{
		{"address: 0.0.0.0, port_value: 8000", c.Ingress},
		{"address: 127.0.0.1, port_value: 9901", c.Admin},
		{"address: kratosgrpc, port_value: 9090", c.Kratosgrpc},
		{"address: web, port_value: 8080", c.Web},
		{"address: api, port_value: 50051", c.API},
	} {
		socket, err := Socket(at.address)
		if err != nil {
			return "", err
		}
		edits = append(edits, Edit{at.place, socket})
	}
	if text, err = Edited("envoy.yaml", text, edits...); err != nil {
		return "", err
	}
	file = filepath.Join(dir, "envoy.yaml")
	return file, os.WriteFile(file, []byte(text), 0o600) //nolint:gosec // Whoever calls it names the folder.
}

// authzFilter is the part of the configuration that has Envoy ask.
func authzFilter(config string) (string, error) {
	const entry = "                  - name: envoy.filters.http."
	_, rest, begins := strings.Cut(config, entry+"ext_authz\n")
	filter, _, ends := strings.Cut(rest, entry)
	if !begins || !ends {
		return "", fmt.Errorf("envoy.yaml has no filter ext_authz before another one")
	}
	return entry + "ext_authz\n" + filter, nil
}

// Edited is the text of a configuration with changes, each of which has to find its place, and only one; name is for errors.
func Edited(name, config string, edits ...Edit) (string, error) {
	for _, e := range edits {
		if strings.Count(config, e[0]) != 1 {
			return "", fmt.Errorf("%q is not in %s, or more than once", e[0], name)
		}
		config = strings.Replace(config, e[0], e[1], 1)
	}
	return config, nil
}

// Socket is an address, host:port, as Envoy's configuration has it.
func Socket(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	return "address: " + host + ", port_value: " + port, nil
}

// Arguments are those of an Envoy with a configuration, and more of them. Several can run side by side. They log warnings only,
// but for requests.
func Arguments(file string, more ...string) []string {
	return append([]string{"--config-path", file, "--disable-hot-restart", "--log-level", "warning"}, more...)
}
