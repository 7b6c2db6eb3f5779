package server_test

import (
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
)

// world names a Kratos that is configured in some way, with a server in front of it.
type world string

const (
	// ordinary has what all other worlds have too: OpenID Connect providers, and nothing out of the ordinary.
	ordinary world = ""
	// hasty has flows that expire at once.
	hasty world = "hasty"
	// strict has sessions that are privileged for no longer than an instant.
	strict world = "strict"
)

type runningWorld struct {
	version kratostest.Version
	kratos  *kratostest.Kratos
	server  *testServer
	// expired has what has expired before the cases begin, so that only one test has to wait for it.
	expired *expiredFlows
}

func startWorlds(t *testing.T, version kratostest.Version) map[world]*runningWorld {
	t.Helper()
	worlds := map[world]*runningWorld{}
	for name, options := range map[world]kratostest.Options{
		ordinary: {},
		hasty:    {FlowLifespan: time.Second},
		strict:   {PrivilegedSessionMaxAge: time.Millisecond},
	} {
		options.Version, options.OIDC = version, true
		kratos := kratostest.StartT(t, options)
		worlds[name] = &runningWorld{version: version, kratos: kratos, server: startServer(t, adapterFor(t, version, kratos.PublicURL))}
	}
	worlds[hasty].expired = letExpire(t, worlds[hasty])
	return worlds
}

// expiredFlows are flows of all kinds that can no longer be completed, and whose they are, by kind.
type expiredFlows struct {
	api      map[string]string
	caller   map[string]caller
	browser  map[string]*browser
	browsers map[string]string
}

// letExpire starts one flow of each kind for each kind of client, and waits until they have expired.
func letExpire(t *testing.T, w *runningWorld) *expiredFlows {
	t.Helper()
	f := &fixture{t: t, world: w, own: &grpcClient{conn: w.server.conn}}
	e := &expiredFlows{api: map[string]string{}, caller: map[string]caller{}, browser: map[string]*browser{}, browsers: map[string]string{}}
	f.register()
	for kind, method := range map[string]string{
		"Login": "password", "Registration": "password", "Settings": "profile", "Recovery": "link", "Verification": "link",
	} {
		b := f.open()
		if kind == "Settings" {
			b.logInAs(f.account)
			e.caller[kind] = caller{sessionToken: f.account.token}
		}
		e.api[kind] = f.start(kind, e.caller[kind])
		e.browsers[kind] = b.start(kind, method)
		e.browser[kind] = b
	}
	time.Sleep(1100 * time.Millisecond)
	return e
}
