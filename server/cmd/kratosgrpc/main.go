// Command kratosgrpc serves the public API of an Ory Kratos over gRPC and REST.
package main

import (
	"context"
	"fmt"

	"github.com/alecthomas/kong"
)

// version is set when the binary is built.
var version = "dev"

// commands is the command line.
type commands struct {
	Serve       serveCommand       `cmd:"" help:"Serve gRPC and REST in front of a Kratos."`
	Healthcheck healthcheckCommand `cmd:"" help:"Ask a running server for its health; exits with 0 if it is well. For container health checks."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
}

const description = `kratosgrpc serves the public API of Ory Kratos over gRPC and REST.

Every flag can be set in the environment too: --grpc-addr is KRATOSGRPC_GRPC_ADDR.`

func main() {
	ctx, again := untilSignal()

	var c commands
	run := kong.Parse(&c,
		kong.Name("kratosgrpc"),
		kong.Description(description),
		kong.DefaultEnvars("KRATOSGRPC"),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(again),
	)
	run.FatalIfErrorf(run.Run())
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run() error {
	_, err := fmt.Println("kratosgrpc", version)
	return err
}
