package shared

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Bound is how long what was true before a change through one replica may still be answered by another one, whatever has
// become of Redis. It is the lease, and how late a beat may come to Redis.
const Bound = time.Second

const (
	// defaultLease is how long memory is trusted after a beat that was received, defaultLate how late one may come to Redis.
	defaultLease = Bound - defaultLate
	defaultLate  = 250 * time.Millisecond
	defaultBeat  = 200 * time.Millisecond
	// defaultTimeout bounds what a call waits for Redis.
	defaultTimeout = 100 * time.Millisecond
	// defaultGone is how long a replica is not heard of until it is taken for dead.
	defaultGone = 15 * time.Second
	// dialTimeout bounds how long a connection takes. A call does not wait for that long.
	dialTimeout = time.Second
	// generationLasts is how long a generation does: with it ends what is being asked for just then.
	generationLasts = time.Hour
	// backdated is by how much clocks may differ.
	backdated = time.Minute
)

// Options say which Redis it is, and for whom.
type Options struct {
	// URL is that of Redis: redis://, rediss:// or unix://. It may hold a password, and is in no error and no log.
	URL string
	// Secret is what replicas share; all keys are derived from it.
	Secret []byte
	// Scope tells apart those whose answers look different; changes concern all scopes.
	Scope string
	// TTL bounds how long an answer is good.
	TTL time.Duration
	// Gap is called when changes may have been missed: what is known from before is outdated. It returns the epoch that
	// begins with it.
	Gap func() (epoch uint64)
	// Changed is called with what was changed through another replica.
	Changed func(Change)
	// Logger takes the log.
	Logger *slog.Logger
	// Now is the clock by which memory is trusted.
	Now func() time.Time

	// Lease, Beat and Timeout are chosen by tests; zero is the default.
	Lease, Beat, Timeout time.Duration
}

// Key stands for a credential.
type Key = [32]byte

// Change is what is not true any more: what is known of some credentials, and of sessions and identities by their ids.
type Change struct {
	Keys []Key
	IDs  []string
}

// CheckURL says what is wrong with a URL, without saying what is in it.
func CheckURL(url string) error {
	_, err := parse(url)
	return err
}

func parse(url string) (*redis.Options, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		// What it says may have the password in it.
		return nil, errors.New("it is no URL of a Redis: redis://HOST:PORT, rediss://HOST:PORT or unix:///PATH, with user and password as in redis://USER:PASSWORD@HOST")
	}
	return o, nil
}

// client makes a client that gives up in time, and tries nothing twice: there is Kratos to be asked.
func (o *Options) client() (*redis.Client, error) {
	c, err := parse(o.URL)
	if err != nil {
		return nil, err
	}
	c.MaxRetries, c.DialerRetries = -1, 1
	c.DialTimeout, c.ReadTimeout, c.WriteTimeout, c.ContextTimeoutEnabled = dialTimeout, o.Timeout, o.Timeout, true
	c.Protocol, c.DisableIdentity = 2, true
	c.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return redis.NewClient(c), nil
}

// silent is the log of the client library, which has one for the whole process: what is worth saying is said here, once.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

func init() { redis.SetLogger(silent{}) } //nolint:gochecknoinits // It is the whole process's.
