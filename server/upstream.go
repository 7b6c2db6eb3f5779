package server

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/detect"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// Detect finds the adapter for the Kratos that is behind the server now, and says how it has shown which one that is. Its
// errors are those of package detect.
type Detect func(ctx context.Context) (adapter adapters.Adapter, because string, err error)

// upstream is the adapter that calls go through. It can change while the server runs: with Config.Detect, what comes back
// after an outage may be another generation of Kratos.
type upstream struct {
	current atomic.Pointer[adapters.Adapter]
	detect  Detect
	logger  *slog.Logger
	// readyTimeout bounds a question for readiness, detectTimeout all that are needed to find out which Kratos it is.
	readyTimeout, detectTimeout time.Duration

	// doubted says that an answer was none of that Kratos's.
	doubted atomic.Bool
	// since counts how often Kratos was asked since it was last found out which one it is, and problem is what was said
	// last of why that can't be told. Only ready looks at them, which is called by one at a time.
	since   int
	problem string
}

// recheck is how often Kratos is asked for its readiness until it is asked which generation it is, although nothing seems
// to have happened: a restart can be over before anybody notices.
const recheck = 15

func newUpstream(adapter adapters.Adapter, config *Config) *upstream {
	u := &upstream{detect: config.Detect, logger: config.Logger, readyTimeout: config.ReadyInterval, detectTimeout: config.UpstreamTimeout}
	if adapter != nil {
		u.current.Store(&adapter)
	}
	return u
}

// errUnknown is the refusal of calls as long as nobody knows what is behind the server.
var errUnknown = &adapters.Error{
	Reason:  kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE,
	Message: "Kratos is unavailable",
	Err:     errors.New("it is not known yet which generation it is"),
}

// adapter is the one to use for a whole call.
func (u *upstream) adapter() (adapters.Adapter, error) {
	if current := u.current.Load(); current != nil {
		return *current, nil
	}
	return nil, errUnknown
}

// api names the generation, for logs and errors.
func (u *upstream) api() string {
	if adapter, err := u.adapter(); err == nil {
		return adapter.API()
	}
	return "unknown"
}

// note takes notice of how a call has ended.
func (u *upstream) note(err error) {
	if e := new(adapters.Error); errors.As(err, &e) && e.Reason == kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE && !errors.Is(err, adapters.ErrNotAsked) {
		u.doubted.Store(true)
	}
}

// ready asks Kratos whether it is ready. Where it was not before, or is in doubt, it may be another Kratos than it was:
// that is found out first.
func (u *upstream) ready(ctx context.Context, was bool) error {
	adapter, err := u.adapter()
	if err == nil {
		if err = u.ask(ctx, adapter); err != nil {
			return err
		}
		if u.since++; was && !u.doubted.Load() && u.since < recheck {
			return nil
		}
	}
	if u.detect == nil {
		return err
	}
	u.doubted.Store(false)
	found, because, err := u.find(ctx)
	if err != nil {
		return err
	}
	u.since = 0
	if adapter != nil && adapter.API() == found.API() {
		// It has just said that it is ready.
		return nil
	}
	u.logger.InfoContext(ctx, "found Kratos", "upstream_api", found.API(), "before", u.api(), "because", because)
	u.current.Store(&found)
	return u.ask(ctx, found)
}

// ask asks for readiness.
func (u *upstream) ask(ctx context.Context, adapter adapters.Adapter) error {
	ctx, cancel := context.WithTimeout(ctx, u.readyTimeout)
	defer cancel()
	return adapter.Ready(ctx)
}

// find finds out which Kratos it is. That it can't is said once, however often it is tried: of a Kratos that can't be
// reached the cause may be worded anew each time.
func (u *upstream) find(ctx context.Context) (adapters.Adapter, string, error) {
	asked, cancel := context.WithTimeout(ctx, u.detectTimeout)
	defer cancel()
	found, because, err := u.detect(asked)
	if err == nil {
		u.problem = ""
		return found, because, nil
	}
	level, problem := slog.LevelError, err.Error()
	if errors.Is(err, detect.ErrUnreachable) {
		level, problem = slog.LevelWarn, detect.ErrUnreachable.Error()
	}
	if ctx.Err() == nil && problem != u.problem {
		u.problem = problem
		u.logger.Log(ctx, level, "which Kratos this is can't be told", "cause", err.Error())
	}
	return nil, "", err
}
