package detect_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/detect"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
)

// TestGeneration asks real ones, and their admin APIs, which are not what is looked for.
func TestGeneration(t *testing.T) {
	t.Parallel()
	for version, want := range map[kratostest.Version]string{kratostest.V05: adapters.V05, kratostest.V13: adapters.V1} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			kratos := kratostest.StartT(t, kratostest.Options{Version: version, Production: true})
			found, err := detect.Generation(t.Context(), kratos.PublicURL)
			if err != nil || found.API != want || found.Because == "" {
				t.Errorf("found %+v (%v), want %s", found, err, want)
			}
			if found, err := detect.Generation(t.Context(), below(t, kratos.PublicURL)+"/auth/"); err != nil || found.API != want {
				t.Errorf("below a path: found %+v (%v), want %s", found, err, want)
			}
			if found, err := detect.Generation(t.Context(), kratos.AdminURL); !errors.Is(err, detect.ErrNotKratos) {
				t.Errorf("behind the admin API: found %+v (%v)", found, err)
			}
			kratos.Kill()
			if found, err := detect.Generation(t.Context(), kratos.PublicURL); !errors.Is(err, detect.ErrUnreachable) {
				t.Errorf("where nobody listens: found %+v (%v)", found, err)
			}
		})
	}
}

// below is a proxy that has what is at base below the path /auth.
func below(t *testing.T, base string) string {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(http.StripPrefix("/auth", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u) }}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// notFound is how a router of Kratos answers what it has no route for.
func notFound(w http.ResponseWriter) {
	w.Header().Set("Vary", "Cookie")
	http.Error(w, "404 page not found", http.StatusNotFound)
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func kratosError(status int) string {
	return fmt.Sprintf(`{"error":{"code":%d,"status":%q,"message":"m","reason":"r"}}`, status, http.StatusText(status))
}

// like is a server with the answers by which a generation is told, as the real one gives them. Real ones that can't be run
// here, and mixtures, have no other way in.
func like(t *testing.T, answers map[string]func(http.ResponseWriter)) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a, ok := answers[r.URL.Path]; ok {
			a(w)
			return
		}
		notFound(w)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func says(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { answer(w, status, body) }
}

const (
	errorsPath  = "/self-service/errors"
	flowsPath   = "/self-service/login/flows"
	requestPath = "/self-service/browser/flows/requests/login"
	schemasPath = "/schemas"
	versionPath = "/version"
	whoamiPath  = "/sessions/whoami"
)

// TestRecorded: the answers that were recorded from releases which can't be built here.
func TestRecorded(t *testing.T) {
	t.Parallel()
	twice := kratosError(403) + "\n" + kratosError(403) + "\n"
	for _, c := range []struct {
		name    string
		answers map[string]func(http.ResponseWriter)
		want    string
	}{
		{"0.1.0", map[string]func(http.ResponseWriter){errorsPath: says(403, kratosError(403)), requestPath: says(403, twice), whoamiPath: says(401, kratosError(401)), versionPath: says(200, `{"version":""}`)}, adapters.V01},
		{"26.2.0", map[string]func(http.ResponseWriter){
			errorsPath: says(200, `{"id":"a","error":{"code":500}}`), flowsPath: says(404, kratosError(404)), schemasPath: says(200, `[{"id":"default","schema":{}}]`), whoamiPath: says(401, kratosError(401)),
		}, adapters.V1},
		{"1.x without its schemas, which something on the way hides", map[string]func(http.ResponseWriter){
			errorsPath: says(200, `{"id":"a","error":{"code":500}}`), flowsPath: says(404, kratosError(404)), schemasPath: says(403, "<html>no</html>"), whoamiPath: says(401, kratosError(401)),
		}, adapters.V1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if found, err := detect.Generation(t.Context(), like(t, c.answers)); err != nil || found.API != c.want {
				t.Errorf("found %+v (%v), want %s", found, err, c.want)
			}
		})
	}
}

// TestReleasesBetween: what answers almost as a generation does, and is another one, which nobody has an adapter for. The
// answers are what the source of these releases says.
func TestReleasesBetween(t *testing.T) {
	t.Parallel()
	for name, answers := range map[string]map[string]func(http.ResponseWriter){
		"0.4.6": {errorsPath: says(403, kratosError(403)), requestPath: says(403, kratosError(403)), whoamiPath: says(401, kratosError(401)), versionPath: says(200, `{"version":"v0.4.6-alpha.1"}`)},
		"0.6.3": {errorsPath: says(200, `{"id":"a","errors":[{"code":500}]}`), flowsPath: says(404, kratosError(404)), whoamiPath: says(401, kratosError(401))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if found, err := detect.Generation(t.Context(), like(t, answers)); !errors.Is(err, detect.ErrNotKratos) {
				t.Errorf("found %+v (%v)", found, err)
			}
		})
	}
}

