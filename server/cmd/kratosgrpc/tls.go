package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/server"
	"github.com/kratosgrpc/kratosgrpc/server/internal/livefile"
	"github.com/kratosgrpc/kratosgrpc/server/internal/tlsfiles"
)

// tlsFlags say how calls are secured on the way to the server, and who may call.
type tlsFlags struct {
	CertFile     restriction  `name:"tls-cert-file" placeholder:"FILE" help:"Speak TLS, with this certificate (PEM) and the intermediate ones that stand behind it. Read again when it changes, like all files of TLS."`
	KeyFile      restriction  `name:"tls-key-file" placeholder:"FILE" help:"Key of that certificate (PEM)."`
	ClientCAFile restriction  `name:"tls-client-ca-file" placeholder:"FILE" help:"Ask clients for a certificate that one of these authorities has signed (PEM)."`
	ClientAuth   string       `name:"tls-client-auth" enum:"require,optional" default:"require" help:"Whether a client has to have a certificate: ${enum}. With --tls-client-ca-file."`
	On           string       `name:"tls-on" enum:"both,grpc,rest" default:"both" help:"The ports that speak TLS: ${enum}."`
	AllowIDs     restrictions `name:"allow-spiffe-id" placeholder:"ID" help:"Answer only callers with this SPIFFE ID, or with one below it if it ends in /*. Can be repeated. With --tls-client-ca-file."`
	Policy       restriction  `name:"policy" placeholder:"FILE" help:"Answer only what this file (YAML or JSON) allows a caller to call. Read again when it changes. With --tls-client-ca-file."`
}

// configureTLS tells the server.
func (f *tlsFlags) configureTLS(config *server.Config) {
	config.TLS = server.TLS{
		CertFile: string(f.CertFile), KeyFile: string(f.KeyFile),
		ClientCAFile: string(f.ClientCAFile), ClientCertOptional: f.ClientAuth == "optional",
		Ports: server.TLSPorts(f.On),
	}
	config.AllowSPIFFEIDs, config.PolicyFile = f.AllowIDs, string(f.Policy)
}

// upstreamTLSFlags say how calls are secured on the way to Kratos.
type upstreamTLSFlags struct {
	UpstreamCAFile   string `name:"upstream-ca-file" placeholder:"FILE" help:"Authorities of Kratos's certificate (PEM), in place of the system's."`
	UpstreamCertFile string `name:"upstream-client-cert-file" placeholder:"FILE" help:"Certificate to show to Kratos (PEM)."`
	UpstreamKeyFile  string `name:"upstream-client-key-file" placeholder:"FILE" help:"Key of that certificate (PEM)."`
}

// upstreamOptions are how Kratos is reached. What they need goes on until ctx ends.
func (f *upstreamTLSFlags) upstreamOptions(ctx context.Context, upstream string, config *server.Config) ([]adapters.ClientOption, error) {
	if f.UpstreamCAFile == "" && f.UpstreamCertFile == "" && f.UpstreamKeyFile == "" {
		return nil, nil
	}
	if u, err := url.Parse(upstream); err == nil && u.Scheme == "http" {
		return nil, errors.New("--upstream: authorities and certificates are of no use with http://")
	}
	files, err := tlsfiles.NewClient(config.Logger, f.UpstreamCAFile, f.UpstreamCertFile, f.UpstreamKeyFile)
	if err != nil {
		return nil, fmt.Errorf("--upstream: %w", err)
	}
	go livefile.Follow(ctx, config.ReloadInterval, files)
	return []adapters.ClientOption{adapters.WithTLS(files.Config)}, nil
}

// probeFlags say how a health check reaches a server that speaks TLS. They share the server's environment, where its own
// certificate is what a check from beside it has to show.
type probeFlags struct {
	TLS        *bool  `name:"tls" negatable:"" help:"Speak TLS. It is so if one of the following is given."`
	CAFile     string `name:"tls-ca-file" placeholder:"FILE" help:"Authorities of the server's certificate (PEM), in place of the system's."`
	CertFile   string `name:"tls-cert-file" placeholder:"FILE" help:"Certificate to show to the server (PEM)."`
	KeyFile    string `name:"tls-key-file" placeholder:"FILE" help:"Key of that certificate (PEM)."`
	ServerName string `name:"tls-server-name" placeholder:"NAME" help:"Name that the server's certificate has to have, if it is not the host of the address."`
	NoVerify   bool   `name:"tls-no-verify" help:"Believe whatever certificate the server has, as a kubelet does."`
	On         string `name:"tls-on" enum:"both,grpc,rest" default:"both" help:"The ports that speak TLS, as the server has it: ${enum}. With rest, gRPC does not."`
}

func (f *probeFlags) credentials() (credentials.TransportCredentials, error) {
	on := (f.CAFile != "" || f.CertFile != "" || f.ServerName != "" || f.NoVerify) && f.On != string(server.RESTPort)
	if f.TLS != nil {
		on = *f.TLS
	}
	if !on {
		return insecure.NewCredentials(), nil
	}
	files, err := tlsfiles.NewClient(nil, f.CAFile, f.CertFile, f.KeyFile)
	if err != nil {
		return nil, err
	}
	config := files.Config()
	config.ServerName, config.InsecureSkipVerify = f.ServerName, f.NoVerify
	return credentials.NewTLS(config), nil
}
