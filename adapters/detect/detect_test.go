package detect_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
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
		{"0.1.0", map[string]func(http.ResponseWriter){errorsPath: says(403, kratosError(403)), requestPath: says(403, twice), whoamiPath: says(401, kratosError(401))}, adapters.V01},
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

// TestUndecidable: two generations at one address, as while one is being rolled out, are neither.
func TestUndecidable(t *testing.T) {
	t.Parallel()
	base := like(t, map[string]func(http.ResponseWriter){
		errorsPath: says(200, `{"id":"a","errors":[{"code":500}]}`), flowsPath: says(404, kratosError(404)), schemasPath: says(200, `[{"id":"default","schema":{}}]`), whoamiPath: says(401, kratosError(401)),
	})
	if found, err := detect.Generation(t.Context(), base); !errors.Is(err, detect.ErrUndecidable) {
		t.Errorf("found %+v (%v)", found, err)
	}
}

// TestSlow: whoever asks does not wait for longer than it wants to.
func TestSlow(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if found, err := detect.Generation(ctx, "http://"+listener.Addr().String()); !errors.Is(err, detect.ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("found %+v (%v)", found, err)
	}
	if _, err := detect.Generation(t.Context(), "kratos:4433"); err == nil || errors.Is(err, detect.ErrUnreachable) {
		t.Errorf("of a URL that is none: %v", err)
	}
}