// TestWhatIsNoKratos: nothing else passes for one.
func TestWhatIsNoKratos(t *testing.T) {
	t.Parallel()
	page := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("Location", "https://login.example.org/?secret")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		want    error
	}{
		{"a page for everything", page(200, "text/html", "<html>secret</html>"), detect.ErrNotKratos},
		{"JSON for everything", page(200, "application/json", `{"secret":1}`), detect.ErrNotKratos},
		{"a list for everything", page(200, "application/json", `[]`), detect.ErrNotKratos},
		{"401 for everything", page(401, "application/json", kratosError(401)), detect.ErrNotKratos},
		{"403 in the form of Kratos's relatives", page(403, "application/json", kratosError(403)), detect.ErrNotKratos},
		{"403 of a proxy", page(403, "text/html", "<html>secret</html>"), detect.ErrNotKratos},
		{"404 for everything", page(404, "text/plain", "404 page not found\n"), detect.ErrNotKratos},
		{"404 in the form of Kratos's relatives", page(404, "application/json", kratosError(404)), detect.ErrNotKratos},
		{"a login for everything", page(302, "text/html", ""), detect.ErrNotKratos},
		{"502 of a proxy", page(502, "text/html", "secret"), detect.ErrUnreachable},
		{"a Kratos that starts", page(503, "application/json", kratosError(503)), detect.ErrUnreachable},
		{"not so fast", page(429, "text/html", "secret"), detect.ErrUnreachable},
		{"without end", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 5<<20)) }, detect.ErrUnreachable},
		{"broken off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, detect.ErrUnreachable},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(c.handler)
			t.Cleanup(server.Close)
			found, err := detect.Generation(t.Context(), server.URL)
			if !errors.Is(err, c.want) || found.API != "" {
				t.Errorf("found %+v (%v), want %v", found, err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error quotes the answer: %v", err)
			}
		})
	}
}

// TestNoHTTP: what speaks something else than the URL says is no Kratos that will be there soon.
func TestNoHTTP(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	// What a gRPC server says: its settings.
	calls := listen(t)
	go reply(calls, "\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x05\x00\x00@\x00")
	mail := listen(t)
	go reply(mail, "220 secret ESMTP\r\n")

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, c := range []struct {
		name, base string
		want       error
	}{
		{"HTTPS of HTTP", "https" + strings.TrimPrefix(plain.URL, "http"), detect.ErrNotKratos},
		{"HTTP of HTTPS", "http" + strings.TrimPrefix(secure.URL, "https"), detect.ErrNotKratos},
		{"HTTP of gRPC", "http://" + calls.Addr().String(), detect.ErrNotKratos},
		{"HTTP of mail", "http://" + mail.Addr().String(), detect.ErrNotKratos},
		{"HTTPS of mail", "https://" + mail.Addr().String(), detect.ErrNotKratos},
		// It can be replaced.
		{"a certificate of nobody", secure.URL, detect.ErrUnreachable},
	} {
		found, err := detect.Generation(ctx, c.base)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: found %+v (%v), want %v", c.name, found, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error quotes the answer: %v", c.name, err)
		}
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// reply says the same to everybody, whatever was asked. It waits for that, for net/http takes what is said before it has asked
// for a connection that is of no use.
func reply(listener net.Listener, words string) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = conn.Close() }()
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, words)
		}()
	}
}

// TestNothingStaysOpen: a server asks again and again.
func TestNothingStaysOpen(t *testing.T) {
	t.Parallel()
	var open atomic.Int64
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		default:
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	for range 20 {
		_, _ = detect.Generation(t.Context(), server.URL)
	}
	for range 100 {
		if open.Load() == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("%d connections are open", open.Load())
}

// TestUndecidable: two generations at one address, as while one is being rolled out, are neither.
func TestUndecidable(t *testing.T) {
	t.Parallel()
	base := like(t, map[string]func(http.ResponseWriter){
		errorsPath: says(200, `{"id":"a","errors":[{"code":500}]}`), flowsPath: says(404, kratosError(404)), schemasPath: says(200, `[{"id":"default","schema":{}}]`), whoamiPath: says(401, kratosError(401)),
		versionPath: says(200, `{"version":"v0.5.5-alpha.1"}`),
	})
	if found, err := detect.Generation(t.Context(), base); !errors.Is(err, detect.ErrUndecidable) {
		t.Errorf("found %+v (%v)", found, err)
	}
}

// TestSlow: whoever asks does not wait for longer than it wants to.
func TestSlow(t *testing.T) {
	t.Parallel()
	listener := listen(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if found, err := detect.Generation(ctx, "http://"+listener.Addr().String()); !errors.Is(err, detect.ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("found %+v (%v)", found, err)
	}
	if _, err := detect.Generation(t.Context(), "kratos:4433"); err == nil || errors.Is(err, detect.ErrUnreachable) {
		t.Errorf("of a URL that is none: %v", err)
	}
}
