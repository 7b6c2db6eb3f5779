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

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv05"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// commands is the command line. The defaults are reachable from this machine only.
type commands struct {
	GRPCAddr        string `name:"grpc-addr" default:"127.0.0.1:9090" help:"Address to serve gRPC on (${default})."`
	HTTPAddr        string `name:"http-addr" default:"127.0.0.1:8080" help:"Address to serve REST on (${default})."`
	KratosAddr      string `name:"kratos-addr" default:"127.0.0.1:4433" help:"Address for Kratos's public API (${default})."`
	KratosAdminAddr string `name:"kratos-admin-addr" default:"127.0.0.1:4434" help:"Address for Kratos's admin API (${default})."`
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

	fmt.Println("Starting Kratos …")
	kratos, err := kratostest.Start(ctx, kratostest.Options{
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

	adapter, err := kratosv05.New(kratos.PublicURL)
	if err != nil {
		return err
	}
	config := server.DefaultConfig()
	config.GRPCAddr, config.HTTPAddr = c.GRPCAddr, c.HTTPAddr
	config.Logger = slog.New(slog.NewTextHandler(os.Stdout, nil))
	s, err := server.New(config, adapter)
	if err != nil {
		return err
	}
	fmt.Printf(ready, kratos.PublicURL, s.GRPCAddr(), s.HTTPAddr())
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
Ready:  Kratos 0.5.5 at %[1]s, kratosgrpc in front of it: gRPC at %[2]s, REST at http://%[3]s

Try, in another terminal (the README has the whole life of an account):

  curl -s http://%[3]s/self-service/login/api
  grpcurl -plaintext %[2]s list
  grpcurl -plaintext %[2]s kratosgrpc.v1.RegistrationService/InitializeRegistrationViaApiFlow

Ctrl-C stops both.

`
