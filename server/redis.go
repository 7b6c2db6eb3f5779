package server

import (
	"fmt"

	"github.com/kratosgrpc/kratosgrpc/server/internal/sessions"
	"github.com/kratosgrpc/kratosgrpc/server/internal/sessions/shared"
)

// CheckRedisURL says what is wrong with a [Config.RedisURL], without telling what is in it.
func CheckRedisURL(url string) error { return shared.CheckURL(url) }

// redisOf is the Redis of the session cache, if there is to be one. Answers look alike where the same URLs are rewritten.
func redisOf(c *Config) *sessions.Redis {
	if c.RedisURL == "" {
		return nil
	}
	return &sessions.Redis{URL: c.RedisURL, Scope: fmt.Sprintf("%q", append([]string{c.PublicURL}, c.KratosURLs...)), Logger: c.Logger}
}
