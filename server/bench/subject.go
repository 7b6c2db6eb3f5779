package main

import "time"

// question is what a subject is asked.
type question int

const (
	whoamiGRPC question = iota
	whoamiREST
	// check is whether a request may pass, as Envoy asks.
	check
	// requestOpen is a request to the app through an Envoy that asks nobody, requestChecked through one that asks kratosgrpc.
	requestOpen
	requestChecked
)

// overHTTP says that it is asked over HTTP/1.1, and not over gRPC.
func (q question) overHTTP() bool { return q != whoamiGRPC && q != check }

// path is where it is asked over HTTP/1.1.
func (q question) path() string {
	if q == whoamiREST {
		return whoamiPath
	}
	return appPath
}

// subject is a server that is asked one thing.
type subject struct {
	name string
	asks question
	// address is where it is asked.
	address     string
	credentials credentials
	server      *process
	// helper is the server that this one asks each time, if that is known and measured too; nil if there is none.
	helper *process
	// cached is true where Kratos has nothing to do with the answers, since they are in a cache.
	cached bool
	// answerBytes is how long its answers are, but for their headers; verify finds out.
	answerBytes int
}

// cpuTime is what the server has taken so far, and its helper.
func (s *subject) cpuTime() (time.Duration, error) {
	sum, err := cpuTimeOf(s.server.pid)
	if err != nil || s.helper == nil {
		return sum, err
	}
	helpers, err := cpuTimeOf(s.helper.pid)
	return sum + helpers, err
}

// The names of the subjects, as in the table and for -only and -profile.
const (
	subjectKratos           = "Kratos 1.3.1"
	subjectProxy            = "ReverseProxy"
	subjectProxyBallast     = "ReverseProxy, with ballast"
	subjectProxyPool        = "ReverseProxy, with a BufferPool"
	subjectProxyPoolBallast = "ReverseProxy, with a BufferPool and ballast"
	subjectBare             = "bare grpc-go"
	subjectBareBallast      = "bare grpc-go, with ballast"
	subjectBareCheck        = "bare grpc-go, Check"
	subjectGRPCCached       = "kratosgrpc gRPC cached"
	subjectGRPCUncached     = "kratosgrpc gRPC uncached"
	subjectRESTCached       = "kratosgrpc REST cached"
	subjectRESTUncached     = "kratosgrpc REST uncached"
	subjectCheckCached      = "kratosgrpc Check cached"
	subjectEnvoy            = "a request through Envoy without ext_authz"
	subjectEnvoyChecked     = "a request through Envoy with ext_authz: cached Check by kratosgrpc"
)

// entry is a subject in the catalogue.
type entry struct {
	name   string
	asks   question
	server string
	// helper is the server that this one asks each time, if it counts too.
	helper string
}

// catalogue is the subjects, each with its server, in the order in which they are measured. Those that are compared with each other
// stand side by side: what is measured one after the other, is measured in much the same circumstances.
var catalogue = []entry{
	{name: subjectBareBallast, asks: whoamiGRPC, server: serverBareBallast},
	{name: subjectBare, asks: whoamiGRPC, server: serverBare},
	{name: subjectGRPCCached, asks: whoamiGRPC, server: serverCached},
	{name: subjectCheckCached, asks: check, server: serverCached},
	{name: subjectBareCheck, asks: check, server: serverBare},
	{name: subjectRESTCached, asks: whoamiREST, server: serverCached},
	{name: subjectProxy, asks: whoamiREST, server: serverProxy},
	{name: subjectGRPCUncached, asks: whoamiGRPC, server: serverUncached},
	{name: subjectRESTUncached, asks: whoamiREST, server: serverUncached},
	{name: subjectProxyPool, asks: whoamiREST, server: serverProxyPool},
	{name: subjectProxyBallast, asks: whoamiREST, server: serverProxyBallast},
	{name: subjectProxyPoolBallast, asks: whoamiREST, server: serverProxyPoolBallast},
	{name: subjectEnvoy, asks: requestOpen, server: serverEnvoyWithoutAuthz},
	{name: subjectEnvoyChecked, asks: requestChecked, server: serverEnvoyWithAuthz, helper: serverCached},
	{name: subjectKratos, asks: whoamiREST, server: serverKratos},
}
