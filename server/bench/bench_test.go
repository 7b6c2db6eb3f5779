package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	"github.com/kratosgrpc/kratosgrpc/server/internal/envoytest"
)

func TestMain(m *testing.M) {
	// The servers that are measured are this program too.
	if runsAsSubject() {
		return
	}
	os.Exit(m.Run())
}

// TestRun measures everything, too shortly to mean anything, and reads what is written of it.
func TestRun(t *testing.T) {
	// Here it is skipped, or fails, where there can't be a Kratos.
	kratostest.StartT(t, kratostest.Options{Version: kratostest.V13})
	readme := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(readme, []byte("before\n"+quoteBegins+"old\n"+quoteEnds+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := &options{
		duration: 50 * time.Millisecond, warmUp: 20 * time.Millisecond, rounds: 2, rate: 200, sessions: 500, benchTime: "100x",
		out: filepath.Join(t.TempDir(), "RESULTS.md"), readme: readme,
	}
	if err := run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(o.out)
	if err != nil {
		t.Fatal(err)
	}
	report := string(data)

	envoys := []string{subjectEnvoy, subjectEnvoyChecked}
	root, err := repository(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := envoytest.Program(root); err != nil {
		if ci, _ := strconv.ParseBool(os.Getenv("CI")); ci {
			t.Fatal(err)
		}
		if !strings.Contains(report, "Not measured: requests through Envoy; "+err.Error()) {
			t.Errorf("it is not said that there is no Envoy in\n%s", report)
		}
		envoys = nil
	}

	number := func(cell string) {
		t.Helper()
		if f, err := strconv.ParseFloat(strings.ReplaceAll(cell, ",", ""), 64); err != nil || f <= 0 {
			t.Errorf("%q is no figure in\n%s", cell, report)
		}
	}
	verdicts, asides, envoyAsides := 0, 0, 0
	for _, row := range regexp.MustCompile(`(?m)^\| (.+) \| ([≥≤] [\d.,]+)?(?: (?:µs|KiB))? \| (-?[\d.,]+)(?: (?:µs|ms|KiB))? \| (.*) \| (met|missed)? \|$`).FindAllStringSubmatch(report, -1) {
		if strings.Contains(row[1], "what the Check adds") {
			// By chance that can be less than nothing, as short as this is.
			row[3] = strings.TrimPrefix(row[3], "-")
		}
		number(row[3])
		if (row[2] == "") != (row[5] == "") {
			t.Errorf("a target without a verdict, or the other way round: %s", row[0])
		}
		switch {
		case row[5] != "":
			verdicts++
		case strings.Contains(row[1], "Envoy"), strings.Contains(row[1], "the Check adds"), strings.Contains(row[1], "without ext_authz"):
			envoyAsides++
		default:
			asides++
		}
		if strings.Contains(row[1], "cold token") && row[3] != "1" {
			t.Errorf("Kratos was asked %s times", row[3])
		}
	}
	// Each of the four targets about a proxy has three other proxies beside it, each of the two about the bare server one with
	// ballast, and Check one that answers Check.
	const targets, wantAsides = 11, 4*3 + 2 + 1
	if verdicts != targets || asides != wantAsides || envoyAsides != 2*len(envoys) {
		t.Errorf("%d targets, %d beside them and %d of Envoy, want %d, %d and %d, in\n%s", verdicts, asides, envoyAsides, targets, wantAsides, 2*len(envoys), report)
	}
	for _, name := range append([]string{
		subjectKratos, subjectProxy, subjectProxyPool, subjectProxyBallast, subjectProxyPoolBallast, subjectBare, subjectBareBallast,
		subjectGRPCCached, subjectGRPCUncached, subjectRESTCached, subjectRESTUncached,
		subjectCheckCached, subjectBareCheck,
	}, envoys...) {
		row := regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(name) + ` \| (.*) \|$`).FindStringSubmatch(report)
		if row == nil {
			t.Errorf("nothing is said of %s in\n%s", name, report)
			continue
		}
		for cell := range strings.SplitSeq(row[1], " | ") {
			number(cell)
		}
	}

	quoting, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	is, _ := quotation(report)
	if want := "before\n" + is + "after\n"; is == "" || string(quoting) != want {
		t.Errorf("the quotation is\n%s\nand not\n%s", quoting, want)
	}
}

// TestTargetsAreAboutThePlainProxy: a target that names ReverseProxy is about one with nothing added to it; those that are
// tuned stand beside it, and say so.
func TestTargetsAreAboutThePlainProxy(t *testing.T) {
	t.Parallel()
	servers := map[string]string{}
	for _, e := range catalogue {
		servers[e.name] = e.server
	}
	r := newResults(&options{only: "."})
	speeds := map[string]int64{subjectGRPCUncached: 600, subjectProxy: 1000, subjectProxyPool: 1200, subjectProxyBallast: 1500, subjectProxyPoolBallast: 2000}
	for name, calls := range speeds {
		r.add(name, load32, &measured{calls: calls, elapsed: time.Second, cpu: time.Second})
	}
	got := map[string]*target{}
	for _, found := range r.targets() {
		got[found.name] = found
	}
	const verdict = "uncached Whoami over gRPC ÷ ReverseProxy, requests/s"
	if about := got[verdict]; servers[subjectProxy] != serverProxy || about.aside || about.met() || median(about.figures) != 0.6 {
		t.Errorf("the target is about %q: %+v", servers[subjectProxy], about)
	}
	// CPU per call has rows of the same names before these.
	for name, want := range map[string]float64{
		"… ÷ ReverseProxy with a BufferPool": 0.5, "… ÷ ReverseProxy with the same ballast": 0.4,
		"… ÷ ReverseProxy with a BufferPool and the same ballast": 0.3,
	} {
		// What misses the target beside a tuned one is to be profiled too.
		if beside := got[name]; beside == nil || !beside.aside || beside.met() || beside.subject != subjectGRPCUncached || median(beside.figures) != want {
			t.Errorf("%s: %+v, want %v beside the target", name, beside, want)
		}
	}
}

// TestWithoutEnvoy: where there is none, all else is measured, and it is said what is missing.
func TestWithoutEnvoy(t *testing.T) {
	t.Setenv("ENVOY", "")
	t.Setenv("PATH", t.TempDir())
	o, root := &options{}, t.TempDir()
	w, err := newWorld(t.Context(), o, root, "", func(name string) bool { return name == subjectBare || name == subjectEnvoyChecked })
	if err != nil {
		t.Fatal(err)
	}
	defer w.stop()
	if len(w.subjects) != 1 || w.subjects[0].name != subjectBare || !errors.Is(w.missing, envoytest.ErrMissing) {
		t.Errorf("%d subjects, missing: %v", len(w.subjects), w.missing)
	}
	if w, err := newWorld(t.Context(), o, root, "", func(name string) bool { return name == subjectEnvoy }); !errors.Is(err, envoytest.ErrMissing) {
		t.Errorf("without Envoy a request through it is measured: %v, %v", w, err)
	}
}

// TestCachedIsCached: it is noticed where Kratos is asked for what is said to be in the cache.
func TestCachedIsCached(t *testing.T) {
	t.Parallel()
	root, err := repository(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "kratosgrpc")
	if err := build(t.Context(), root, binary, ""); err != nil {
		t.Fatal(err)
	}
	o := &options{duration: 50 * time.Millisecond, warmUp: 20 * time.Millisecond, rate: 200}
	w, err := newWorld(t.Context(), o, root, binary, func(name string) bool { return name == subjectCheckCached || name == subjectGRPCUncached })
	if err != nil {
		t.Fatal(err)
	}
	defer w.stop()
	for _, l := range o.loads() {
		if _, err := w.measure(t.Context(), l, w.subject(subjectCheckCached), o); err != nil {
			t.Error(err)
		}
	}
	uncached := w.subject(subjectGRPCUncached)
	if uncached.cached {
		t.Fatal("what has no cache is said to be cached")
	}
	uncached.cached = true
	if _, err := w.measure(t.Context(), o.loads()[0], uncached, o); err == nil || !strings.Contains(err.Error(), "Kratos was asked") {
		t.Errorf("nobody notices that Kratos is asked: %v", err)
	}
}

// TestOpenLoop: a server that stalls once keeps all calls waiting that are due meanwhile, and latencies say so, though few
// calls have been sent.
func TestOpenLoop(t *testing.T) {
	t.Parallel()
	const stall = 200 * time.Millisecond
	l := &load{name: "open", rate: 100}
	m, err := l.put(t.Context(), []caller{&stalling{stall: stall}}, 2*stall)
	if err != nil {
		t.Fatal(err)
	}
	if m.calls != 40 {
		t.Errorf("%d calls, want as many as were due", m.calls)
	}
	// The 20 that were due while the first was under way have waited too.
	if waited := m.quantile(75); waited < stall/4 {
		t.Errorf("a quarter has waited for %v at least, want some of the %v", waited, stall)
	}
}

// stalling is a caller whose first call takes long.
type stalling struct{ stall time.Duration }

func (s *stalling) call() error {
	time.Sleep(s.stall)
	s.stall = 0
	return nil
}

// TestCPUTime: what a process does is counted, and in less than a second's time.
func TestCPUTime(t *testing.T) {
	t.Parallel()
	before, err := cpuTimeOf(os.Getpid())
	if err != nil {
		t.Skip(err)
	}
	for begin := time.Now(); time.Since(begin) < time.Second; {
		now, err := cpuTimeOf(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if now-before >= 10*time.Millisecond {
			return
		}
	}
	t.Error("no time is counted")
}
