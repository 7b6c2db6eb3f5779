package server_test

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server"
	"github.com/kratosgrpc/kratosgrpc/server/internal/redistest"
	"github.com/kratosgrpc/kratosgrpc/server/internal/sessions/shared"
)

// startReplicas starts servers that share a Redis, in front of one real Kratos.
func startReplicas(t *testing.T, kratos *kratostest.Kratos, logger *slog.Logger, redisURL string) []*cached {
	t.Helper()
	var all []*cached
	for range 3 {
		s := startServer(t, adapterFor(t, kratostest.V13, kratos.PublicURL), func(c *server.Config) {
			c.SessionCacheTTL, c.SessionCacheKey, c.RedisURL = time.Hour, []byte("a secret that all replicas share"), redisURL
			c.Logger = logger
		})
		all = append(all, &cached{testServer: s, t: t, kratos: kratos, email: "canary-ada-5be1@example.org"})
	}
	return all
}

// sharing waits until replicas have what one of them has asked from Redis.
func sharing(t *testing.T, r *redistest.Redis, all []*cached, token string) {
	t.Helper()
	waitFor(t, "an answer in Redis", func() bool {
		for _, c := range all {
			if _, code := c.whoami(token, &kratosgrpcv1.WhoamiRequest{}); code != codes.OK {
				t.Fatalf("whoami answers %s", code)
			}
		}
		keys, err := r.Client.Keys(t.Context(), "kratosgrpc:*:e:*").Result()
		return err == nil && len(keys) > 0
	})
}

func waitFor(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !happened(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("there is not %s", what)
		}
	}
}

