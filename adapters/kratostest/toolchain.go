package kratostest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// ErrToolchain is in the chain of every error that means "this machine cannot
// build Kratos": no Go command, or no C compiler for SQLite.
var ErrToolchain = errors.New("toolchain is missing")

// goEnv holds the settings of the Go command that decide what a build yields.
type goEnv struct {
	GoVersion string `json:"GOVERSION"`
	OS        string `json:"GOOS"`
	Arch      string `json:"GOARCH"`
	CC        string `json:"CC"`
	CFlags    string `json:"CGO_CFLAGS"`
	LDFlags   string `json:"CGO_LDFLAGS"`
}

// toolchain checks that Go and a C compiler are there and describes them.
func toolchain(ctx context.Context) (goEnv, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return goEnv{}, fmt.Errorf("kratostest: Kratos is built, and finds its assets, with the go command, "+
			"which is not in PATH; get it from https://go.dev/dl: %w", ErrToolchain)
	}

	out, err := runGo(ctx, "", "env", "-json", "GOVERSION", "GOOS", "GOARCH", "CC", "CGO_CFLAGS", "CGO_LDFLAGS")
	if err != nil {
		return goEnv{}, err
	}
	var env goEnv
	if err := json.Unmarshal(out, &env); err != nil {
		return goEnv{}, fmt.Errorf("kratostest: go env: %w", err)
	}

	compiler, _, _ := strings.Cut(env.CC, " ")
	if _, err := exec.LookPath(compiler); err != nil {
		return goEnv{}, fmt.Errorf("kratostest: Kratos keeps its data in SQLite, which needs a C compiler, and %q "+
			"is not in PATH; install one (Debian, Ubuntu: apt-get install gcc libc6-dev; Alpine: apk add gcc musl-dev; "+
			"macOS: xcode-select --install) or point CC at yours: %w", compiler, ErrToolchain)
	}
	return env, nil
}

// runGo runs the go command in dir and returns what it printed.
func runGo(ctx context.Context, dir string, args ...string) ([]byte, error) {
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Stderr = &stderr
	// A workspace or flags such as -mod=mod are meant for the caller's own
	// module; here they would change which Kratos is built.
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS="+harmlessGoFlags(), "CGO_ENABLED=1")

	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("kratostest: go %s: %w\n%s", strings.Join(args, " "), err, tail(stderr.String(), 4096))
	}
	return out, nil
}

// harmlessGoFlags keeps of GOFLAGS only what cannot change the selected modules.
func harmlessGoFlags() string {
	var kept []string
	for flag := range strings.FieldsSeq(os.Getenv("GOFLAGS")) {
		if strings.HasPrefix(flag, "-buildvcs") || strings.HasPrefix(flag, "-modcacherw") || strings.HasPrefix(flag, "-p=") {
			kept = append(kept, flag)
		}
	}
	return strings.Join(kept, " ")
}

func tail(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return "…" + s[len(s)-limit:]
}
