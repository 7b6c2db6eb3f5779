package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
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

	number := func(cell string) {
		t.Helper()
		if f, err := strconv.ParseFloat(strings.ReplaceAll(cell, ",", ""), 64); err != nil || f <= 0 {
			t.Errorf("%q is no figure in\n%s", cell, report)
		}
	}
	verdicts := 0
	for _, row := range regexp.MustCompile(`(?m)^\| (.+) \| ([≥≤] [\d.,]+)?(?: (?:µs|KiB))? \| ([\d.,]+)(?: (?:µs|KiB))? \| (.*) \| (met|missed)? \|$`).FindAllStringSubmatch(report, -1) {
		number(row[3])
		if (row[2] == "") != (row[5] == "") {
			t.Errorf("a target without a verdict, or the other way round: %s", row[0])
		}
		if row[5] != "" {
			verdicts++
		}
		if strings.Contains(row[1], "cold token") && row[3] != "1" {
			t.Errorf("Kratos was asked %s times", row[3])
		}
	}
	const targets = 11
	if verdicts != targets {
		t.Errorf("%d targets, want %d, in\n%s", verdicts, targets, report)
	}
	for _, name := range []string{
		subjectKratos, subjectProxy, subjectProxyPlain, subjectProxyBallast, subjectBare, subjectBareBallast,
		subjectGRPCCached, subjectGRPCUncached, subjectRESTCached, subjectRESTUncached,
		subjectCheckCached, subjectBareCheck,
	} {
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