// soonRefused checks that a session that has just ended is refused by all within the bound, and from then on.
func soonRefused(t *testing.T, all []*cached, token, how string) {
	t.Helper()
	ended := time.Now()
	for i, c := range all {
		for {
			began := time.Now()
			_, code := c.whoami(token, &kratosgrpcv1.WhoamiRequest{})
			if code == codes.Unauthenticated {
				break
			}
			if code != codes.OK || began.Sub(ended) > shared.Bound {
				t.Errorf("%s: %s later, whoami at replica %d answers %s", how, began.Sub(ended), i, code)
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// TestReplicas: what is ended through one of three replicas in front of a real Kratos, the others refuse, and what changes
// shows; with Redis, without it, and when it is back.
func TestReplicas(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	kratos := kratostest.StartT(t, kratostest.Options{Version: kratostest.V13})
	all := startReplicas(t, kratos, slog.New(slog.DiscardHandler), r.URL)
	first := all[0].register()
	sharing(t, r, all, first)

	round := func(how string) {
		t.Helper()
		for by, c := range all {
			token, other := c.login(), c.login()
			for _, at := range all {
				for _, known := range []string{token, other, first} {
					if _, code := at.whoami(known, &kratosgrpcv1.WhoamiRequest{}); code != codes.OK {
						t.Fatalf("%s: whoami answers %s", how, code)
					}
				}
			}
			sessions := kratosgrpcv1.NewSessionServiceClient(c.conn)
			if _, err := sessions.RevokeSession(t.Context(), &kratosgrpcv1.RevokeSessionRequest{SessionToken: token}); err != nil {
				t.Fatal(err)
			}
			soonRefused(t, all, token, fmt.Sprintf("%s, revoked by replica %d", how, by))
			if _, err := sessions.DisableMyOtherSessions(c.as(first), &kratosgrpcv1.DisableMyOtherSessionsRequest{}); err != nil {
				t.Fatal(err)
			}
			soonRefused(t, all, other, fmt.Sprintf("%s, disabled by replica %d", how, by))
			for i, at := range all {
				if _, code := at.whoami(first, &kratosgrpcv1.WhoamiRequest{}); code != codes.OK {
					t.Errorf("%s: whoami of the remaining session at replica %d answers %s", how, i, code)
				}
			}
		}
	}
	round("with Redis")
	r.Kill()
	round("without Redis")
	for name, at := range map[string]string{"readiness": "/readyz", "liveness": "/healthz"} {
		// Kratos may be too busy with passwords to say within these few milliseconds that it is ready.
		waitFor(t, name+" without Redis", func() bool {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, all[0].rest+at, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			res, err := all[0].http.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			return res.StatusCode == http.StatusOK
		})
	}
	r.Start()
	round("as Redis comes back")
	sharing(t, r, all, first)
	round("with Redis again")

	// What one replica knows, another one tells though Kratos is gone.
	token := all[0].login()
	if _, code := all[0].whoami(token, &kratosgrpcv1.WhoamiRequest{}); code != codes.OK {
		t.Fatalf("whoami answers %s", code)
	}
	sharing(t, r, all[:1], token)
	kratos.Kill()
	if session, code := all[1].whoami(token, &kratosgrpcv1.WhoamiRequest{}); code != codes.OK || session.GetIdentity().GetTraits().GetFields()["email"].GetStringValue() != all[0].email {
		t.Errorf("without Kratos, another replica's whoami answers %s, %v", code, session)
	}
}

// TestRedisHoldsNoSecret: neither what is in Redis, nor what goes there and through it, nor the log has anything in it by
// which somebody could be known, or taken for.
func TestRedisHoldsNoSecret(t *testing.T) {
	t.Parallel()
	const password = "canary-redis-password-5be1"
	r := redistest.Start(t, "--requirepass", password)
	traffic := monitor(t, r, password)
	kratos := kratostest.StartT(t, kratostest.Options{Version: kratostest.V13})
	log := new(capturedLog)
	logger := slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	all := startReplicas(t, kratos, logger, strings.Replace(r.URL, "unix://", "unix://default:"+password+"@", 1))
	token := all[0].register()
	sharing(t, r, all, token)
	session, code := all[1].whoami(token, &kratosgrpcv1.WhoamiRequest{})
	if code != codes.OK {
		t.Fatalf("whoami answers %s", code)
	}
	contents := new(strings.Builder)
	keys := r.Client.Scan(t.Context(), 0, "*", 1000).Iterator()
	count := 0
	for ; keys.Next(t.Context()); count++ {
		value, err := r.Client.Get(t.Context(), keys.Val()).Result()
		lasts, ttlErr := r.Client.TTL(t.Context(), keys.Val()).Result()
		if err != nil || ttlErr != nil {
			t.Fatal(err, ttlErr)
		}
		if lasts <= 0 || lasts > time.Hour+time.Second {
			t.Errorf("%s lasts for %s", keys.Val(), lasts)
		}
		_, _ = fmt.Fprintf(contents, "%s=%s %q\n", keys.Val(), value, value)
	}
	if count < 4 {
		t.Errorf("there are %d keys in Redis", count)
	}
	if _, err := kratosgrpcv1.NewSessionServiceClient(all[2].conn).DisableMySession(all[2].as(all[2].login()), &kratosgrpcv1.DisableMySessionRequest{Id: session.GetId()}); err != nil {
		t.Fatal(err)
	}
	soonRefused(t, all, token, "disabled")
	r.Kill()
	waitFor(t, "a word about it in each log", func() bool { return len(log.lines("Redis is lost")) == len(all) })
	r.Start("--requirepass", password)
	waitFor(t, "a word about it in each log", func() bool { return len(log.lines("Redis is back")) == len(all) })

	secrets := canaries{token, session.GetId(), session.GetIdentity().GetId(), all[0].email, "canary-ada", cachedPassword, password}
	secrets[:len(secrets)-1].absent(t, "Redis's traffic", traffic())
	secrets.absent(t, "Redis", contents.String())
	canaries{token, all[0].email, cachedPassword, password}.absent(t, "the log", log.String())
	if !strings.Contains(strings.ToLower(traffic()), "evalsha") || !strings.Contains(traffic(), "publish") {
		t.Error("there was no traffic")
	}
}

// monitor records all that a Redis is told.
func monitor(t *testing.T, r *redistest.Redis, password string) (traffic func() string) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "unix", strings.TrimPrefix(r.URL, "unix://"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "AUTH %s\r\nMONITOR\r\n", password); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all strings.Builder
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buffer := make([]byte, 64<<10)
		for {
			n, err := conn.Read(buffer)
			mu.Lock()
			_, _ = all.Write(buffer[:n])
			mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-ended })
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return all.String()
	}
}
