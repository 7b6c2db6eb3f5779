package main

import "time"

// question is what a subject is asked.
type question int

const (
	whoamiGRPC question = iota
	whoamiREST
	// check is whether a request may pass, as Envoy asks.
	check
)

// subject is a server that is asked one thing.
type subject struct {
	name string
	asks question
	// address is where it is asked.
	address     string
	credentials credentials
	server      *process
	// answerBytes is how long its answers are, but for their headers; verify finds out.
	answerBytes int
}

func (s *subject) cpuTime() (time.Duration, error) { return cpuTimeOf(s.server.pid) }

// The names of the subjects, as in the table and for -only and -profile.
const (
	subjectKratos       = "Kratos 1.3.1"
	subjectProxy        = "ReverseProxy"
	subjectProxyBallast = "ReverseProxy, with ballast"
	subjectProxyPlain   = "ReverseProxy, no BufferPool"
	subjectBare         = "bare grpc-go"
	subjectBareBallast  = "bare grpc-go, with ballast"
	subjectBareCheck    = "bare grpc-go, Check"
	subjectGRPCCached   = "kratosgrpc gRPC cached"
	subjectGRPCUncached = "kratosgrpc gRPC uncached"
	subjectRESTCached   = "kratosgrpc REST cached"
	subjectRESTUncached = "kratosgrpc REST uncached"
	subjectCheckCached  = "kratosgrpc Check cached"
)

// catalogue is the subjects, each with its server, in the order in which they are measured. Those that are compared with each other
// stand side by side: what is measured one after the other, is measured in much the same circumstances.
var catalogue = []struct {
	name   string
	asks   question
	server string
}{
	{subjectBareBallast, whoamiGRPC, serverBareBallast},
	{subjectBare, whoamiGRPC, serverBare},
	{subjectGRPCCached, whoamiGRPC, serverCached},
	{subjectCheckCached, check, serverCached},
	{subjectBareCheck, check, serverBare},
	{subjectRESTCached, whoamiREST, serverCached},
	{subjectProxy, whoamiREST, serverProxy},
	{subjectGRPCUncached, whoamiGRPC, serverUncached},
	{subjectRESTUncached, whoamiREST, serverUncached},
	{subjectProxyPlain, whoamiREST, serverProxyPlain},
	{subjectProxyBallast, whoamiREST, serverProxyBallast},
	{subjectKratos, whoamiREST, serverKratos},
}
