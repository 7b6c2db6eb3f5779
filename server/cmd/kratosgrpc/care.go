package main

import (
	"errors"
	"log/slog"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// careFlags say how to treat a Kratos that is slow or down, and clients that ask too much.
type careFlags struct {
	MaxConcurrency int           `name:"upstream-max-concurrency" default:"512" help:"How many requests may be under way to Kratos. Some more wait for half a second, the others fail at once. 0 is no limit (${default})."`
	Breaker        string        `name:"upstream-breaker" enum:"on,off" default:"on" help:"Have calls fail at once while Kratos is down, but for a few that find out whether it is back: ${enum}."`
	HedgeAfter     time.Duration `name:"upstream-hedge-after" default:"0s" help:"Ask a second time for a session when there is no answer after this long, and take the first answer. 0 never does (${default})."`
	UnreadyAfter   int           `name:"unready-after" default:"3" help:"How many readiness checks of Kratos in a row have to fail until this server says that it is not ready (${default})."`
	ReadyAfter     int           `name:"ready-after" default:"2" help:"How many have to succeed until it says that it is ready again (${default})."`
	RateAddress    server.Rate   `name:"rate-limit-address" placeholder:"RATE" help:"How many calls, such as 20/s, 600/m or 9000/h, a client's address may make; those that look up sessions do not count."`
	RateIdentifier server.Rate   `name:"rate-limit-identifier" placeholder:"RATE" help:"How often, such as 10/m, somebody may try to log in, recover or verify with the same identifier or address."`
	RateCaller     server.Rate   `name:"rate-limit-caller" placeholder:"RATE" help:"How many calls a caller may make that has proved by a certificate who it is."`
}

// configureCare tells the server.
func (f *careFlags) configureCare(config *server.Config) {
	config.UnreadyAfter, config.ReadyAfter = f.UnreadyAfter, f.ReadyAfter
	config.RateLimits = server.RateLimits{Address: f.RateAddress, Identifier: f.RateIdentifier, Caller: f.RateCaller}
}

// care is what an adapter is told.
func (f *careFlags) care(logger *slog.Logger) (adapters.Care, error) {
	if f.MaxConcurrency < 0 {
		return adapters.Care{}, errors.New("--upstream-max-concurrency: it must not be less than zero")
	}
	if f.HedgeAfter < 0 {
		return adapters.Care{}, errors.New("--upstream-hedge-after: it must not be less than zero")
	}
	return adapters.Care{
		MaxConcurrency: f.MaxConcurrency, Breaker: f.Breaker == "on", HedgeAfter: f.HedgeAfter,
		BreakerChanged: func(open bool) {
			if open {
				logger.Warn("Kratos is down: it is no longer asked, but to find out whether it is back")
			} else {
				logger.Info("Kratos answers again")
			}
		},
	}, nil
}
