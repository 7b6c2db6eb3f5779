package server_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// cached is a server with a session cache in front of a real Kratos, and an account there.
type cached struct {
	*testServer

	t      *testing.T
	kratos *kratostest.Kratos
	email  string
}

func startCached(t *testing.T, configure ...func(map[string]any)) *cached {
	t.Helper()
	options := kratostest.Options{Version: kratostest.V13}
	if len(configure) > 0 {
		options.ExtraConfig = configure[0]
	}
	kratos := kratostest.StartT(t, options)
	s := startServer(t, adapterFor(t, kratostest.V13, kratos.PublicURL), func(c *server.Config) { c.SessionCacheTTL = time.Hour })
	return &cached{testServer: s, t: t, kratos: kratos, email: "ada@example.org"}
}

func (c *cached) payload(fields map[string]any) *structpb.Struct {
	c.t.Helper()
	payload, err := structpb.NewStruct(fields)
	if err != nil {
		c.t.Fatal(err)
	}
	return payload
}

const cachedPassword = "no-machine-for-this"

func (c *cached) register() (token string) {
	c.t.Helper()
	client := kratosgrpcv1.NewRegistrationServiceClient(c.conn)
	started, err := client.InitializeRegistrationViaApiFlow(c.t.Context(), &kratosgrpcv1.InitializeRegistrationViaApiFlowRequest{})
	if err != nil {
		c.t.Fatal(err)
	}
	res, err := client.UpdateRegistrationFlow(c.t.Context(), &kratosgrpcv1.UpdateRegistrationFlowRequest{
		Flow: started.GetFlow().GetId(), Method: "password",
		Payload: c.payload(map[string]any{"traits": map[string]any{"email": c.email}, "password": cachedPassword}),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return res.GetSuccess().GetSessionToken()
}

func (c *cached) login() (token string) {
	c.t.Helper()
	client := kratosgrpcv1.NewLoginServiceClient(c.conn)
	started, err := client.InitializeLoginViaApiFlow(c.t.Context(), &kratosgrpcv1.InitializeLoginViaApiFlowRequest{})
	if err != nil {
		c.t.Fatal(err)
	}
	res, err := client.UpdateLoginFlow(c.t.Context(), &kratosgrpcv1.UpdateLoginFlowRequest{
		Flow: started.GetFlow().GetId(), Method: "password", Payload: c.payload(map[string]any{"identifier": c.email, "password": cachedPassword}),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return res.GetSuccess().GetSessionToken()
}

func (c *cached) as(token string) context.Context {
	return metadata.AppendToOutgoingContext(c.t.Context(), "x-session-token", token)
}

func (c *cached) whoami(token string, req *kratosgrpcv1.WhoamiRequest, md ...string) (*kratosgrpcv1.Session, codes.Code) {
	c.t.Helper()
	res, err := kratosgrpcv1.NewSessionServiceClient(c.conn).Whoami(metadata.AppendToOutgoingContext(c.as(token), md...), req)
	return res.GetSession(), status.Code(err)
}

// TestSessionCacheOutlivesKratos: what is known is told, though Kratos is gone, and only what is known.
func TestSessionCacheOutlivesKratos(t *testing.T) {
	t.Parallel()
	c := startCached(t)
	token, other := c.register(), c.login()
	if _, code := c.whoami(token, &kratosgrpcv1.WhoamiRequest{}); code != codes.OK {
		t.Fatalf("whoami answers %s", code)
	}
	if _, code := c.whoami("made-up", &kratosgrpcv1.WhoamiRequest{}); code != codes.Unauthenticated {
		t.Fatalf("whoami of nobody answers %s", code)
	}
	c.kratos.Kill()
	if session, code := c.whoami(token, &kratosgrpcv1.WhoamiRequest{}); code != codes.OK || session.GetIdentity().GetTraits().GetFields()["email"].GetStringValue() != c.email {
		t.Errorf("whoami answers %s, %v", code, session)
	}
	if _, code := c.whoami("made-up", &kratosgrpcv1.WhoamiRequest{}); code != codes.Unauthenticated {
		t.Errorf("whoami of nobody answers %s", code)
	}
	for name, ask := range map[string]func() codes.Code{
		"not known": func() codes.Code { _, code := c.whoami(other, &kratosgrpcv1.WhoamiRequest{}); return code },
		"not fresh": func() codes.Code {
			_, code := c.whoami(token, &kratosgrpcv1.WhoamiRequest{MaxStaleness: durationpb.New(0)})
			return code
		},
		"not fresh, by a header": func() codes.Code {
			_, code := c.whoami(token, &kratosgrpcv1.WhoamiRequest{}, "cache-control", "no-cache")
			return code
		},
	} {
		if code := ask(); code != codes.Unavailable {
			t.Errorf("%s: whoami answers %s, want Unavailable", name, code)
		}
	}
	for header, want := range map[string]int{"": http.StatusOK, "max-age=3600": http.StatusOK, "max-age=0": http.StatusServiceUnavailable, "no-cache": http.StatusServiceUnavailable} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.rest+"/sessions/whoami", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Session-Token", token)
		if header != "" {
			req.Header.Set("Cache-Control", header)
		}
		res, err := c.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("over REST with Cache-Control %q: %d, want %d", header, res.StatusCode, want)
		}
	}
}

// TestSessionCacheForgets: what is changed through the server shows at once, over both transports.
func TestSessionCacheForgets(t *testing.T) {
	t.Parallel()
	c := startCached(t)
	first := c.register()
	second, third := c.login(), c.login()
	for _, token := range []string{first, second, third} {
		if _, code := c.whoami(token, &kratosgrpcv1.WhoamiRequest{}); code != codes.OK {
			t.Fatalf("whoami answers %s", code)
		}
	}

	sessions := kratosgrpcv1.NewSessionServiceClient(c.conn)
	if _, err := sessions.RevokeSession(t.Context(), &kratosgrpcv1.RevokeSessionRequest{SessionToken: second}); err != nil {
		t.Fatal(err)
	}
	if _, code := c.whoami(second, &kratosgrpcv1.WhoamiRequest{}); code != codes.Unauthenticated {
		t.Errorf("a revoked session: whoami answers %s", code)
	}

	settings := kratosgrpcv1.NewSettingsServiceClient(c.conn)
	started, err := settings.InitializeSettingsViaApiFlow(c.as(first), &kratosgrpcv1.InitializeSettingsViaApiFlowRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := settings.CompleteSettingsFlowWithProfileMethod(c.as(first), &kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest{
		Flow: started.GetFlow().GetId(), Payload: &kratosgrpcv1.SettingsProfilePayload{Traits: c.payload(map[string]any{"email": c.email, "age": 36})},
	}); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{first, third} {
		session, code := c.whoami(token, &kratosgrpcv1.WhoamiRequest{})
		if age := session.GetIdentity().GetTraits().GetFields()["age"].GetNumberValue(); code != codes.OK || age != 36 {
			t.Errorf("after a change, whoami answers %s and the age %v", code, age)
		}
	}

	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, c.rest+"/sessions", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Session-Token", first)
	res, err := c.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if _, code := c.whoami(third, &kratosgrpcv1.WhoamiRequest{}); res.StatusCode != http.StatusOK || code != codes.Unauthenticated {
		t.Errorf("after DELETE /sessions answered %d, whoami of another session answers %s", res.StatusCode, code)
	}
	if _, code := c.whoami(first, &kratosgrpcv1.WhoamiRequest{}); code != codes.OK {
		t.Errorf("whoami of the own session answers %s", code)
	}
}

// TestSessionCacheObeysKratos: Kratos can say for how long its answer is good, which is shorter here than the server's
// own time.
func TestSessionCacheObeysKratos(t *testing.T) {
	t.Parallel()
	c := startCached(t, func(config map[string]any) {
		config["feature_flags"] = map[string]any{"cacheable_sessions": true, "cacheable_sessions_max_age": "2s"}
	})
	token := c.register()
	if _, code := c.whoami(token, &kratosgrpcv1.WhoamiRequest{MaxStaleness: durationpb.New(time.Hour)}); code != codes.OK {
		t.Fatalf("whoami answers %s", code)
	}
	c.kratos.Kill()
	if _, code := c.whoami(token, &kratosgrpcv1.WhoamiRequest{}); code != codes.OK {
		t.Errorf("as long as Kratos lets it, whoami answers %s", code)
	}
	for range 200 {
		_, code := c.whoami(token, &kratosgrpcv1.WhoamiRequest{})
		if code == codes.Unavailable {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("the answer is kept for longer than Kratos lets it")
}
