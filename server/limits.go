package server

import (
	"errors"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

// Limits are what the server puts up with.
type Limits struct {
	// ConcurrentStreams is how many calls one gRPC connection may have under way: others wait at the client. Without such a
	// limit one connection can have all of the server's memory.
	ConcurrentStreams uint32
	// HeaderBytes bounds the headers of a REST request and the metadata of a gRPC call.
	HeaderBytes uint32
	// ConnectionAge is how long a connection lasts, give or take a tenth, until its client is asked to open another one:
	// otherwise clients never come to a replica that is new, nor have to show that they are still believed. 0 is for ever.
	// ConnectionAgeGrace is how long gRPC calls that are under way then may go on, and so how long a WatchSession lasts at most.
	ConnectionAge, ConnectionAgeGrace time.Duration
	// PingInterval is how often a gRPC client may ask whether the connection lives. Who asks more often is cut off.
	PingInterval time.Duration
	// Handshake is how long a client may take to open a gRPC connection, and to send the headers of a REST request.
	Handshake time.Duration
}

func defaultLimits() Limits {
	return Limits{
		ConcurrentStreams: 1000, HeaderBytes: 64 << 10,
		ConnectionAge: 30 * time.Minute, ConnectionAgeGrace: 5 * time.Minute,
		PingInterval: 10 * time.Second, Handshake: 10 * time.Second,
	}
}

func (l *Limits) validate() error {
	switch {
	case l.ConcurrentStreams == 0:
		return errors.New("the number of concurrent streams has to be more than zero")
	case l.HeaderBytes == 0:
		return errors.New("the size of headers has to be more than zero")
	case l.ConnectionAge < 0:
		return errors.New("the age of connections must not be less than zero")
	case l.ConnectionAge > 0 && l.ConnectionAgeGrace <= 0:
		return errors.New("the grace of old connections has to be more than zero")
	case l.PingInterval <= 0:
		return errors.New("the interval of pings has to be more than zero")
	case l.Handshake <= 0:
		return errors.New("the time for a handshake has to be more than zero")
	}
	return nil
}

// When nothing comes for so long, the other side of a connection is asked whether it is there, and given so long to say.
const (
	quietTime    = 2 * time.Minute
	quietTimeout = 20 * time.Second
)

// grpcOptions are the limits of a gRPC server.
func (l *Limits) grpcOptions() []grpc.ServerOption {
	life := keepalive.ServerParameters{Time: quietTime, Timeout: quietTimeout}
	if l.ConnectionAge > 0 {
		life.MaxConnectionAge, life.MaxConnectionAgeGrace = l.ConnectionAge, l.ConnectionAgeGrace
	}
	return []grpc.ServerOption{
		grpc.MaxConcurrentStreams(l.ConcurrentStreams),
		grpc.MaxHeaderListSize(l.HeaderBytes),
		grpc.ConnectionTimeout(l.Handshake),
		grpc.KeepaliveParams(life),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: l.PingInterval, PermitWithoutStream: true}),
	}
}

const (
	readTimeout = 30 * time.Second
	idleTimeout = 2 * time.Minute
	// answerTimeout is how long a client may take to read its answer.
	answerTimeout = time.Minute
)

// httpServer makes an HTTP server with its limits. Its write timeout is from the end of a request's headers to the end of the
// answer, so that Kratos, which may take as long as upstream says, is asked meanwhile.
func (l *Limits) httpServer(upstream time.Duration) *http.Server {
	return &http.Server{
		ReadHeaderTimeout: l.Handshake, ReadTimeout: readTimeout, IdleTimeout: idleTimeout,
		WriteTimeout:   readTimeout + upstream + answerTimeout,
		MaxHeaderBytes: int(l.HeaderBytes),
		ConnContext:    l.aging,
	}
}

// streamTime is how long a stream may last, or 0 for as long as its client likes. It is less than the grace of old
// connections, at whose end they are cut off without a word: one that begins as its connection gets old, and before its
// client has heard of it, is to end before that.
func (l *Limits) streamTime() time.Duration {
	if l.ConnectionAge == 0 {
		return 0
	}
	return l.ConnectionAgeGrace - l.ConnectionAgeGrace/10
}
