package server

import (
	"errors"
	"log/slog"
	"net/netip"
	"time"
)

// Config is what can be configured of a server.
type Config struct {
	// GRPCAddr is the TCP address to serve gRPC on, for example ":9090".
	GRPCAddr string
	// HTTPAddr is the TCP address to serve REST on, for example ":8080".
	HTTPAddr string
	// TLS says how calls are secured on the way to the server.
	TLS TLS
	// AllowSPIFFEIDs are the callers that may call anything at all: SPIFFE IDs, or patterns that end in /*, which are all IDs
	// below. Empty allows all. It needs TLS.ClientCAFile.
	AllowSPIFFEIDs []string
	// PolicyFile says, in YAML or JSON, which caller may call which RPC, and allows nothing else; empty allows everything. It
	// is read again when it changes. It needs TLS.ClientCAFile.
	PolicyFile string
	// ReloadInterval is how often the files that are named here are looked at. What is new counts when it was seen twice.
	ReloadInterval time.Duration
	// PublicURL is the base URL at which browsers reach the REST view. If it is set, Kratos's own URLs in answers are
	// rewritten to it; see rewrite.go for which.
	PublicURL string
	// KratosURLs are the base URLs by which Kratos calls itself, which PublicURL takes the place of.
	KratosURLs []string
	// CookieDomain is what the Domain of Kratos's cookies is changed to, [NoCookieDomain] removes it. Empty leaves it.
	CookieDomain string
	// Detect finds out which generation of Kratos is behind the server. It is asked where no adapter is given, and whenever
	// Kratos comes back after an outage. Nil leaves it at the adapter that is given.
	Detect Detect
	// SessionCacheTTL is how long Kratos's answer to Whoami may be kept; 0 keeps none. What is changed through this server
	// shows at once, but what is changed elsewhere shows only when an answer has expired.
	SessionCacheTTL time.Duration
	// SessionCacheSize is how many sessions are kept at most.
	SessionCacheSize int
	// SessionCacheKey is the secret under which the cache hashes credentials. Without one there is a new one each time.
	SessionCacheKey []byte
	// TrustedProxies are the networks of the proxies in front of this server, whose X-Forwarded-For says who the client is.
	// Nobody else's is read.
	TrustedProxies []netip.Prefix
	// RedisURL is that of a Redis, with the password if it wants one, by which replicas share the session cache and tell each
	// other what has changed: redis://, rediss:// or unix://. It wants SessionCacheTTL and SessionCacheKey, which has to be the
	// same at all replicas that ask the same Kratos, and at no others.
	RedisURL string
	// UpstreamTimeout bounds calls that bring no deadline of their own.
	UpstreamTimeout time.Duration
	// ReadyInterval is how often Kratos is asked whether it is ready.
	ReadyInterval time.Duration
	// UnreadyAfter is how many checks in a row have to fail until the server says that it is not ready, and ReadyAfter how many
	// have to succeed until it says so again: one answer that is lost does not take it out of service. The first check counts
	// by itself.
	UnreadyAfter, ReadyAfter int
	// DrainDelay is how long the server says that it is about to stop, and serves still, before it takes no more calls: as
	// long as a load balancer takes to notice.
	DrainDelay time.Duration
	// DrainTimeout bounds how long calls under way may go on once the server is told to stop.
	DrainTimeout time.Duration
	// Limits are what the server puts up with.
	Limits Limits
	// RateLimits are how often something may be asked.
	RateLimits RateLimits
	// CORSOrigins are the origins, such as "https://app.example.org", whose scripts may use the REST view in a browser, with
	// its cookies.
	CORSOrigins []string
	// Authz is how requests are authorized for Envoy.
	Authz AuthzConfig
	// Logger takes the server's log.
	Logger *slog.Logger
}

// DefaultConfig returns the defaults of the command line.
func DefaultConfig() Config {
	return Config{
		GRPCAddr:         ":9090",
		HTTPAddr:         ":8080",
		SessionCacheSize: 100_000,
		UpstreamTimeout:  10 * time.Second,
		ReadyInterval:    2 * time.Second,
		UnreadyAfter:     3,
		ReadyAfter:       2,
		DrainDelay:       3 * time.Second,
		ReloadInterval:   time.Second,
		DrainTimeout:     15 * time.Second,
		Limits:           defaultLimits(),
		Authz:            defaultAuthzConfig(),
		Logger:           slog.Default(),
	}
}

// Validate says what is wrong with a configuration.
func (c *Config) Validate() error {
	switch {
	case c.GRPCAddr == "":
		return errors.New("the address for gRPC is missing")
	case c.HTTPAddr == "":
		return errors.New("the address for REST is missing")
	case c.SessionCacheTTL < 0:
		return errors.New("the lifetime of the session cache must not be less than zero")
	case c.SessionCacheTTL > 0 && c.SessionCacheSize <= 0:
		return errors.New("the size of the session cache has to be more than zero")
	case c.RedisURL != "" && c.SessionCacheTTL == 0:
		return errors.New("a Redis is for the session cache, which has no lifetime")
	case c.RedisURL != "" && len(c.SessionCacheKey) == 0:
		return errors.New("replicas that share a session cache have to share its secret, which is missing")
	case c.UpstreamTimeout <= 0:
		return errors.New("the upstream timeout has to be more than zero")
	case c.ReadyInterval <= 0:
		return errors.New("the interval of the readiness checks has to be more than zero")
	case c.UnreadyAfter <= 0 || c.ReadyAfter <= 0:
		return errors.New("the numbers of readiness checks have to be more than zero")
	case c.DrainDelay < 0:
		return errors.New("the drain delay must not be less than zero")
	case c.ReloadInterval <= 0:
		return errors.New("the interval at which files are looked at has to be more than zero")
	case c.DrainTimeout <= 0:
		return errors.New("the drain timeout has to be more than zero")
	case c.Logger == nil:
		return errors.New("the logger is missing")
	}
	if err := validateProxies(c.TrustedProxies); err != nil {
		return err
	}
	if err := c.Limits.validate(); err != nil {
		return err
	}
	if err := c.Authz.validate(); err != nil {
		return err
	}
	if err := c.TLS.validate(); err != nil {
		return err
	}
	if err := c.RateLimits.validate(); err != nil {
		return err
	}
	return validateOrigins(c.CORSOrigins)
}
