package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv05"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

type serveCommand struct {
	Upstream        string        `required:"" placeholder:"URL" help:"Base URL of Kratos's public API, for example http://kratos:4433. Required."`
	UpstreamAPI     string        `name:"upstream-api" enum:"v0.5,v1" default:"v0.5" help:"The generation of Kratos behind it: ${enum}."`
	UpstreamTimeout time.Duration `default:"10s" help:"How long Kratos may take for a call that brings no deadline of its own."`
	PublicURL       string        `name:"public-url" placeholder:"URL" help:"Base URL at which browsers reach the REST view. If set, URLs of Kratos itself in answers are rewritten to it."`
	KratosURL       string        `name:"upstream-public-url" placeholder:"URL" help:"Base URL by which Kratos calls itself (its serve.public.base_url), if that is not --upstream. With --public-url."`
	CookieDomain    string        `placeholder:"DOMAIN" help:"Change the Domain of Kratos's cookies to this; none removes it."`
	GRPCAddr        string        `name:"grpc-addr" default:":9090" placeholder:"HOST:PORT" help:"Address to serve gRPC on (${default})."`
	HTTPAddr        string        `name:"http-addr" default:":8080" placeholder:"HOST:PORT" help:"Address to serve REST on (${default})."`
	LogLevel        slog.Level    `default:"info" placeholder:"LEVEL" help:"Log from this level on: debug, info, warn or error (${default})."`
	LogFormat       string        `enum:"json,text" default:"json" help:"Format of the log: ${enum}."`
}

// Run serves until the process is told to stop.
func (c *serveCommand) Run(ctx context.Context) error {
	adapter, err := newAdapter(c.UpstreamAPI, c.Upstream)
	if err != nil {
		return err
	}
	config := server.DefaultConfig()
	config.GRPCAddr, config.HTTPAddr = c.GRPCAddr, c.HTTPAddr
	config.UpstreamTimeout = c.UpstreamTimeout
	config.CookieDomain = c.CookieDomain
	if config.PublicURL = c.PublicURL; c.PublicURL != "" {
		config.KratosURLs = []string{c.Upstream}
		if c.KratosURL != "" {
			config.KratosURLs = append(config.KratosURLs, c.KratosURL)
		}
	}
	config.Logger = newLogger(c.LogFormat, c.LogLevel)

	s, err := server.New(config, adapter)
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

// newAdapter chooses the adapter for a generation of Kratos.
func newAdapter(api, upstream string) (adapters.Adapter, error) {
	switch api {
	case kratosv05.API:
		return kratosv05.New(upstream)
	case kratosv1.API:
		return kratosv1.New(upstream)
	default:
		return nil, fmt.Errorf("there is no adapter for upstream API %q", api)
	}
}

func newLogger(format string, level slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == "text" {
		return slog.New(slog.NewTextHandler(os.Stderr, options))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, options))
}
