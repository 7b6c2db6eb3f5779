package server_test

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/detect"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv05"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv1"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// detecting has a server find out what is behind it.
func detecting(base string) func(*server.Config) {
	return func(c *server.Config) {
		c.Detect = func(ctx context.Context) (adapters.Adapter, string, error) {
			found, err := detect.Generation(ctx, base)
			if err != nil {
				return nil, "", err
			}
			if found.API == adapters.V05 {
				adapter, err := kratosv05.New(base)
				return adapter, found.Because, err
			}
			adapter, err := kratosv1.New(base)
			return adapter, found.Because, err
		}
	}
}

// logBook keeps a log.
type logBook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// api is the generation that a server says is behind it, or how it refuses to say.
func api(ctx context.Context, s *testServer) string {
	_, err := kratosgrpcv1.NewSessionServiceClient(s.conn).ListMySessions(ctx, &kratosgrpcv1.ListMySessionsRequest{})
	switch st := status.Convert(err); st.Code() {
	case codes.Unimplemented:
		return adapters.V05
	case codes.Unauthenticated:
		return adapters.V1
	default:
		return st.Code().String()
	}
}

// freeAddress is one that nobody listens at. It is below those that systems hand out by themselves, so that it stays free.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(10000+rand.IntN(9999)))
		if listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address); err == nil {
			_ = listener.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// get is the status of a GET.
func get(t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

func eventually(t *testing.T, want string, get func() string) {
	t.Helper()
	got := ""
	for range 600 {
		if got = get(); got == want {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("got %s, want %s", got, want)
}

// TestUpgradeOfKratos: a server that began when there was no Kratos finds one when it comes, and another generation when
// that has taken its place at the same address.
func TestUpgradeOfKratos(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	base := "http://" + address
	log := new(logBook)
	s := startServer(t, nil, detecting(base), func(c *server.Config) { c.Logger = slog.New(slog.NewTextHandler(log, nil)) })
	eventually(t, codes.Unavailable.String(), func() string { return api(t.Context(), s) })
	if got := get(t, s.rest+"/readyz"); got != http.StatusServiceUnavailable {
		t.Errorf("without a Kratos, readiness is %d", got)
	}

	old := kratostest.StartT(t, kratostest.Options{Version: kratostest.V05, PublicAddr: address})
	eventually(t, adapters.V05, func() string { return api(t.Context(), s) })
	eventually(t, "200", func() string { return strconv.Itoa(get(t, s.rest+"/readyz")) })
	old.Kill()
	eventually(t, "503", func() string { return strconv.Itoa(get(t, s.rest+"/readyz")) })

	kratostest.StartT(t, kratostest.Options{Version: kratostest.V13, PublicAddr: address})
	eventually(t, adapters.V1, func() string { return api(t.Context(), s) })
	eventually(t, "200", func() string { return strconv.Itoa(get(t, s.rest+"/readyz")) })
	s.stop()
	for _, want := range []string{"upstream_api=v0.5 before=unknown", "upstream_api=v1 before=v0.5", "because="} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, log)
		}
	}
}

// TestUpgradeThatNobodySees: Kratos is exchanged between two looks at its readiness.
func TestUpgradeThatNobodySees(t *testing.T) {
	t.Parallel()
	var behind atomic.Pointer[url.URL]
	point := func(k *kratostest.Kratos) {
		u, err := url.Parse(k.PublicURL)
		if err != nil {
			t.Fatal(err)
		}
		behind.Store(u)
	}
	point(kratostest.StartT(t, kratostest.Options{Version: kratostest.V05}))
	newer := kratostest.StartT(t, kratostest.Options{Version: kratostest.V13})
	proxy := &http.Server{ReadHeaderTimeout: time.Minute, Handler: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(behind.Load()) }}}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = proxy.Serve(listener) }()
	t.Cleanup(func() { _ = proxy.Close() })

	s := startServer(t, nil, detecting("http://"+listener.Addr().String()))
	eventually(t, adapters.V05, func() string { return api(t.Context(), s) })
	point(newer)
	eventually(t, adapters.V1, func() string { return api(t.Context(), s) })
}

