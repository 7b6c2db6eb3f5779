package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/detect"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv01"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv05"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

type serveCommand struct {
	Upstream        string        `required:"" placeholder:"URL" help:"Base URL of Kratos's public API, for example http://kratos:4433. Required."`
	UpstreamAPI     string        `name:"upstream-api" enum:"auto,v0.1,v0.5,v1" default:"auto" help:"The generation of Kratos behind it: ${enum}. With auto it is found out, and again after an outage."`
	SessionCookie   string        `name:"upstream-session-cookie" placeholder:"NAME" help:"Name of Kratos's session cookie, if its configuration has another one than ory_kratos_session."`
	UpstreamTimeout time.Duration `default:"10s" help:"How long Kratos may take for a call that brings no deadline of its own."`
	CacheTTL        time.Duration `name:"session-cache-ttl" default:"0s" help:"Keep Kratos's answers to whoami for at most this long. What is changed elsewhere shows only then. 0 keeps none (${default})."`
	CacheSize       int           `name:"session-cache-size" default:"100000" help:"Keep at most so many sessions (${default})."`
	CacheKeyFile    string        `name:"session-cache-key-file" type:"existingfile" placeholder:"FILE" help:"File with the secret under which the cache hashes credentials; at least 32 bytes. Without it there is a new one each time."`
	RedisURL        string        `name:"redis-url" placeholder:"URL" help:"Redis by which replicas share the session cache and tell each other what has changed: redis://, rediss:// or unix://. With --session-cache-ttl and --session-cache-key-file."`
	PublicURL       string        `name:"public-url" placeholder:"URL" help:"Base URL at which browsers reach the REST view. If set, URLs of Kratos itself in answers are rewritten to it."`
	KratosURL       string        `name:"upstream-public-url" placeholder:"URL" help:"Base URL by which Kratos calls itself (its serve.public.base_url), if that is not --upstream. With --public-url."`
	CookieDomain    string        `placeholder:"DOMAIN" help:"Change the Domain of Kratos's cookies to this; none removes it."`
	GRPCAddr        string        `name:"grpc-addr" default:":9090" placeholder:"HOST:PORT" help:"Address to serve gRPC on (${default})."`
	HTTPAddr        string        `name:"http-addr" default:":8080" placeholder:"HOST:PORT" help:"Address to serve REST on (${default})."`
	TrustedProxies  []string      `placeholder:"CIDR" help:"Networks of the proxies in front of this server: their X-Forwarded-For says who the client is, and nobody else's does."`
	CORSOrigins     []string      `name:"cors-allowed-origin" placeholder:"ORIGIN" help:"Let scripts of this origin, such as https://app.example.org, use the REST view in a browser. Can be given more than once."`
	MaxStreams      uint32        `name:"max-concurrent-streams" default:"1000" help:"How many calls one gRPC connection may have under way (${default})."`
	MaxHeaderBytes  uint32        `name:"max-header-bytes" default:"65536" help:"How large the headers of a REST request, and the metadata of a gRPC call, may be (${default})."`
	MaxConnAge      time.Duration `name:"max-connection-age" default:"30m" help:"Ask clients to reconnect after this long, give or take a tenth, so that they come to new replicas too. 0 never does (${default})."`
	MaxConnAgeGrace time.Duration `name:"max-connection-age-grace" default:"5m" help:"How long gRPC calls under way may go on then (${default})."`
	DrainDelay      time.Duration `default:"3s" help:"How long to serve still, and say that there is an end to it, once told to stop: as long as load balancers take to notice (${default})."`
	DrainTimeout    time.Duration `default:"15s" help:"How long calls under way may go on after that (${default})."`

	careFlags

	Authz authzFlags `embed:"" prefix:"authz-"`

	tlsFlags
	upstreamTLSFlags

	LogLevel  slog.Level `default:"info" placeholder:"LEVEL" help:"Log from this level on: debug, info, warn or error (${default})."`
	LogFormat string     `enum:"json,text" default:"json" help:"Format of the log: ${enum}."`
}

