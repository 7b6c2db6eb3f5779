package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// options are the command line's.
type options struct {
	duration, warmUp time.Duration
	rounds, rate     int
	sessions         int
	benchTime        string
	pin              bool
	out, readme      string
	profile, only    string
}

// processors are which ones a server that is measured may use, and which ones all others; none means any.
func (o *options) processors() (measured, rest []int) {
	if !o.pin {
		return nil, nil
	}
	measured = []int{0}
	for i := 1; i < runtime.NumCPU(); i++ {
		rest = append(rest, i)
	}
	return measured, rest
}

// The names of the loads.
const (
	load32   = "32 callers"
	load1    = "1 caller"
	loadOpen = "open loop"
)

func (o *options) loads() []*load {
	return []*load{
		{name: load32, callers: 32},
		{name: load1, callers: 1},
		{name: loadOpen, callers: openCallers, rate: o.rate},
	}
}

// run measures everything, tells of it, and writes it down.
func run(ctx context.Context, o *options) error {
	root, err := repository(ctx)
	if err != nil {
		return err
	}
	if o.profile != "" {
		file := filepath.Join(root, ".bin", "cpu.prof")
		top, err := profile(ctx, o, root, o.profile, file)
		if err == nil {
			fmt.Printf("%s\nThe profile is in %s\n", top, file)
		}
		return err
	}
	r, err := measure(ctx, o, root)
	if err != nil {
		return err
	}
	if o.only == "" {
		if err := r.explain(ctx, root); err != nil {
			return err
		}
	}
	report := r.markdown()
	fmt.Print(report)
	if o.only != "" {
		return nil
	}
	if o.out != "" {
		if err := os.WriteFile(o.out, []byte(report), 0o644); err != nil { //nolint:gosec // It is for everybody to read.
			return err
		}
	}
	if o.readme != "" {
		return quote(o.readme, report)
	}
	return nil
}

// explain profiles the servers that miss a target, also if that is only beside something that is tuned.
func (r *results) explain(ctx context.Context, root string) error {
	for _, t := range r.targets() {
		if t.met() || t.subject == "" || r.profiles[t.subject] != "" {
			continue
		}
		file := filepath.Join(root, ".bin", "cpu.prof")
		top, err := profile(ctx, r.o, root, t.subject, file)
		if err != nil {
			return err
		}
		r.profiles[t.subject] = top
	}
	return nil
}

// measure starts all there is to measure, and measures it.
func measure(ctx context.Context, o *options, root string) (*results, error) {
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary := filepath.Join(dir, "kratosgrpc")
	if err := build(ctx, root, binary, ""); err != nil {
		return nil, err
	}
	r := newResults(o)
	if r.about, err = describe(ctx, root); err != nil {
		return nil, err
	}
	// What is measured in-process comes first, before there is any other process.
	if o.only == "" {
		if err := r.inProcess(ctx, root); err != nil {
			return nil, err
		}
	}
	wanted, err := regexp.Compile(o.only)
	if err != nil {
		return nil, err
	}
	w, err := newWorld(ctx, o, root, binary, wanted.MatchString)
	if err != nil {
		return nil, err
	}
	defer w.stop()
	if r.missing = w.missing; r.missing != nil {
		fmt.Fprintf(os.Stderr, "Requests through Envoy are not measured: %v.\n", r.missing)
	}
	if o.only == "" {
		if r.coldQuestions, err = w.stampede(ctx); err != nil {
			return nil, err
		}
	}
	if _, rest := o.processors(); len(rest) > 0 {
		if err := confine(rest); err != nil {
			return nil, err
		}
	}
	return r, w.rounds(ctx, o, r)
}

// rounds measures all subjects under all loads, again and again, so that each is measured at the same times as the others:
// machines have other things to do too.
func (w *world) rounds(ctx context.Context, o *options, r *results) error {
	before, err := machineTime()
	if err != nil {
		return err
	}
	own := func() (sum time.Duration) {
		for _, pid := range append(w.pids(), os.Getpid()) {
			t, _ := cpuTimeOf(pid)
			sum += t
		}
		return sum
	}
	ownBefore := own()
	for round := range o.rounds {
		subjects := slices.Clone(w.subjects)
		if round%2 == 1 {
			// Whoever comes after whom has no part in it.
			slices.Reverse(subjects)
		}
		for _, l := range o.loads() {
			for _, s := range subjects {
				m, err := w.measure(ctx, l, s, o)
				if err != nil {
					return err
				}
				r.add(s.name, l.name, m)
				fmt.Fprintf(os.Stderr, "round %d, %-10s %-67s %7.0f/s  p50 %-10v p99 %-10v CPU %v, callers' %v\n",
					round+1, l.name, s.name, m.perSecond(), m.quantile(50), m.quantile(99), m.cpuPerCall(), m.callersCPUPerCall())
			}
		}
	}
	after, err := machineTime()
	if err != nil {
		return err
	}
	r.others = (after.busy - before.busy - (own() - ownBefore)).Seconds() / (after.total - before.total).Seconds()
	return nil
}

// stampede is how often Kratos is asked when very many ask for one session that is not known yet, all at the same time.
func (w *world) stampede(ctx context.Context) (questions int64, err error) {
	s := *w.subject(subjectGRPCCached)
	s.credentials = always("ory_st_thatnobodyhasaskedforuntilnow")
	callers, closeAll, err := s.grpcCallers(ctx, stampeding/stampedingEach, stampeding)
	if err != nil {
		return 0, err
	}
	defer closeAll()
	before, err := w.questions()
	if err != nil {
		return 0, err
	}
	var calling sync.WaitGroup
	failed := make([]error, len(callers))
	for i, c := range callers {
		calling.Go(func() { failed[i] = c.call() })
	}
	calling.Wait()
	if err := errors.Join(failed...); err != nil {
		return 0, err
	}
	after, err := w.questions()
	return after - before, err
}

const (
	// stampeding is how many that are.
	stampeding = 10_000
	// stampedingEach is how many of them share a connection; servers limit that.
	stampedingEach = 250
)

const mainModule = "github.com/kratosgrpc/kratosgrpc"

// repository is the folder of the main module.
func repository(ctx context.Context) (string, error) {
	dir, err := output(ctx, "", "go", "list", "-m", "-f", "{{.Dir}}", mainModule)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(dir), nil
}

// build builds kratosgrpc as `make build` does, with the files of an overlay if there is one.
func build(ctx context.Context, root, binary, overlay string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-overlay="+overlay, "-o", binary, "./server/cmd/kratosgrpc") //nolint:gosec // It is in a folder of its own.
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building kratosgrpc: %w\n%s", err, out)
	}
	return nil
}
