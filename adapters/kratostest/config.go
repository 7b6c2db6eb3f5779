package kratostest

import (
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// identitySchema has an e-mail address to sign in with, a nested name, and one
// optional trait of every other JSON type, so that tests meet typed values.
//
//go:embed identity.schema.json
var identitySchema []byte

type object = map[string]any

// config returns the configuration file of Kratos 0.5.x. ports must be known.
func config(o Options, public, admin address, dir string) object {
	ui := strings.TrimSuffix(o.UIURL, "/")
	flow := func(path string, more object) object {
		section := object{"ui_url": ui + path, "lifespan": milliseconds(o.FlowLifespan)}
		maps.Copy(section, more)
		return section
	}

	cfg := object{
		"version": releases[V05].tag,
		"dsn":     servingDataSource(filepath.Join(dir, dataFile)),
		"log":     object{"level": o.LogLevel, "format": "text"},
		"serve": object{
			"public": object{"base_url": o.PublicBaseURL, "host": public.host, "port": public.port},
			"admin":  object{"base_url": admin.url() + "/", "host": admin.host, "port": admin.port},
		},
		"secrets": object{"default": []string{rand.Text()}, "cookie": []string{rand.Text()}},
		"session": object{"lifespan": milliseconds(o.SessionLifespan)},
		"courier": object{"smtp": object{"connection_uri": o.SMTPURL, "from_address": "kratos@example.org"}},
		// Hashing is as cheap as the schema allows. No secret here is worth more.
		"hashers": object{"argon2": object{
			"memory": 16384, "iterations": 1, "parallelism": 1, "salt_length": 16, "key_length": 16,
		}},
		"identity": object{"default_schema_url": fileURL(filepath.Join(dir, schemaFile))},
		"selfservice": object{
			"default_browser_return_url": ui + "/",
			"whitelisted_return_urls":    append([]string{ui + "/"}, o.ReturnURLs...),
			"methods": object{
				"password": object{"enabled": true},
				"profile":  object{"enabled": true},
				"link":     object{"enabled": true},
				"oidc":     oidc(o.OIDC),
			},
			"flows": object{
				"login": flow("/auth/login", nil),
				// Without this hook a registration answers an identity and no session.
				"registration": flow("/auth/registration", object{"after": object{
					"password": object{"hooks": []object{{"hook": "session"}}},
				}}),
				"settings": flow("/settings", object{
					"privileged_session_max_age": milliseconds(o.PrivilegedSessionMaxAge),
				}),
				"recovery":     flow("/recovery", object{"enabled": true}),
				"verification": flow("/verify", object{"enabled": true}),
				"error":        object{"ui_url": ui + "/error"},
				"logout":       object{"after": object{"default_browser_return_url": ui + "/auth/login"}},
			},
		},
	}
	if o.ExtraConfig != nil {
		o.ExtraConfig(cfg)
	}
	return cfg
}

// oidc configures providers of type github: Kratos knows their endpoints and
// does not ask a discovery document for them, so nothing has to be running.
func oidc(enabled bool) object {
	if !enabled {
		return object{"enabled": false}
	}
	const mapper = `local c = std.extVar('claims'); {identity: {traits: {email: c.email}}}`

	var providers []object
	for _, id := range []string{"github", "second"} {
		providers = append(providers, object{
			"id":            id,
			"provider":      "github",
			"client_id":     "kratostest",
			"client_secret": "kratostest",
			"mapper_url":    "base64://" + base64.StdEncoding.EncodeToString([]byte(mapper)),
			"scope":         []string{"user:email"},
		})
	}
	return object{"enabled": true, "config": object{"providers": providers}}
}

// milliseconds writes d as the configuration schema wants it: one number, one unit.
func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%dms", d.Milliseconds())
}

// dataSource names an SQLite file. "dsn: memory" would be the obvious choice,
// but then every connection of Kratos's pool has a database of its own, and
// concurrent requests fail with "no such table". A file also outlives a restart.
func dataSource(path string) string {
	return "sqlite://" + filepath.ToSlash(path) + "?_fk=true&mode=rwc"
}

// servingDataSource is for a running server. With one connection, requests queue
// up in the pool instead of failing with "database is locked"; lock=false then
// switches off a mutex of Kratos's database library that would deadlock with the
// pool. Nothing has to survive a power cut, so SQLite need not wait for the disk.
func servingDataSource(path string) string {
	return dataSource(path) + "&max_conns=1&lock=false&_journal_mode=WAL&_synchronous=OFF"
}

func fileURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // C:/…
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}
