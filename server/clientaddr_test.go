package server_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// TestDevices: a real Kratos knows from where, and by which program, somebody has logged in.
func TestDevices(t *testing.T) {
	t.Parallel()
	kratos := kratostest.StartT(t, kratostest.Options{Version: kratostest.V13})
	adapter := adapterFor(t, kratostest.V13, kratos.PublicURL)
	lies := map[string]string{
		"True-Client-Ip": "192.0.2.1", "Cf-Connecting-Ip": "192.0.2.2", "X-Real-Ip": "192.0.2.3", "X-Forwarded-For": "junk, 203.0.113.9, 198.51.100.4",
		"Forwarded": "for=192.0.2.4", "Cf-Ipcity": "Nowhere", "X-Kratosgrpc-Client-User-Agent": "smuggled", "X-Kratosgrpc-Client-Address": "192.0.2.5", "Grpc-Metadata-X-Kratosgrpc-Client-Address": "192.0.2.6",
	}
	for name, c := range map[string]struct {
		trusted []netip.Prefix
		want    string
	}{
		"a client":          {nil, "127.0.0.1"},
		"proxies":           {[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("198.51.100.0/24")}, "203.0.113.9"},
		"the wrong proxies": {[]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, "127.0.0.1"},
		"the nearest proxy": {[]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, "198.51.100.4"},
	} {
		s := &cached{testServer: startServer(t, adapter, func(config *server.Config) { config.TrustedProxies = c.trusted }), t: t, kratos: kratos}
		t.Run(name+", over gRPC", func(t *testing.T) {
			md := metadata.New(map[string]string{"grpcgateway-user-agent": "Ada's telephone"})
			for key, value := range lies {
				md.Set(key, value)
			}
			ctx := metadata.NewOutgoingContext(t.Context(), md)
			client := kratosgrpcv1.NewRegistrationServiceClient(s.conn)
			started, err := client.InitializeRegistrationViaApiFlow(ctx, &kratosgrpcv1.InitializeRegistrationViaApiFlowRequest{})
			if err != nil {
				t.Fatal(err)
			}
			res, err := client.UpdateRegistrationFlow(ctx, &kratosgrpcv1.UpdateRegistrationFlowRequest{
				Flow: started.GetFlow().GetId(), Method: "password",
				Payload: s.payload(map[string]any{"traits": map[string]any{"email": emailFor(t)}, "password": cachedPassword}),
			})
			if err != nil {
				t.Fatal(err)
			}
			hasDevice(t, s, res.GetSuccess().GetSessionToken(), c.want, "Ada's telephone")
		})
		t.Run(name+", over REST", func(t *testing.T) {
			post := func(method, url, body string, into any) {
				t.Helper()
				req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewBufferString(body))
				if err != nil {
					t.Fatal(err)
				}
				for name, value := range lies {
					req.Header.Set(name, value)
				}
				req.Header.Set("User-Agent", "Ada's browser")
				if body != "" {
					req.Header.Set("Content-Type", "application/json")
				}
				res, err := s.http.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = res.Body.Close() }()
				if err := json.NewDecoder(res.Body).Decode(into); err != nil || res.StatusCode != http.StatusOK {
					t.Fatalf("the answer has status %d (%v)", res.StatusCode, err)
				}
			}
			var flow struct{ ID string }
			post(http.MethodGet, s.rest+"/self-service/registration/api", "", &flow)
			var success struct {
				Token string `json:"session_token"`
			}
			post(http.MethodPost, s.rest+"/self-service/registration?flow="+flow.ID, `{"method":"password","password":"`+cachedPassword+`","traits":{"email":"`+emailFor(t)+`"}}`, &success)
			hasDevice(t, s, success.Token, c.want, "Ada's browser")
		})
	}
}

func emailFor(t *testing.T) string {
	t.Helper()
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(t.Name())) + "@example.org"
}

func hasDevice(t *testing.T, s *cached, token, address, userAgent string) {
	t.Helper()
	res, err := kratosgrpcv1.NewSessionServiceClient(s.conn).Whoami(s.as(token), &kratosgrpcv1.WhoamiRequest{})
	if err != nil {
		t.Fatal(err)
	}
	devices := res.GetSession().GetDevices()
	if len(devices) != 1 || devices[0].GetIpAddress() != address || devices[0].GetUserAgent() != userAgent {
		t.Errorf("the devices are %v, want one at %s with %q", devices, address, userAgent)
	}
}

// TestOwnUserAgent: who calls over gRPC for nobody else is known by its library's name.
func TestOwnUserAgent(t *testing.T) {
	t.Parallel()
	s := startCached(t)
	hasDevice(t, s, s.register(), "127.0.0.1", "grpc-go/"+grpc.Version)
}