// TestSomethingElseComesBack: what takes Kratos's place and is none is never ready, whatever it says of itself.
func TestSomethingElseComesBack(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	kratos := kratostest.StartT(t, kratostest.Options{Version: kratostest.V13})
	u, err := url.Parse(kratos.PublicURL)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u) }}
	var other atomic.Bool
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	proxy := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case down.Load():
			w.WriteHeader(http.StatusBadGateway)
		case other.Load():
			_, _ = io.WriteString(w, `{"status":"ok"}`)
		default:
			forward.ServeHTTP(w, r)
		}
	})}
	go func() { _ = proxy.Serve(listener) }()
	t.Cleanup(func() { _ = proxy.Close() })

	log := new(logBook)
	s := startServer(t, nil, detecting("http://"+listener.Addr().String()), func(c *server.Config) { c.Logger = slog.New(slog.NewTextHandler(log, nil)) })
	eventually(t, "200", func() string { return strconv.Itoa(get(t, s.rest+"/readyz")) })
	down.Store(true)
	eventually(t, "503", func() string { return strconv.Itoa(get(t, s.rest+"/readyz")) })
	other.Store(true)
	down.Store(false)
	for range 20 {
		time.Sleep(20 * time.Millisecond)
		if got := get(t, s.rest+"/readyz"); got != http.StatusServiceUnavailable {
			t.Fatalf("something else is ready: %d", got)
		}
	}
	if got := api(t.Context(), s); got != codes.Unavailable.String() {
		t.Errorf("a call of something else answers %s", got)
	}
	other.Store(false)
	eventually(t, "200", func() string { return strconv.Itoa(get(t, s.rest+"/readyz")) })
	s.stop()
	if got := strings.Count(log.String(), detect.ErrNotKratos.Error()); got == 0 || got > 2 {
		t.Errorf("the log says %d times that this is no Kratos:\n%s", got, log)
	}
	if !strings.Contains(log.String(), "level=ERROR msg=\"which Kratos this is can't be told\"") {
		t.Errorf("the log does not call that an error:\n%s", log)
	}
}

// TestSlowKratos: what it takes to find out which Kratos it is may take longer than the time between two looks at its
// readiness.
func TestSlowKratos(t *testing.T) {
	t.Parallel()
	const interval, delay = 100 * time.Millisecond, 40 * time.Millisecond
	kratos := kratostest.StartT(t, kratostest.Options{Version: kratostest.V13})
	u, err := url.Parse(kratos.PublicURL)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u) }}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(delay)
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	s := startServer(t, nil, detecting(proxy.URL), func(c *server.Config) { c.ReadyInterval = interval })
	eventually(t, "200", func() string { return strconv.Itoa(get(t, s.rest+"/readyz")) })
}

// TestUnreachableIsSaidOnce: however the causes are worded, as here with another port each time.
func TestUnreachableIsSaidOnce(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	var came atomic.Int64
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			// Once the request is there, so that it is the answer that does not come.
			_, _ = conn.Read(make([]byte, 1))
			_ = conn.Close()
			came.Add(1)
		}
	}()
	log := new(logBook)
	s := startServer(t, nil, detecting("http://"+listener.Addr().String()), func(c *server.Config) { c.Logger = slog.New(slog.NewTextHandler(log, nil)) })
	eventually(t, "true", func() string { return strconv.FormatBool(came.Load() > 10) })
	s.stop()
	if got := strings.Count(log.String(), "level=WARN msg=\"which Kratos this is can't be told\""); got != 1 {
		t.Errorf("the log says %d times that it can't be told which Kratos this is:\n%s", got, log)
	}
}

// TestNothingToServe: a server needs an adapter, or a way to find one.
func TestNothingToServe(t *testing.T) {
	t.Parallel()
	config := server.DefaultConfig()
	config.DrainDelay = 0
	config.GRPCAddr, config.HTTPAddr = "127.0.0.1:0", "127.0.0.1:0"
	if _, err := server.New(config, nil); err == nil {
		t.Error("there is a server that has nothing to serve")
	}
}
