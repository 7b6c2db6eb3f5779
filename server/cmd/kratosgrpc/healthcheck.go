package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/kratosgrpc/kratosgrpc/server"
)

type healthcheckCommand struct {
	GRPCAddr string `name:"grpc-addr" default:":9090" placeholder:"HOST:PORT" help:"Address that the server serves gRPC on (${default})."`
	Ready    bool   `help:"Ask whether calls can be served, Kratos included, rather than whether the process lives."`
	probeFlags

	Timeout time.Duration `default:"3s" help:"How long the answer may take."`
}

// Run asks the server for its health.
func (c *healthcheckCommand) Run(ctx context.Context) error {
	host, port, err := net.SplitHostPort(c.GRPCAddr)
	if err != nil {
		return fmt.Errorf("the address is malformed: %w", err)
	}
	if host == "" {
		host = "localhost"
	}
	creds, err := c.credentials()
	if err != nil {
		return err
	}
	conn, err := grpc.NewClient(net.JoinHostPort(host, port), grpc.WithTransportCredentials(creds), grpc.WithNoProxy())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()

	name := server.LivenessService
	if c.Ready {
		name = ""
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	res, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{Service: name})
	if err != nil {
		return err
	}
	if res.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		return fmt.Errorf("the server says %s", res.GetStatus())
	}
	return nil
}
