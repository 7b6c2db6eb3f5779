package main

import (
	"slices"
	"strings"
)

// target is something that has to be reached.
type target struct {
	name string
	// unit is what follows a figure.
	unit string
	// limit is the least that figures may be, or the most if below is true.
	limit float64
	below bool
	// figures are what was measured, in each round.
	figures []float64
	// subject is the one to look at if it is missed; empty if that is none.
	subject string
	// aside is true where there is no verdict: it is told beside another, to judge that by.
	aside bool
}

// met says whether the median is within the limit.
func (t *target) met() bool {
	if t.below {
		return median(t.figures) <= t.limit
	}
	return median(t.figures) >= t.limit
}

// beside are those that stand beside what a target compares with: they are the same but for what is said.
var beside = map[string][]struct{ name, subject string }{
	subjectBare: {{"bare grpc-go with the same ballast", subjectBareBallast}},
	subjectProxy: {
		{"ReverseProxy with a BufferPool", subjectProxyPool},
		{"ReverseProxy with the same ballast", subjectProxyBallast},
		{"ReverseProxy with a BufferPool and the same ballast", subjectProxyPoolBallast},
	},
}

// compared is a target for how a subject compares with another one, and the same for those beside that.
func (r *results) compared(subject, other, name string, limit float64) []*target {
	t := &target{name: name, limit: limit, subject: subject}
	figure := (*measured).perSecond
	if strings.HasSuffix(name, cpuPerCall) {
		t.below = true
		figure = func(m *measured) float64 { return float64(m.cpuPerCall()) }
	}
	t.figures = r.ratio(subject, other, figure)
	found := []*target{t}
	for _, b := range beside[other] {
		found = append(found, &target{name: "… ÷ " + b.name, aside: true, figures: r.ratio(subject, b.subject, figure), limit: limit, below: t.below, subject: subject})
	}
	return found
}

// cpuPerCall ends the name of targets that compare that, and not requests/s.
const cpuPerCall = "CPU per call"

// targets are all of which something was measured.
func (r *results) targets() []*target {
	all := slices.Concat(
		r.compared(subjectGRPCCached, subjectBare, "cached Whoami over gRPC ÷ bare grpc-go unary, requests/s", 0.85),
		r.compared(subjectGRPCCached, subjectKratos, "cached Whoami over gRPC ÷ Kratos 1.3.1 itself, requests/s", 10),
		r.compared(subjectGRPCUncached, subjectProxy, "uncached Whoami over gRPC ÷ ReverseProxy, "+cpuPerCall, 1),
		r.compared(subjectGRPCUncached, subjectProxy, "uncached Whoami over gRPC ÷ ReverseProxy, requests/s", 1),
		r.compared(subjectRESTCached, subjectProxy, "cached REST whoami ÷ ReverseProxy, requests/s", 2),
		r.compared(subjectRESTUncached, subjectProxy, "uncached REST whoami ÷ ReverseProxy, requests/s", 0.7),
		r.compared(subjectCheckCached, subjectBare, "cached Check of ext_authz ÷ bare grpc-go unary, requests/s", 0.6),
		[]*target{{
			name: "… ÷ bare grpc-go that answers Check", aside: true,
			figures: r.ratio(subjectCheckCached, subjectBareCheck, (*measured).perSecond),
		}},
		r.throughEnvoy(),
	)
	if r.o.only == "" {
		all = append(all, r.inProcessTargets()...)
	}
	var known []*target
	for _, t := range all {
		if len(t.figures) > 0 {
			known = append(known, t)
		}
	}
	return known
}

// throughEnvoy is what a cached Check adds to a request through Envoy. There is no target for it.
func (r *results) throughEnvoy() []*target {
	p99 := func(m *measured) float64 { return m.quantile(99).Seconds() * 1e3 }
	with, without := each(r, subjectEnvoyChecked, loadOpen, p99), each(r, subjectEnvoy, loadOpen, p99)
	if len(with) == 0 || len(without) == 0 {
		return nil
	}
	adds := make([]float64, len(with))
	for i := range adds {
		adds[i] = with[i] - without[i]
	}
	rate := inGroups(int64(r.o.rate))
	return []*target{
		{name: "request through Envoy with a cached Check, p99 at " + rate + "/s", unit: " ms", aside: true, figures: with},
		{name: "… without ext_authz", unit: " ms", aside: true, figures: without},
		{name: "… what the Check adds to it", unit: " ms", aside: true, figures: adds},
		{
			name: "request through Envoy with a cached Check ÷ without ext_authz, requests/s", aside: true,
			figures: r.ratio(subjectEnvoyChecked, subjectEnvoy, (*measured).perSecond),
		},
	}
}

func (r *results) inProcessTargets() []*target {
	return []*target{
		{name: "cached decision in-process", unit: " µs", limit: 3, below: true, figures: []float64{r.decision.Seconds() * 1e6}},
		{name: "allocations of it", limit: 5, below: true, figures: []float64{r.allocations}},
		{
			name: inGroups(stampeding) + " concurrent calls with one cold token, questions to Kratos", limit: 1, below: true,
			figures: []float64{float64(r.coldQuestions)},
		},
		{
			name: inGroups(int64(r.o.sessions)) + " cached sessions, all included, each", unit: " KiB", limit: 1.2, below: true,
			figures: []float64{r.sessionBytes / 1024},
		},
	}
}
