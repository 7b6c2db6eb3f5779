package replay

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosreplay"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv01"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// view is a way to ask what a recorded client asked.
type view struct {
	name string
	// ask sends a recorded request, and returns what came of it in the terms of HTTP.
	ask func(t *testing.T, s *facade, e kratosreplay.Exchange) answer
	// headers are those of an answer that the view has.
	headers []string
}

var views = []view{
	{"REST", askREST, []string{
		"Cache-Control", "Content-Type", "Link", "Ory-Error-Id", "Set-Cookie", "Vary", "X-Kratos-Authenticated-Identity-Id", "X-Total-Count",
	}},
	{"gRPC", askGRPC, []string{"Set-Cookie", "X-Kratos-Authenticated-Identity-Id", "X-Total-Count"}},
}

// TestReplay has the newest release that was recorded answer.
func TestReplay(t *testing.T) {
	recordings, err := kratosreplay.Recordings(kratosreplay.V262)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range views {
		t.Run(v.name, func(t *testing.T) {
			for _, r := range recordings {
				for _, e := range r.Exchanges {
					name := r.About + "/" + e.Name
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						replay(t, v, r.API, differences, e)
					})
					for _, i := range inventions {
						if invented, ok := i.of(t, e); ok {
							t.Run(name+"/with "+i.name, func(t *testing.T) {
								t.Parallel()
								replay(t, v, r.API, differences, invented)
							})
						}
					}
				}
			}
		})
	}
	checkUsed(t, differences)
}

// checkUsed checks that each difference was shown.
func checkUsed(t *testing.T, differences []*difference) {
	t.Helper()
	for _, d := range differences {
		if !d.used.Load() {
			t.Errorf("no exchange shows this difference any more: %s", d.why)
		}
	}
}

// replay has the view make the request of an exchange, and compares what comes with what was recorded. What else
// kratosgrpc asks Kratos for stands beside it.
func replay(t *testing.T, v view, api string, differences []*difference, e kratosreplay.Exchange, beside ...kratosreplay.Exchange) {
	t.Helper()
	upstream := kratosreplay.StartT(t, kratosreplay.Options{Exchanges: append([]kratosreplay.Exchange{asAsked(api, e)}, beside...)})
	s := start(t, adapterOf(t, api, upstream.URL))
	for _, d := range compare(recordedAnswer(e), v.ask(t, s, e), v.headers) {
		if !isMeant(differences, v, e, d) {
			t.Error(d)
		}
	}
}

// asAsked is an exchange as it is to happen behind kratosgrpc, where that is meant to ask for something else: for what logs
// a browser out as JSON, which Kratos refuses without a session; and Kratos 0.1 as a browser does.
func asAsked(api string, e kratosreplay.Exchange) kratosreplay.Exchange {
	if api == kratosv01.API {
		return asBrowser(e)
	}
	if startsLogout(e) {
		cookie := "Set-Cookie: " + e.Response.Header.HTTP().Get("Set-Cookie")
		e.Request.Header = kratosreplay.Header{"Accept: application/json"}
		e.Response = kratosreplay.Response{
			Status: http.StatusUnauthorized, Header: kratosreplay.Header{"Content-Type: application/json", "Vary: Cookie", cookie},
			Body: kratosreplay.Body{JSON: []byte(`{"error": {"id": "session_inactive", "code": 401, "status": "Unauthorized", "message": "no session"}}`)},
		}
	}
	return e
}

func adapterOf(t *testing.T, api, base string) adapters.Adapter {
	t.Helper()
	var adapter adapters.Adapter
	var err error
	switch api {
	case kratosv1.API:
		adapter, err = kratosv1.New(base)
	case kratosv01.API:
		adapter, err = kratosv01.New(base)
	default:
		t.Fatalf("there is no adapter for %s", api)
	}
	if err != nil {
		t.Fatal(err)
	}
	return adapter
}

// facade is kratosgrpc, running.
type facade struct {
	rest string
	conn *grpc.ClientConn
}

// start serves an adapter until the test ends.
func start(t *testing.T, adapter adapters.Adapter) *facade {
	t.Helper()
	config := server.DefaultConfig()
	config.DrainDelay = 0
	config.GRPCAddr, config.HTTPAddr = "127.0.0.1:0", "127.0.0.1:0"
	config.Logger = slog.New(slog.DiscardHandler)
	s, err := server.New(config, adapter)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient(s.GRPCAddr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		_ = conn.Close()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return &facade{rest: "http://" + s.HTTPAddr().String(), conn: conn}
}

// isMeant tells whether a discrepancy is one of the differences that are meant.
func isMeant(differences []*difference, v view, e kratosreplay.Exchange, d discrepancy) bool {
	for _, known := range differences {
		if (known.view == "" || known.view == v.name) && slices.ContainsFunc(known.at, d.isAt) && known.meant(e, d) {
			known.used.Store(true)
			return true
		}
	}
	return false
}
