package upstream

import (
	"errors"
	"net/http"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

const (
	// Kratos is down when, in the last window, half of at least so many requests have met an outage.
	breakerWindow  = 10 * time.Second
	breakerBucket  = time.Second
	breakerAtLeast = 20
	// comeBackAfter is how long nobody asks then, and what callers are told to wait.
	comeBackAfter = time.Second
	// breakerTrials is how many ask then at first. If they all have an answer, Kratos is back.
	breakerTrials = 3
	// patience is how long Kratos has to have had for an answer, until it counts that there was none: a caller that is in
	// a hurry says nothing of Kratos.
	patience = time.Second
)

// breaker stops asking a Kratos that is down. A nil one never does.
type breaker struct {
	*gobreaker.TwoStepCircuitBreaker[struct{}]
}

var (
	// errOutage is said of a request that shows Kratos to be down, errNothing of one that shows nothing.
	errOutage  = errors.New("outage")
	errNothing = errors.New("nothing to tell")
)

func newBreaker(c adapters.Care) *breaker {
	if !c.Breaker {
		return nil
	}
	return &breaker{gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests: breakerTrials, Interval: breakerWindow, BucketPeriod: breakerBucket, Timeout: comeBackAfter,
		ReadyToTrip: func(counts gobreaker.Counts) bool {
			told := counts.TotalSuccesses + counts.TotalFailures
			return told >= breakerAtLeast && counts.TotalFailures*2 >= told
		},
		IsSuccessful: func(err error) bool { return err == nil },
		IsExcluded:   func(err error) bool { return errors.Is(err, errNothing) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			// Half-open is neither: what comes of it is said.
			if c.BreakerChanged != nil && (from == gobreaker.StateClosed || to == gobreaker.StateClosed) {
				c.BreakerChanged(to != gobreaker.StateClosed)
			}
		},
	})}
}

// allow asks whether a request may be made. If so, it returns what is to be told of how it went.
func (b *breaker) allow() (func(error), error) {
	if b == nil {
		return func(error) {}, nil
	}
	done, err := b.Allow()
	if err != nil {
		return nil, notAsked("it was down a moment ago")
	}
	return done, nil
}

// verdict is what a request shows of Kratos: nil, errOutage or errNothing.
func verdict(res *Response, err error, took time.Duration) error {
	if err == nil {
		switch {
		case res.Status < http.StatusInternalServerError:
			return nil
		case res.hasKratosError():
			// It may be about this request alone, and whoever makes such requests must not stop all others.
			return errNothing
		}
		return errOutage
	}
	e, ok := errors.AsType[*adapters.Error](err)
	switch {
	case !ok || errors.Is(err, adapters.ErrNotAsked) || e.HTTPStatus != 0:
		return errNothing
	case e.Reason == kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE:
		return errOutage
	case e.Reason == kratosgrpcv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED && took >= patience:
		return errOutage
	}
	return errNothing
}
