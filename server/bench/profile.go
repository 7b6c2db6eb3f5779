package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// profileEnv names the file that profiled.go writes a profile to.
const profileEnv = "KRATOSGRPC_BENCH_PROFILE"

// profiledOverlay has the go command build kratosgrpc with profiled.go beside its own files.
func profiledOverlay(root, dir string) (overlay string, err error) {
	at := filepath.Join(root, "server", "cmd", "kratosgrpc", "profiled.go")
	from := filepath.Join(root, "server", "bench", "profiled.go")
	encoded, err := json.Marshal(map[string]map[string]string{"Replace": {at: from}})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, encoded, 0o600)
}

// profiledFor is for how many times as long as it is measured a server is profiled.
const profiledFor = 10

// profile takes a CPU profile of a subject's server under load and writes it to a file; top is what pprof says of it. The
// server is another one than those that are measured, so that nothing is measured while it is looked at.
func profile(ctx context.Context, o *options, root, name, file string) (top string, err error) {
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if name == subjectKratos || name == subjectEnvoy || name == subjectEnvoyChecked {
		return "", fmt.Errorf("of %s there is no profile", name)
	}
	binary := filepath.Join(dir, "kratosgrpc")
	overlay, err := profiledOverlay(root, dir)
	if err != nil {
		return "", err
	}
	if err := build(ctx, root, binary, overlay); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return "", err
	}
	w, err := newWorld(ctx, o, root, binary, func(subject string) bool { return subject == name }, profileEnv+"="+file)
	if err != nil {
		return "", err
	}
	defer w.stop()
	s, l := w.subjects[0], o.loads()[0]
	callers, closeAll, err := s.callers(ctx, l.callers)
	if err != nil {
		return "", err
	}
	defer closeAll()
	if _, err := l.put(ctx, callers, o.warmUp); err != nil {
		return "", err
	}
	if err := syscall.Kill(s.server.pid, syscall.SIGUSR1); err != nil {
		return "", err
	}
	if _, err := l.put(ctx, callers, profiledFor*o.duration); err != nil {
		return "", err
	}
	if err := syscall.Kill(s.server.pid, syscall.SIGUSR2); err != nil {
		return "", err
	}
	for since := time.Now(); os.Rename(file+profileDone, file) != nil; time.Sleep(10 * time.Millisecond) {
		if time.Since(since) > hungAfter {
			return "", errors.New("the server writes no profile")
		}
	}
	return output(ctx, root, "go", "tool", "pprof", "-top", "-cum", "-nodecount=50", file)
}