// Run serves until the process is told to stop.
func (c *serveCommand) Run(ctx context.Context, again hurry) error {
	defer keepBallast()()
	config := server.DefaultConfig()
	config.Logger = newLogger(c.LogFormat, c.LogLevel)
	var err error
	if config.RedisURL, err = c.redis(); err != nil {
		return err
	}
	care, err := c.care(config.Logger)
	if err != nil {
		return err
	}
	client, err := c.upstreamOptions(ctx, c.Upstream, &config)
	if err != nil {
		return err
	}
	client = append(client, adapters.WithCare(care))
	adapter, err := c.adapter(ctx, &config, client)
	if err != nil {
		return err
	}
	config.GRPCAddr, config.HTTPAddr = c.GRPCAddr, c.HTTPAddr
	config.UpstreamTimeout = c.UpstreamTimeout
	config.CORSOrigins = c.CORSOrigins
	config.DrainDelay, config.DrainTimeout = c.DrainDelay, c.DrainTimeout
	config.Limits.ConcurrentStreams, config.Limits.HeaderBytes = c.MaxStreams, c.MaxHeaderBytes
	config.Limits.ConnectionAge, config.Limits.ConnectionAgeGrace = c.MaxConnAge, c.MaxConnAgeGrace
	if config.TrustedProxies, err = networks(c.TrustedProxies); err != nil {
		return err
	}
	config.SessionCacheTTL, config.SessionCacheSize = c.CacheTTL, c.CacheSize
	if config.SessionCacheKey, err = readKey(c.CacheKeyFile); err != nil {
		return err
	}
	config.Authz = c.Authz.config()
	c.configureTLS(&config)
	c.configureCare(&config)
	config.CookieDomain = c.CookieDomain
	if config.PublicURL = c.PublicURL; c.PublicURL != "" {
		config.KratosURLs = []string{c.Upstream}
		if c.KratosURL != "" {
			config.KratosURLs = append(config.KratosURLs, c.KratosURL)
		}
	}

	s, err := server.New(config, adapter)
	if err != nil {
		return err
	}
	go func() {
		<-again
		s.Hurry()
	}()
	return s.Run(ctx)
}

// adapter is the one for the Kratos that was named or, if it is to be found out, that is there. Where none can be reached
// now there is none yet: the server finds out once there is.
func (c *serveCommand) adapter(ctx context.Context, config *server.Config, client []adapters.ClientOption) (adapters.Adapter, error) {
	if c.UpstreamAPI != autoAPI {
		return c.newAdapter(c.UpstreamAPI, client)
	}
	config.Detect = func(ctx context.Context) (adapters.Adapter, string, error) {
		found, err := detect.Generation(ctx, c.Upstream, client...)
		if err != nil {
			return nil, "", err
		}
		adapter, err := c.newAdapter(found.API, client)
		return adapter, found.Because, err
	}
	asked, cancel := context.WithTimeout(ctx, c.UpstreamTimeout)
	defer cancel()
	adapter, because, err := config.Detect(asked)
	switch {
	case err == nil:
		config.Logger.Info("found Kratos", "upstream_api", adapter.API(), "because", because)
		return adapter, nil
	case errors.Is(err, detect.ErrUnreachable):
		// Or the server is told to stop already, which it does in order.
		config.Logger.Warn("Kratos can't be reached yet: calls are refused until it can", "cause", err.Error())
		return nil, nil
	case errors.Is(err, detect.ErrNotKratos), errors.Is(err, detect.ErrUndecidable):
		return nil, fmt.Errorf("--upstream: %w (if you know better, name the generation with --upstream-api)", err)
	default:
		return nil, fmt.Errorf("--upstream: %w", err)
	}
}

// autoAPI is the value of --upstream-api that finds the generation out.
const autoAPI = "auto"

// newAdapter chooses the adapter for a generation of Kratos.
func (c *serveCommand) newAdapter(api string, client []adapters.ClientOption) (adapters.Adapter, error) {
	switch api {
	case kratosv01.API:
		return kratosv01.New(c.Upstream, client...)
	case kratosv05.API:
		return kratosv05.New(c.Upstream, client...)
	case kratosv1.API:
		return kratosv1.New(c.Upstream, kratosv1.WithSessionCookie(c.SessionCookie), kratosv1.WithClient(client...))
	default:
		return nil, fmt.Errorf("there is no adapter for Kratos %s", api)
	}
}

// networks reads networks, and addresses for networks of one.
func networks(all []string) ([]netip.Prefix, error) {
	var read []netip.Prefix
	for _, s := range all {
		network, err := netip.ParsePrefix(s)
		if address, notOne := netip.ParseAddr(s); notOne == nil {
			network, err = address.Prefix(address.BitLen())
		}
		if err != nil {
			return nil, fmt.Errorf("--trusted-proxies: %w", err)
		}
		read = append(read, network.Masked())
	}
	return read, nil
}

// redis is the URL of the Redis, if one is named. What is said of it has no password in it.
func (c *serveCommand) redis() (string, error) {
	switch {
	case c.RedisURL == "":
		return "", nil
	case c.CacheTTL == 0:
		return "", errors.New("--redis-url: it is for the session cache, which --session-cache-ttl turns on")
	case c.CacheKeyFile == "":
		return "", errors.New("--redis-url: replicas have to share a secret, by --session-cache-key-file")
	}
	if err := server.CheckRedisURL(c.RedisURL); err != nil {
		return "", fmt.Errorf("--redis-url: %w", err)
	}
	return c.RedisURL, nil
}

// readKey reads a secret, if there is a file of it.
func readKey(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	key, err := os.ReadFile(file) //nolint:gosec // Whoever starts the server names it.
	if err != nil {
		return nil, fmt.Errorf("--session-cache-key-file: %w", err)
	}
	const atLeast = 32
	if len(key) < atLeast {
		return nil, fmt.Errorf("--session-cache-key-file: it has %d bytes, and has to have %d at least", len(key), atLeast)
	}
	return key, nil
}

func newLogger(format string, level slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == "text" {
		return slog.New(slog.NewTextHandler(os.Stderr, options))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, options))
}
