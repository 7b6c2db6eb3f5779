package server

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/rs/cors"
)

// withCORS lets scripts of other origins use the REST view, with their users' cookies. Without origins, as by default,
// browsers let none.
func withCORS(origins []string, handler http.Handler) http.Handler {
	if len(origins) == 0 {
		return handler
	}
	return cors.New(cors.Options{
		AllowedOrigins:   origins,
		AllowCredentials: true,
		AllowedMethods:   []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
		AllowedHeaders:   []string{"Accept", "Authorization", "Cache-Control", "Content-Type", "X-Request-Id", "X-Session-Token"},
		ExposedHeaders:   []string{"X-Kratos-Authenticated-Identity-Id", "Link", "X-Total-Count", "Retry-After"},
		MaxAge:           600,
	}).Handler(handler)
}

// validateOrigins refuses what would let in more than was meant: anybody, with everybody's cookies.
func validateOrigins(origins []string) error {
	for _, origin := range origins {
		u, err := url.Parse(origin)
		switch {
		case strings.Contains(origin, "*"):
			return fmt.Errorf("the CORS origin %q has to name one origin: with cookies, all of them is nobody's wish", origin)
		case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "", u.User != nil, u.Scheme+"://"+u.Host != origin:
			return fmt.Errorf("the CORS origin %q has to be a scheme and a host, and nothing else, like https://app.example.org", origin)
		case u.Scheme == "https" && u.Port() == "443", u.Scheme == "http" && u.Port() == "80", strings.ToLower(origin) != origin:
			return fmt.Errorf("the CORS origin %q is not as browsers write it, in small letters and without the port that goes without saying", origin)
		}
	}
	return nil
}
