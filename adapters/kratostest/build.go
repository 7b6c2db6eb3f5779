package kratostest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// installation is a Kratos that is ready to be started any number of times.
type installation struct {
	binary    string
	workDir   string // working directory that Kratos needs, see sourceDir; empty if any will do
	emptyData string // SQLite database with all migrations applied
}

var (
	installationsMu sync.Mutex
	installations   = map[Version]installation{}
)

// Build makes sure that the given Kratos is built and returns its binary.
//
// Binaries are kept in the user's cache folder, one for each combination of
// Kratos, its dependencies and the toolchain. Any number of processes may call
// Build at once: one builds, the others wait for it. What happens is reported to
// logf, which may be nil.
func Build(ctx context.Context, version Version, logf func(format string, args ...any)) (binary string, err error) {
	inst, err := install(ctx, version, logf)
	return inst.binary, err
}

func install(ctx context.Context, version Version, logf func(string, ...any)) (installation, error) {
	installationsMu.Lock()
	defer installationsMu.Unlock()

	if inst, ok := installations[version]; ok {
		return inst, nil
	}
	if logf == nil {
		logf = func(string, ...any) {}
	}

	rel, err := version.release()
	if err != nil {
		return installation{}, err
	}
	env, err := toolchain(ctx)
	if err != nil {
		return installation{}, err
	}
	module, err := moduleDir(ctx, rel.module)
	if err != nil {
		return installation{}, err
	}
	dir, err := cacheDir(rel, env, module)
	if err != nil {
		return installation{}, err
	}
	unlock, err := lock(ctx, filepath.Join(dir, "lock"), func() {
		logf("kratostest: another process is building Kratos %s, waiting for it", rel.tag)
	})
	if err != nil {
		return installation{}, err
	}
	defer unlock()

	inst := installation{
		binary:    filepath.Join(dir, executable("kratos")),
		emptyData: filepath.Join(dir, "empty.sqlite"),
	}
	if err := once(inst.binary, func(path string) error { return compile(ctx, rel, module, path, logf) }); err != nil {
		return installation{}, err
	}
	if rel.assets {
		if inst.workDir, err = sourceDir(ctx, module); err != nil {
			return installation{}, err
		}
	}
	if err := once(inst.emptyData, func(path string) error { return inst.migrate(ctx, path) }); err != nil {
		return installation{}, err
	}
	installations[version] = inst
	return inst, nil
}

// cacheDir creates and returns the folder that belongs to exactly these inputs.
func cacheDir(rel release, env goEnv, module string) (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("kratostest: no folder to keep the Kratos binary in: %w", err)
	}

	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n%+v\n%q\n", rel.tag, rel.module, env, buildFlags(rel))
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(module, name))
		if err != nil {
			return "", fmt.Errorf("kratostest: %w", err)
		}
		sum.Write(data)
	}

	dir := filepath.Join(base, "kratosgrpc", fmt.Sprintf("kratos-%s-%x", rel.tag, sum.Sum(nil)[:6]))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("kratostest: %w", err)
	}
	return dir, nil
}

// once creates path unless it is there. A half-made file never gets the name.
func once(path string, create func(path string) error) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	partial := fmt.Sprintf("%s.%d.partial", path, os.Getpid())
	if err := os.RemoveAll(partial); err != nil {
		return fmt.Errorf("kratostest: %w", err)
	}
	if err := create(partial); err != nil {
		return err
	}
	if err := os.Rename(partial, path); err != nil {
		return fmt.Errorf("kratostest: %w", err)
	}
	return nil
}

func buildFlags(rel release) []string {
	return []string{
		"-mod=readonly",
		"-tags=sqlite",
		"-ldflags=-s -w -X " + kratosModule + "/" + rel.versionVar + "=" + rel.tag,
	}
}

func compile(ctx context.Context, rel release, module, path string, logf func(string, ...any)) error {
	logf("kratostest: building Kratos %s; the first build takes about two minutes, later runs find it in %s",
		rel.tag, filepath.Dir(path))
	start := time.Now()

	args := append([]string{"build"}, buildFlags(rel)...)
	args = append(args, "-o", path, kratosModule)
	if _, err := runGo(ctx, module, args...); err != nil {
		return err
	}
	logf("kratostest: built Kratos %s in %s", rel.tag, time.Since(start).Round(time.Second))
	return nil
}

// migrate writes an empty database to path: once, because Kratos takes a process
// of its own to do so. Every start works on a copy. It must be one plain file,
// so no write-ahead log here.
func (inst installation) migrate(ctx context.Context, path string) error {
	cmd := exec.CommandContext(ctx, inst.binary, "migrate", "sql", "--yes", dataSource(path))
	cmd.Dir = cmp.Or(inst.workDir, filepath.Dir(path))
	cmd.Env = environment(nil)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("kratostest: kratos migrate sql: %w\n%s", err, tail(string(out), 4096))
	}
	return nil
}

func executable(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}
