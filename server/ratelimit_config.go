package server

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// RateLimits bound how often something may be asked. None is set by default.
type RateLimits struct {
	// Address is for a client's address (of IPv6 its /64), and all calls but Whoami, BatchWhoami, WatchSession and Check, which
	// services make for everybody.
	Address Rate
	// Identifier is for an identifier or address that somebody logs in with, recovers or verifies, whoever it is.
	Identifier Rate
	// Caller is for a caller that is known by its certificate's SPIFFE ID, and all calls; those whose certificates hold none
	// share one. A BatchWhoami counts as many as it asks about.
	Caller Rate
}

// Rate is how often something may happen: so many times at once, and as many again in each period. The zero value is no limit.
type Rate struct {
	// Events is how many times.
	Events int
	// Per is the period.
	Per time.Duration
}

// UnmarshalText reads "20/s", "5/m" or "100/h". Nothing and "0" are no limit.
func (r *Rate) UnmarshalText(text []byte) error {
	*r = Rate{}
	if s := string(text); s == "" || s == "0" {
		return nil
	}
	count, unit, _ := strings.Cut(string(text), "/")
	per, ok := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[unit]
	events, err := strconv.ParseInt(count, 10, 32)
	if !ok || err != nil || events <= 0 {
		return fmt.Errorf("%q is not a rate such as 20/s, 5/m or 100/h", text)
	}
	*r = Rate{Events: int(events), Per: per}
	return nil
}

func (r *RateLimits) validate() error {
	for _, one := range []Rate{r.Address, r.Identifier, r.Caller} {
		if one.Events < 0 || one.Events > 0 && one.Per < time.Duration(one.Events) {
			return errors.New("a rate has to have a number that is not less than zero, and a period that is long enough for it")
		}
	}
	return nil
}
