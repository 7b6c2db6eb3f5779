package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What stands between these is what the README quotes.
const (
	quoteBegins = "<!-- quoted from server/bench/RESULTS.md: begin -->\n"
	quoteEnds   = "<!-- quoted from server/bench/RESULTS.md: end -->\n"
)

// markdown is all that was found out.
func (r *results) markdown() string {
	var b strings.Builder
	b.WriteString("# What whoami costs\n\nWritten by `make bench`; package comment of server/bench says how it is measured.\n\n")
	b.WriteString(quoteBegins)
	fmt.Fprintf(&b, "%s, %s, Linux %s, %s, ", r.about.date, r.about.machine, r.about.kernel, r.about.goVersion)
	if r.about.envoy != "" {
		fmt.Fprintf(&b, "Envoy %s, ", r.about.envoy)
	}
	fmt.Fprintf(&b, "commit %s. Other programs took %.0f%% of the machine meanwhile.\n\n", r.about.commit, 100*max(r.others, 0))
	if r.missing != nil {
		fmt.Fprintf(&b, "Not measured: requests through Envoy; %v.\n\n", r.missing)
	}
	r.writeTargets(&b)
	b.WriteString(proxies)
	r.writeMeasured(&b)
	b.WriteString(quoteEnds)
	fmt.Fprintf(&b, notes, r.o.rounds, r.o.duration, r.placement())
	r.writeProfiles(&b)
	return b.String()
}

// proxies is what the targets say of proxies.
const proxies = `
ReverseProxy is httputil.ReverseProxy with no BufferPool, which it does not have by itself; only its connections are kept. Targets
are about that one. Tuned with a BufferPool it allocates less for each answer: how kratosgrpc compares with the tuned one stands
below each target, and so does what comes of 32 MiB of ballast.

`

// notes is what one has to know to read the tables; the package comment says why it is so.
const notes = `
Medians of %d rounds of %v each; ratios are made within a round. %s

CPU is what the server's process took for a call, in user and in kernel mode; Envoy's is Envoy's and that of the kratosgrpc that it
asks; the callers', what the load took. gRPC callers share 4 connections, HTTP/1.1 callers have one each. The stub, the bare server,
the proxy and the app behind Envoy log nothing; Kratos and kratosgrpc log at their default level, and Envoy each request, to
/dev/null. Kratos has its data in SQLite. With ballast: 32 MiB of unused heap, as kratosgrpc has, so that it is collected as seldom.
`

func (r *results) placement() string {
	if r.o.pin {
		return "The server that is measured has one processor, all others the rest."
	}
	return "All share all processors."
}

func (r *results) writeTargets(b *strings.Builder) {
	b.WriteString("| 32 callers | target | measured | lowest – highest | |\n|---|---|---|---|---|\n")
	for _, t := range r.targets() {
		limit, verdict, spread := "", "", ""
		if !t.aside {
			sign := "≥"
			if t.below {
				sign = "≤"
			}
			limit, verdict = sign+" "+number(t.limit)+t.unit, "missed"
			if t.met() {
				verdict = "met"
			}
		}
		if len(t.figures) > 1 {
			spread = number(slices.Min(t.figures)) + " – " + number(slices.Max(t.figures))
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", t.name, limit, number(median(t.figures))+t.unit, spread, verdict)
	}
}

func (r *results) writeMeasured(b *strings.Builder) {
	fmt.Fprintf(b, "| | 32 callers: requests/s | p50 ms | p99 ms | CPU µs | callers' CPU µs | 1 caller: requests/s | p50 ms | p99 ms | CPU µs | at %s/s: p50 ms | p99 ms | CPU µs |\n",
		inGroups(int64(r.o.rate)))
	b.WriteString("|---|" + strings.Repeat("--:|", 12) + "\n")
	for _, name := range r.names {
		row := []string{name}
		for _, l := range r.o.loads() {
			if l.rate == 0 {
				row = append(row, inGroups(int64(median(each(r, name, l.name, (*measured).perSecond)))))
			}
			for _, percent := range []float64{50, 99} {
				row = append(row, milliseconds(median(each(r, name, l.name, func(m *measured) time.Duration { return m.quantile(percent) }))))
			}
			row = append(row, microseconds(median(each(r, name, l.name, (*measured).cpuPerCall))))
			if l.name == load32 {
				row = append(row, microseconds(median(each(r, name, l.name, (*measured).callersCPUPerCall))))
			}
		}
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
}

func (r *results) writeProfiles(b *strings.Builder) {
	for _, t := range r.targets() {
		if top, ok := r.profiles[t.subject]; ok && !t.met() {
			fmt.Fprintf(b, "\n## Where the time of %s goes\n\n```\n%s```\n", t.subject, top)
			delete(r.profiles, t.subject)
		}
	}
}

// number has three digits that count, or all before the point.
func number(f float64) string {
	switch {
	case f >= 100 || f == float64(int64(f)):
		return inGroups(int64(f + 0.5))
	case f >= 10:
		return strconv.FormatFloat(f, 'f', 1, 64)
	default:
		return strconv.FormatFloat(f, 'f', 2, 64)
	}
}

func milliseconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds()*1e3, 'f', 2, 64)
}

func microseconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds()*1e6, 'f', 1, 64)
}

// inGroups writes a number with commas.
func inGroups(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// quotation is the part of a text that is quoted, with what marks it.
func quotation(text string) (string, bool) {
	begin, end := strings.Index(text, quoteBegins), strings.Index(text, quoteEnds)
	if begin < 0 || end < begin {
		return "", false
	}
	return text[begin : end+len(quoteEnds)], true
}

// quote renews the quotation in a file.
func quote(name, report string) error {
	data, err := os.ReadFile(name) //nolint:gosec // Whoever starts it names it.
	if err != nil {
		return err
	}
	was, ok := quotation(string(data))
	is, _ := quotation(report)
	if !ok {
		return fmt.Errorf("%s has no place for it: put %q and %q there", name, quoteBegins, quoteEnds)
	}
	return os.WriteFile(name, []byte(strings.Replace(string(data), was, is, 1)), 0o644) //nolint:gosec // It is for everybody to read.
}
