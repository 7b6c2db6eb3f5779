package kratostest

import (
	"crypto/rand"
	"net/url"
	"path/filepath"
)

const tagV13 = "v1.3.1"

// configV13 returns the configuration file of Kratos 1.3.x.
func configV13(o Options, public, admin address, dir string) object {
	ui := o.uiBase()
	mailed := "link"
	if o.MailCodes {
		mailed = "code"
	}
	session := object{"hooks": []object{{"hook": "session"}}}
	// Security keys belong to the domain of the pages.
	party := object{"display_name": "kratostest", "id": hostname(ui), "origins": []string{ui}}

	return object{
		"version": tagV13,
		"dsn":     servingDataSource(filepath.Join(dir, dataFile)),
		"log":     object{"level": o.LogLevel, "format": "text"},
		"serve": object{
			"public": object{"base_url": o.PublicBaseURL, "host": public.host, "port": public.port},
			"admin":  object{"base_url": admin.url() + "/", "host": admin.host, "port": admin.port},
		},
		"secrets": object{"default": []string{rand.Text()}, "cookie": []string{rand.Text()}},
		"session": object{"lifespan": milliseconds(o.SessionLifespan)},
		"courier": object{"smtp": object{"connection_uri": cleartext(o.SMTPURL), "from_address": "kratos@example.org"}},
		// Hashing is as cheap as the schema allows, with --dev. No secret here is worth more.
		"hashers": object{"algorithm": "bcrypt", "bcrypt": object{"cost": 4}},
		"identity": object{
			"default_schema_id": "default",
			"schemas":           []object{{"id": "default", "url": fileURL(filepath.Join(dir, schemaFile))}},
		},
		"selfservice": object{
			"default_browser_return_url": ui + "/",
			"allowed_return_urls":        append([]string{ui + "/"}, o.ReturnURLs...),
			"methods": object{
				"password": object{"enabled": true},
				"profile":  object{"enabled": true},
				"link":     object{"enabled": true, "config": object{"lifespan": milliseconds(o.FlowLifespan)}},
				"code": object{
					"enabled":              true,
					"passwordless_enabled": o.CodeLogin,
					"config":               object{"lifespan": milliseconds(o.FlowLifespan)},
				},
				"totp":          object{"enabled": true, "config": object{"issuer": "kratostest"}},
				"lookup_secret": object{"enabled": true},
				"webauthn":      object{"enabled": true, "config": object{"passwordless": false, "rp": party}},
				"passkey":       object{"enabled": true, "config": object{"rp": party}},
				"oidc":          oidc(o.OIDC),
			},
			"flows": object{
				"login": o.flow("/auth/login", nil),
				// Without this hook a registration answers an identity and no session.
				"registration": o.flow("/auth/registration", object{"after": object{
					"password": session, "code": session, "oidc": session, "passkey": session,
				}}),
				"settings": o.flow("/settings", object{
					"privileged_session_max_age": milliseconds(o.PrivilegedSessionMaxAge),
				}),
				"recovery":     o.flow("/recovery", object{"enabled": true, "use": mailed}),
				"verification": o.flow("/verify", object{"enabled": true, "use": mailed}),
				"error":        object{"ui_url": ui + "/error"},
				"logout":       object{"after": object{"default_browser_return_url": ui + "/auth/login"}},
			},
		},
	}
}

// argsV13 starts the courier, which Kratos 0.5.x always runs. Without a server
// the queue is left alone: this release gives up a mail after a few attempts.
func argsV13(o Options) []string {
	if o.SMTPURL == noSMTP {
		return nil
	}
	return []string{"--watch-courier"}
}

// cleartext lets Kratos 1.x send mails without TLS, as 0.5.x does.
func cleartext(smtp string) string {
	uri, err := url.Parse(smtp)
	if err != nil || uri.Scheme != "smtp" || uri.Query().Has("disable_starttls") {
		return smtp
	}
	query := uri.Query()
	query.Set("disable_starttls", "true")
	uri.RawQuery = query.Encode()
	return uri.String()
}

// hostname returns the host of a URL, without its port.
func hostname(address string) string {
	uri, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return uri.Hostname()
}
