package kratostest

import (
	"crypto/rand"
	"path/filepath"
)

const tagV05 = "v0.5.5-alpha.1"

// configV05 returns the configuration file of Kratos 0.5.x.
func configV05(o Options, public, admin address, dir string) object {
	ui := o.uiBase()

	return object{
		"version": tagV05,
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
				"login": o.flow("/auth/login", nil),
				// Without this hook a registration answers an identity and no session.
				"registration": o.flow("/auth/registration", object{"after": object{
					"password": object{"hooks": []object{{"hook": "session"}}},
				}}),
				"settings": o.flow("/settings", object{
					"privileged_session_max_age": milliseconds(o.PrivilegedSessionMaxAge),
				}),
				"recovery":     o.flow("/recovery", object{"enabled": true}),
				"verification": o.flow("/verify", object{"enabled": true}),
				"error":        object{"ui_url": ui + "/error"},
				"logout":       object{"after": object{"default_browser_return_url": ui + "/auth/login"}},
			},
		},
	}
}
