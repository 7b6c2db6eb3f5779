package server

import (
	"context"
	"errors"
	"log/slog"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/kratosgrpc/kratosgrpc/server/internal/livefile"
	"github.com/kratosgrpc/kratosgrpc/server/internal/tlsfiles"
)

// TLS is how calls are secured on the way to the server. The zero value secures nothing.
//
// The files are PEM. They are read again when they change; if what is found then is bad, or a key is not its certificate's,
// the last good ones stay in use.
type TLS struct {
	// CertFile is the server's certificate, with the intermediate ones that it needs behind it, and KeyFile its key. With
	// them, the ports speak TLS 1.2 or newer.
	CertFile, KeyFile string
	// ClientCAFile holds the authorities of clients' certificates. With it, a client has to show one that they have signed.
	ClientCAFile string
	// ClientCertOptional lets clients in that show no certificate. One that is shown is verified all the same.
	ClientCertOptional bool
	// Ports says which ports speak TLS; empty is [BothPorts].
	Ports TLSPorts
}

// TLSPorts are the ports that speak TLS.
type TLSPorts string

// The choices of ports.
const (
	BothPorts TLSPorts = "both"
	GRPCPort  TLSPorts = "grpc"
	RESTPort  TLSPorts = "rest"
)

func (t *TLS) validate() error {
	switch t.Ports {
	case "", BothPorts, GRPCPort, RESTPort:
	default:
		return errors.New("the ports for TLS are unknown")
	}
	switch {
	case (t.CertFile == "") != (t.KeyFile == ""):
		return errors.New("a certificate and its key go together, and one of them is missing")
	case t.CertFile == "" && t.ClientCAFile != "":
		return errors.New("authorities of clients are of no use without a certificate and a key of the server's")
	case t.CertFile == "" && t.Ports != "" && t.Ports != BothPorts:
		return errors.New("ports for TLS are of no use without a certificate and a key of the server's")
	case t.ClientCAFile == "" && t.ClientCertOptional:
		return errors.New("client certificates can't be optional where there are no authorities of clients")
	}
	return nil
}

// on says whether a port, GRPCPort or RESTPort, speaks TLS.
func (t *TLS) on(port TLSPorts) bool {
	return t.CertFile != "" && (t.Ports == port || t.Ports == BothPorts || t.Ports == "")
}

// open reads the files. Without TLS there is nothing to read.
func (t *TLS) open(logger *slog.Logger) (*tlsfiles.Server, error) {
	if t.CertFile == "" {
		return nil, nil
	}
	return tlsfiles.NewServer(logger, t.CertFile, t.KeyFile, t.ClientCAFile, t.ClientCertOptional)
}

// credentials are what the gRPC port adds to a server.
func (s *Server) credentials(transport string) grpc.ServerOption {
	if transport != transportGRPC || !s.config.TLS.on(GRPCPort) {
		return grpc.EmptyServerOption{}
	}
	return grpc.Creds(&callerCredentials{credentials.NewTLS(s.tls.Config("h2")), s.config.Logger})
}

// serveREST serves REST until the server is told to stop.
func (s *Server) serveREST() error {
	if !s.config.TLS.on(RESTPort) {
		return s.http.Serve(s.httpListener)
	}
	s.http.TLSConfig = s.tls.Config("h2", "http/1.1")
	return s.http.ServeTLS(s.httpListener, "", "")
}

// warnOfPlainPort says that who comes by the other port needs no certificate.
func (s *Server) warnOfPlainPort() {
	if s.config.TLS.ClientCAFile == "" || s.access.restricted() {
		return
	}
	for _, port := range []TLSPorts{GRPCPort, RESTPort} {
		if !s.config.TLS.on(port) {
			s.config.Logger.Warn("client certificates are asked for on one port only: whoever reaches the other one needs none", "port", port)
		}
	}
}

// callerCredentials are TLS, which name the caller once a connection.
type callerCredentials struct {
	credentials.TransportCredentials

	logger *slog.Logger
}

// callerInfo is what is known of a connection.
type callerInfo struct {
	credentials.TLSInfo

	caller caller
}

// ServerHandshake implements credentials.TransportCredentials.
func (c *callerCredentials) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	secured, auth, err := c.TransportCredentials.ServerHandshake(conn)
	if err != nil {
		// As net/http does for REST.
		c.logger.Debug("TLS handshake failed", "peer", conn.RemoteAddr().String(), "cause", err.Error())
		return nil, nil, err
	}
	info, ok := auth.(credentials.TLSInfo)
	if !ok {
		_ = secured.Close()
		return nil, nil, errors.New("the connection is not TLS")
	}
	return secured, &callerInfo{TLSInfo: info, caller: callerOf(&info.State)}, nil
}

// Clone implements credentials.TransportCredentials.
func (c *callerCredentials) Clone() credentials.TransportCredentials {
	return &callerCredentials{c.TransportCredentials.Clone(), c.logger}
}

// followFiles reads again what can change while the server runs.
func (s *Server) followFiles(ctx context.Context) {
	followed := []livefile.Checker{s.access}
	if s.tls != nil {
		followed = append(followed, s.tls)
	}
	livefile.Follow(ctx, s.config.ReloadInterval, followed...)
}
