// Command devstack is `make run`: a real Kratos with kratosgrpc in front of it, on this machine, until Ctrl-C.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv05"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// commands is the command line. The defaults are reachable from this machine only.
type commands struct {
	Kratos          string `enum:"1.3.1,0.5.5" default:"1.3.1" help:"Release of Kratos: ${enum} (${default})."`
	GRPCAddr        string `name:"grpc-addr" default:"127.0.0.1:9090" help:"Address to serve gRPC on (${default})."`
	HTTPAddr        string `name:"http-addr" default:"127.0.0.1:8080" help:"Address to serve REST on (${default})."`
	KratosAddr      string `name:"kratos-addr" default:"127.0.0.1:4433" help:"Address for Kratos's public API (${default})."`
	KratosAdminAddr string `name:"kratos-admin-addr" default:"127.0.0.1:4434" help:"Address for Kratos's admin API (${default})."`
}

// releases are the ones that can be chosen.
var releases = map[string]struct {
	version kratostest.Version
	adapter func(url string) (adapters.Adapter, error)
}{
	"1.3.1": {kratostest.V13, func(url string) (adapters.Adapter, error) { return kratosv1.New(url) }},
	"0.5.5": {kratostest.V05, func(url string) (adapters.Adapter, error) { return kratosv05.New(url) }},
}

func main() {
	var c commands
	kong.Parse(&c,
		kong.Name("make run ARGS="),
		kong.Description("Runs a real Kratos with kratosgrpc in front of it, until Ctrl-C."),
	)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, c); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "\n"+err.Error())
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, c commands) error {
	for _, address := range []struct{ flag, value string }{
		{"grpc-addr", c.GRPCAddr},
		{"http-addr", c.HTTPAddr},
		{"kratos-addr", c.KratosAddr},
		{"kratos-admin-addr", c.KratosAdminAddr},
	} {
		if err := free(ctx, address.flag, address.value); err != nil {
			return err
		}
	}

	fmt.Println("Starting Kratos", c.Kratos, "…")
	kratos, err := kratostest.Start(ctx, kratostest.Options{
		Version:    releases[c.Kratos].version,
		PublicAddr: c.KratosAddr,
		AdminAddr:  c.KratosAdminAddr,
		// Kratos tells browsers to send its forms here.
		PublicBaseURL: "http://" + c.HTTPAddr + "/",
		Logf:          func(format string, args ...any) { fmt.Printf(format+"\n", args...) },
	})
	if err != nil {
		return err
	}
	defer func() {
		if err := kratos.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		fmt.Println("Stopped. Nothing is left behind but the built Kratos, in your cache folder.")
	}()

	adapter, err := releases[c.Kratos].adapter(kratos.PublicURL)
	if err != nil {
		return err
	}
	config := server.DefaultConfig()
	config.DrainDelay = 0
	config.GRPCAddr, config.HTTPAddr = c.GRPCAddr, c.HTTPAddr
	config.Logger = slog.New(slog.NewTextHandler(os.Stdout, nil))
	s, err := server.New(config, adapter)
	if err != nil {
		return err
	}
	fmt.Printf(ready, c.Kratos, kratos.PublicURL, s.GRPCAddr(), s.HTTPAddr())
	return s.Run(ctx)
}

// free says whether an address can be listened on, and if not, how to choose another.
func free(ctx context.Context, flag, address string) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("%w\nChoose another address: make run ARGS=\"--%s=127.0.0.1:PORT\"", err, flag)
	}
	return listener.Close()
}

const ready = `
Ready:  Kratos %[1]s at %[2]s, kratosgrpc in front of it: gRPC at %[3]s, REST at http://%[4]s

Try, in another terminal (the README has the whole life of an account):

  curl -s http://%[4]s/self-service/login/api
  grpcurl -plaintext %[3]s list
  grpcurl -plaintext %[3]s kratosgrpc.v1.RegistrationService/InitializeRegistrationViaApiFlow

Ctrl-C stops both.

`
