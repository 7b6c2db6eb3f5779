package main

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
	// aside is true where there is no limit: it is told beside another, to judge that by.
	aside bool
}

// met says whether the median is within the limit.
func (t *target) met() bool {
	if t.below {
		return median(t.figures) <= t.limit
	}
	return median(t.figures) >= t.limit
}

// targets are all of which something was measured.
func (r *results) targets() []*target {
	perSecond := (*measured).perSecond
	cpu := func(m *measured) float64 { return float64(m.cpuPerCall()) }
	all := []*target{
		{
			name: "cached Whoami over gRPC ÷ bare grpc-go unary, requests/s", limit: 0.85, subject: subjectGRPCCached,
			figures: r.ratio(subjectGRPCCached, subjectBare, perSecond),
		},
		{
			name: "the same ÷ bare grpc-go with the same ballast", aside: true,
			figures: r.ratio(subjectGRPCCached, subjectBareBallast, perSecond),
		},
		{
			name: "cached Whoami over gRPC ÷ Kratos 1.3.1 itself, requests/s", limit: 10, subject: subjectGRPCCached,
			figures: r.ratio(subjectGRPCCached, subjectKratos, perSecond),
		},
		{
			name: "uncached Whoami over gRPC ÷ ReverseProxy, CPU per call", limit: 1, below: true, subject: subjectGRPCUncached,
			figures: r.ratio(subjectGRPCUncached, subjectProxy, cpu),
		},
		{
			name: "the same ÷ ReverseProxy with the same ballast", aside: true, below: true,
			figures: r.ratio(subjectGRPCUncached, subjectProxyBallast, cpu),
		},
		{
			name: "uncached Whoami over gRPC ÷ ReverseProxy, requests/s", limit: 1, subject: subjectGRPCUncached,
			figures: r.ratio(subjectGRPCUncached, subjectProxy, perSecond),
		},
		{
			name: "the same ÷ ReverseProxy with the same ballast", aside: true,
			figures: r.ratio(subjectGRPCUncached, subjectProxyBallast, perSecond),
		},
		{
			name: "cached REST whoami ÷ ReverseProxy, requests/s", limit: 2, subject: subjectRESTCached,
			figures: r.ratio(subjectRESTCached, subjectProxy, perSecond),
		},
		{
			name: "uncached REST whoami ÷ ReverseProxy, requests/s", limit: 0.7, subject: subjectRESTUncached,
			figures: r.ratio(subjectRESTUncached, subjectProxy, perSecond),
		},
		{
			name: "cached Check of ext_authz ÷ bare grpc-go unary, requests/s", limit: 0.6, subject: subjectCheckCached,
			figures: r.ratio(subjectCheckCached, subjectBare, perSecond),
		},
		{
			name: "the same ÷ bare grpc-go that answers Check", aside: true,
			figures: r.ratio(subjectCheckCached, subjectBareCheck, perSecond),
		},
	}
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
