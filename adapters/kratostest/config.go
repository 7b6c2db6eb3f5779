package kratostest

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

type object = map[string]any

// uiBase is UIURL without a slash at the end.
func (o Options) uiBase() string { return strings.TrimSuffix(o.UIURL, "/") }

// flow configures a kind of flow whose page has the given path. more may be nil.
func (o Options) flow(path string, more object) object {
	section := object{"ui_url": o.uiBase() + path, "lifespan": milliseconds(o.FlowLifespan)}
	maps.Copy(section, more)
	return section
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
// but then concurrent requests fail: with "no such table" in 0.5, where each
// connection has a database of its own, and with "database table is locked" in
// 1.3, where they share one. A file also outlives a restart.
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
