package detect

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
)

var (
	// ErrUnreachable says that nothing answers there, or that what does has failed: it may be a Kratos that starts.
	ErrUnreachable = errors.New("no Kratos can be reached there now")
	// ErrNotKratos says that something answers there, but not the public API of a Kratos of a generation that is known.
	ErrNotKratos = errors.New("what answers there is not the public API of a Kratos 0.1, 0.5 or 1.x")
	// ErrUndecidable says that the answers are those of more than one generation.
	ErrUndecidable = errors.New("what answers there is more than one generation of Kratos at a time")
)

// Found is the generation of a Kratos.
type Found struct {
	// API names the generation, as in the flag --upstream-api: for example "v1".
	API string
	// Because says how it shows, for logs.
	Because string
}

// Generation asks the Kratos whose public API is at base, an absolute http or https URL. Its errors wrap one of those
// above, or say what is wrong with the URL.
func Generation(ctx context.Context, base string, options ...adapters.ClientOption) (Found, error) {
	client, err := upstream.New(base, options...)
	if err != nil {
		return Found{}, err
	}
	defer client.Close()
	seen := make([]observation, len(probes))
	for i, p := range probes {
		res, err := client.Do(ctx, upstream.Request{
			Method: http.MethodGet, Path: p.path, Query: p.query, Header: http.Header{"Accept": {"application/json"}},
		})
		if seen[i], err = observe(p, res, err); err != nil {
			return Found{}, err
		}
	}
	return decide(seen)
}

// decide says what the answers mean.
func decide(seen []observation) (Found, error) {
	because := map[string][]string{}
	failed := false
	for _, o := range seen {
		failed = failed || o.failed
		for _, api := range o.generations {
			because[api] = append(because[api], o.probe.String())
		}
	}
	var found []Found
	for _, api := range adapters.Generations() {
		if len(because[api]) >= signs[api] {
			found = append(found, Found{api, strings.Join(because[api], " and ") + " answer as in this generation"})
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return Found{}, fmt.Errorf("%w: %s", ErrUndecidable, describe(seen))
	case failed:
		return Found{}, fmt.Errorf("%w: %s", ErrUnreachable, describe(seen))
	default:
		return Found{}, fmt.Errorf("%w: %s", ErrNotKratos, describe(seen))
	}
}

func describe(seen []observation) string {
	said := make([]string, len(seen))
	for i, o := range seen {
		said[i] = o.String()
	}
	return strings.Join(said, ", ")
}

// observation is what came of a probe.
type observation struct {
	probe       probe
	status      int
	generations []string
	failed      bool
}

// observe says what an answer means. It returns an error if there is none.
func observe(p probe, res *upstream.Response, err error) (observation, error) {
	if e := new(adapters.Error); errors.As(err, &e) && e.HTTPStatus != 0 {
		// Too large an answer is nobody's.
		return observation{probe: p, status: e.HTTPStatus, failed: true}, nil
	}
	if err != nil {
		return observation{}, silence(p, err)
	}
	o := observation{probe: p, status: res.Status, failed: res.Status >= http.StatusInternalServerError || res.Status == http.StatusTooManyRequests}
	if !o.failed {
		o.generations = p.means(res)
	}
	return o, nil
}

// silence says why there is no answer. What speaks, but no HTTP or no TLS, is no Kratos that starts; only if it speaks
// before it is asked, it may seem to be one at first.
func silence(p probe, err error) error {
	if e := new(adapters.Error); errors.As(err, &e) && e.Err != nil {
		err = e.Err
	}
	switch record := (tls.RecordHeaderError{}); {
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		return fmt.Errorf("%w: %s: %w", ErrNotKratos, p, err)
	case strings.Contains(err.Error(), "malformed HTTP"):
		// There is no other way to tell this error of net/http, which quotes what it has got.
		return fmt.Errorf("%w: %s: the answer is not HTTP", ErrNotKratos, p)
	default:
		return fmt.Errorf("%w: %s: %w", ErrUnreachable, p, err)
	}
}

// String says what was seen, and quotes nothing of an answer.
func (o observation) String() string { return fmt.Sprintf("%s: %d", o.probe, o.status) }

// probe is one question.
type probe struct {
	path  string
	query url.Values
	// means are the generations that an answer can be from.
	means func(*upstream.Response) []string
}

func (p probe) String() string { return "GET " + p.path }
