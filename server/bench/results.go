package main

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// results is all that a run has found out.
type results struct {
	o     *options
	about *about
	// measured is by subject and load, with one for each round.
	measured map[string]map[string][]*measured
	names    []string
	// others is how much of the machine other programs than those of the run took, from 0 to 1.
	others float64
	// missing is why there is nothing of some subjects; nil if there is something of all.
	missing error

	// The rest is not known with -only.

	// decision and allocations are what it takes in-process to answer what is in the cache.
	decision    time.Duration
	allocations float64
	// sessionBytes is what a kept session takes.
	sessionBytes float64
	// coldQuestions is how often Kratos was asked when all asked for one session.
	coldQuestions int64
	// profiles are those of servers that miss a target, by subject.
	profiles map[string]string
}

func newResults(o *options) *results {
	return &results{o: o, measured: map[string]map[string][]*measured{}, profiles: map[string]string{}}
}

func (r *results) add(subject, load string, m *measured) {
	if r.measured[subject] == nil {
		r.measured[subject] = map[string][]*measured{}
		r.names = append(r.names, subject)
	}
	r.measured[subject][load] = append(r.measured[subject][load], m)
}

// inProcess runs the benchmarks of the session cache, in its own package.
func (r *results) inProcess(ctx context.Context, root string) error {
	const pkg = "./server/internal/sessions"
	out, err := output(ctx, root, "go", "test", "-run=^$", "-bench=^BenchmarkKnown$", "-benchmem", "-benchtime="+r.o.benchTime, "-count=3", pkg)
	if err != nil {
		return err
	}
	ns, err := figures(out, "ns/op")
	if err != nil {
		return err
	}
	r.decision = time.Duration(median(ns))
	allocs, err := figures(out, "allocs/op")
	if err != nil {
		return err
	}
	r.allocations = median(allocs)
	out, err = output(ctx, root, "go", "test", "-run=^$", "-bench=^BenchmarkKept$", fmt.Sprintf("-benchtime=%dx", r.o.sessions), pkg)
	if err != nil {
		return err
	}
	kept, err := figures(out, "B/session")
	if err != nil {
		return err
	}
	r.sessionBytes = median(kept)
	return nil
}

// figures are what a benchmark says of a unit, once for each of its runs.
func figures(out, unit string) ([]float64, error) {
	var all []float64
	for _, found := range regexp.MustCompile(`(?m)^Benchmark.*\s([0-9.]+) `+regexp.QuoteMeta(unit)).FindAllStringSubmatch(out, -1) {
		f, err := strconv.ParseFloat(found[1], 64)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no %s in\n%s", unit, out)
	}
	return all, nil
}

// median is the middle one, or the mean of the two in the middle.
func median[N ~int64 | ~float64](all []N) N {
	sorted := slices.SortedFunc(slices.Values(all), cmp.Compare[N])
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}

// each is a figure of a subject under a load in each round.
func each[N ~int64 | ~float64](r *results, subject, load string, figure func(*measured) N) []N {
	var all []N
	for _, m := range r.measured[subject][load] {
		all = append(all, figure(m))
	}
	return all
}

// ratio is how two subjects compare in a figure, in each round: what one round has to do with another depends on what else
// the machine had to do.
func (r *results) ratio(subject, other string, figure func(*measured) float64) []float64 {
	a, b := each(r, subject, load32, figure), each(r, other, load32, figure)
	if len(a) != len(b) {
		return nil
	}
	for i := range a {
		a[i] /= b[i]
	}
	return a
}
