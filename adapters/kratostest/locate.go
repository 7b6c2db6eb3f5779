package kratostest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

const (
	mainModule   = "github.com/kratosgrpc/kratosgrpc"
	packageDir   = "adapters/kratostest"
	kratosModule = "github.com/ory/kratos"
)

// moduleDir finds the nested module called name on disk.
//
// The folder of this source file is the quick answer. It is no answer under
// -trimpath, where the compiler records import paths instead; then the go
// command says where the main module is, from anywhere inside of it.
func moduleDir(ctx context.Context, name string) (string, error) {
	if _, file, _, ok := runtime.Caller(0); ok {
		if dir := filepath.Join(filepath.Dir(file), name); isModule(dir) {
			return dir, nil
		}
	}

	out, err := runGo(ctx, "", "list", "-m", "-f", "{{.Dir}}", mainModule)
	if err == nil {
		root := strings.TrimSpace(string(out))
		if dir := filepath.Join(root, filepath.FromSlash(packageDir), name); isModule(dir) {
			return dir, nil
		}
		err = errors.New("a module downloaded as a dependency does not hold the modules nested in it")
	}
	return "", fmt.Errorf("kratostest: module %s not found; run this inside a checkout of %s: %w", name, mainModule, err)
}

func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return filepath.IsAbs(dir) && err == nil
}

// sourceDir returns the folder of Kratos's own sources, downloading them if
// somebody cleaned the module cache since the build.
//
// Kratos must run in that folder: it reads migrations, mail templates and JSON
// schemas at run time, from the module that the go command finds around the
// working directory.
func sourceDir(ctx context.Context, module string) (string, error) {
	out, err := runGo(ctx, module, "mod", "download", "-json", kratosModule)
	if err != nil {
		return "", err
	}
	var download struct{ Dir string }
	if err := json.Unmarshal(out, &download); err != nil {
		return "", fmt.Errorf("kratostest: go mod download: %w", err)
	}

	// The same question that Kratos will ask offline. Asked once here, with the
	// network at hand, every answer it needs is in the module cache.
	if _, err := runGo(ctx, download.Dir, "list", "-json", "."); err != nil {
		return "", err
	}
	return download.Dir, nil
}
