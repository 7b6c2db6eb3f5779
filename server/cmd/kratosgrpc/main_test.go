package main

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters/detect"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
)

// build builds the command, for the tests run it as a person does.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "kratosgrpc")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-X main.version=v0.0.0-test", "-o", binary, ".")
	// As `make build` and the image have it.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// run runs the command to its end.
func run(t *testing.T, binary string, env []string, args ...string) (output string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestCommand(t *testing.T) {
	binary := build(t)

	t.Run("version", func(t *testing.T) {
		if out, err := run(t, binary, nil, "version"); err != nil || out != "kratosgrpc v0.0.0-test\n" {
			t.Errorf("version prints %q, %v", out, err)
		}
	})
	t.Run("static", func(t *testing.T) {
		if runtime.GOOS != "linux" {
			return
		}
		file, err := elf.Open(binary)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }()
		for _, program := range file.Progs {
			if program.Type == elf.PT_INTERP {
				t.Error("the binary wants a dynamic linker, which an image from scratch has not")
			}
		}
	})
	t.Run("misuse", func(t *testing.T) {
		key := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(key, []byte(strings.Repeat("k", 32)), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			args []string
			says string
		}{
			{[]string{"serve"}, "--upstream"},
			{[]string{"serve", "--upstream=kratos"}, "http://"},
			{[]string{"serve", "--upstream=http://u:secret-in-url@kratos:4433"}, "user"},
			{[]string{"serve", "--upstream=http://kratos:4433", "--upstream-api=v9"}, "v0.5"},
			{[]string{"serve", "--upstream=http://kratos:4433", "--upstream-timeout=-1s"}, "timeout"},
			{[]string{"serve", "--upstream=http://kratos:4433", "--log-level=loud"}, "log-level"},
			{[]string{"serve", "--upstream=http://kratos:4433", "--grpc-addr=nowhere"}, "gRPC"},
			{[]string{"serve", "--upstream=http://kratos:4433", "--public-url=x"}, "public URL"},
			{[]string{"serve", "--upstream=http://kratos:4433", "--redis-url=redis://u:secret-in-url@redis"}, "--session-cache-ttl"},
			{[]string{"serve", "--upstream=http://kratos:4433", "--session-cache-ttl=1m", "--redis-url=redis://u:secret-in-url@redis"}, "--session-cache-key-file"},
			{[]string{"serve", "--upstream=http://kratos:4433", "--session-cache-ttl=1m", "--session-cache-key-file=" + key, "--redis-url=redis://u:secret-in-url@redis:port"}, "redis://HOST:PORT"},
			{[]string{"serve", "--upstream=http://kratos:4433", "--upstream-api=v1", "--trusted-proxies=10.0.0.0/8,proxy"}, "--trusted-proxies"},
			{[]string{"serve", "--upstream=http://kratos:4433", "--upstream-api=v1", "--cors-allowed-origin=*"}, "CORS"},
			{[]string{"serve", "--upstream=http://kratos:4433", "--upstream-api=v1", "--max-concurrent-streams=0"}, "streams"},
			{[]string{"serve", "--upstream=http://kratos:4433", "--upstream-api=v1", "--max-header-bytes=0"}, "headers"},
			{[]string{"serve", "--upstream=http://kratos:4433", "--upstream-api=v1", "--max-connection-age=-1s"}, "age"},
			{[]string{"serve", "--upstream=http://kratos:4433", "--upstream-api=v1", "--max-connection-age-grace=0"}, "grace"},
			{[]string{"serve", "--upstream=http://kratos:4433", "--upstream-api=v1", "--drain-delay=-1s"}, "drain delay"},
			{[]string{"serve", "--upstream=http://kratos:4433", "--upstream-api=v1", "--drain-timeout=0"}, "drain timeout"},
			{[]string{"serve", "--upstream=http://kratos:4433", "--rate-limit-address=20"}, "20/s"},
			{[]string{"serve", "--upstream=http://kratos:4433", "--upstream-api=v1", "--upstream-max-concurrency=-1"}, "--upstream-max-concurrency"},
			{[]string{"serve", "--upstream=http://kratos:4433", "--upstream-api=v1", "--upstream-hedge-after=-1s"}, "--upstream-hedge-after"},
			{[]string{"serve", "--upstream=http://kratos:4433", "--upstream-api=v1", "--unready-after=0"}, "readiness"},
			{[]string{"healthcheck", "--grpc-addr=127.0.0.1:1"}, "refused"},
		} {
			out, err := run(t, binary, nil, c.args...)
			if err == nil {
				t.Errorf("%v: no error", c.args)
			}
			if !strings.Contains(out, c.says) {
				t.Errorf("%v says\n%s\nwithout %q", c.args, out, c.says)
			}
			if strings.Contains(out, "secret-in-url") {
				t.Errorf("%v shows the password in the URL", c.args)
			}
		}
	})
	t.Run("secret in the environment", func(t *testing.T) {
		for _, args := range [][]string{{"serve", "--help"}, {"serve"}, {"serve", "--upstream=http://kratos:4433"}} {
			out, _ := run(t, binary, []string{"KRATOSGRPC_REDIS_URL=redis://u:secret-in-url@redis"}, args...)
			if out == "" || strings.Contains(out, "secret-in-url") {
				t.Errorf("%v says\n%s", args, out)
			}
		}
	})
	t.Run("README", func(t *testing.T) { verifyFlags(t, binary) })
	t.Run("serve", func(t *testing.T) { verifyServe(t, binary) })
	t.Run("wrong upstream", func(t *testing.T) { verifyWrongUpstream(t, binary) })
	t.Run("named upstream", func(t *testing.T) { verifyNamedUpstream(t, binary) })
	t.Run("TLS", func(t *testing.T) { verifyTLS(t, binary) })
	t.Run("certificates rotated under load", func(t *testing.T) { verifyRotation(t, binary) })
	t.Run("late upstream", func(t *testing.T) { verifyLateUpstream(t, binary) })
	t.Run("second signal", func(t *testing.T) { verifySecondSignal(t, binary) })
	t.Run("silent upstream", func(t *testing.T) { verifySilentUpstream(t, binary) })
}

// verifyFlags checks that the README's table has the flags that there are, and their defaults.
func verifyFlags(t *testing.T, binary string) {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join("..", "..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	help, err := run(t, binary, nil, "serve", "--help")
	if err != nil {
		t.Fatal(err)
	}
	flags := regexp.MustCompile(`(?m)^\s+--([a-z-]+)=`).FindAllStringSubmatch(help, -1)
	if len(flags) < 7 {
		t.Fatalf("only %d flags in\n%s", len(flags), help)
	}
	documented := 0
	for _, flag := range flags {
		row := regexp.MustCompile("(?m)^\\| `--" + flag[1] + "` \\| (.*?) \\|").FindSubmatch(readme)
		if row == nil {
			t.Errorf("--%s is not in the README", flag[1])
			continue
		}
		documented++
		env := "$KRATOSGRPC_" + strings.ToUpper(strings.ReplaceAll(flag[1], "-", "_"))
		if !strings.Contains(help, env) {
			t.Errorf("%s is not in the help", env)
		}
	}
	if rows := strings.Count(string(readme), "\n| `--"); rows != documented {
		t.Errorf("the README has %d flags, there are %d", rows, documented)
	}
}

// verifyServe serves, by the environment alone, until SIGTERM.
func verifyServe(t *testing.T, binary string) {
	t.Helper()
	kratos := kratostest.StartT(t, kratostest.Options{Version: kratostest.V13})
	grpcAddr, httpAddr := freeAddress(t), freeAddress(t)

	var log bytes.Buffer
	server := exec.Command(binary, "serve")
	server.Env = append(os.Environ(), "KRATOSGRPC_UPSTREAM="+kratos.PublicURL, "KRATOSGRPC_GRPC_ADDR="+grpcAddr, "KRATOSGRPC_HTTP_ADDR="+httpAddr, "KRATOSGRPC_LOG_FORMAT=json")
	server.Stderr = &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill() })

	probe := []string{"KRATOSGRPC_GRPC_ADDR=" + grpcAddr}
	var out string
	var err error
	for range 100 {
		if out, err = run(t, binary, probe, "healthcheck", "--ready"); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		t.Fatalf("healthcheck --ready: %v\n%s", err, out)
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/openapi.json": 200} {
		if got := status(t, "http://"+httpAddr+path); got != want {
			t.Errorf("%s answers %d", path, got)
		}
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, &log)
	}
	if !strings.Contains(log.String(), `"msg":"found Kratos","upstream_api":"v1"`) {
		t.Errorf("the log does not say what was found:\n%s", &log)
	}
	if !strings.Contains(log.String(), `"msg":"stopped"`) {
		t.Errorf("the log does not end in order:\n%s", &log)
	}
	if _, err := run(t, binary, probe, "healthcheck"); err == nil {
		t.Error("healthcheck of a stopped server is no error")
	}
}

// logBuffer is a log that can be read while it is written.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// serving is a server that runs.
type serving struct {
	*exec.Cmd

	log   *logBuffer
	probe []string
	rest  string
}

// start serves, with these flags, until the test ends at the latest.
func start(t *testing.T, binary string, flags ...string) *serving {
	t.Helper()
	grpcAddr, rest := freeAddress(t), freeAddress(t)
	s := &serving{
		Cmd: exec.Command(binary, append([]string{"serve", "--grpc-addr=" + grpcAddr, "--http-addr=" + rest}, flags...)...),
		log: new(logBuffer), probe: []string{"KRATOSGRPC_GRPC_ADDR=" + grpcAddr}, rest: rest,
	}
	s.Stderr = s.log
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Process.Kill() })
	return s
}

// becomes waits until a health check succeeds.
func (s *serving) becomes(t *testing.T, binary string, check ...string) {
	t.Helper()
	var out string
	var err error
	for range 200 {
		if out, err = run(t, binary, s.probe, append([]string{"healthcheck"}, check...)...); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("healthcheck %v: %v\n%s", check, err, out)
}

// leaves waits until a server says that it is about to stop.
func (s *serving) leaves(t *testing.T, binary string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, err := run(t, binary, s.probe, "healthcheck", "--ready"); err != nil {
			return
		}
	}
	t.Fatal("the server does not say that it is about to stop")
}

func (s *serving) signal(t *testing.T, told syscall.Signal) {
	t.Helper()
	if err := s.Process.Signal(told); err != nil {
		t.Fatal(err)
	}
}

// terminate tells a server to stop, which it does in order, and returns its log.
func (s *serving) terminate(t *testing.T) string {
	t.Helper()
	s.signal(t, syscall.SIGTERM)
	if err := s.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, s.log)
	}
	return s.log.String()
}

// verifyNamedUpstream serves something that is no Kratos because somebody says so: nothing is asked of it but whether it is
// ready.
func verifyNamedUpstream(t *testing.T, binary string) {
	t.Helper()
	var asked sync.Map
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked.Store(r.URL.Path, true) }))
	defer other.Close()
	s := start(t, binary, "--upstream="+other.URL, "--upstream-api=v1")
	s.becomes(t, binary, "--ready")
	if log := s.terminate(t); !strings.Contains(log, `"upstream_api":"v1"`) {
		t.Errorf("the log does not say what was named:\n%s", log)
	}
	asked.Range(func(path, _ any) bool {
		if path != "/health/ready" {
			t.Errorf("it was asked for %s", path)
		}
		return true
	})
}

// verifyLateUpstream serves before there is a Kratos.
func verifyLateUpstream(t *testing.T, binary string) {
	t.Helper()
	address := freeAddress(t)
	s := start(t, binary, "--upstream=http://"+address)
	s.becomes(t, binary)
	if out, err := run(t, binary, s.probe, "healthcheck", "--ready"); err == nil {
		t.Errorf("it is ready without a Kratos: %s", out)
	}
	kratostest.StartT(t, kratostest.Options{Version: kratostest.V05, PublicAddr: address})
	s.becomes(t, binary, "--ready")
	log := s.terminate(t)
	for _, want := range []string{`"level":"WARN","msg":"Kratos can't be reached yet`, `"upstream_api":"unknown"`, `"msg":"found Kratos","upstream_api":"v0.5"`} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not say %s:\n%s", want, log)
		}
	}
}

// verifySilentUpstream stops a server that still waits to hear which Kratos there is.
func verifySilentUpstream(t *testing.T, binary string) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	s := start(t, binary, "--upstream=http://"+listener.Addr().String(), "--upstream-timeout=1m")
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if log := s.terminate(t); !strings.Contains(log, `"msg":"stopped"`) {
		t.Errorf("the log does not end in order:\n%s", log)
	}
}

// verifySecondSignal tells a server twice to stop: the second time it waits no longer for load balancers to notice. Another
// one is told a third time, while a call is under way, and does not wait for that either.
func verifySecondSignal(t *testing.T, binary string) {
	t.Helper()
	asked, release := make(chan struct{}, 1), make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/sessions/whoami" {
			select {
			case asked <- struct{}{}:
			default:
			}
			<-release
		}
	}))
	defer upstream.Close()
	defer close(release)
	flags := []string{"--upstream=" + upstream.URL, "--upstream-api=v1", "--drain-delay=1h", "--drain-timeout=1h", "--upstream-timeout=1h"}

	twice := start(t, binary, flags...)
	twice.becomes(t, binary, "--ready")
	twice.signal(t, syscall.SIGTERM)
	twice.leaves(t, binary)
	if log := twice.terminate(t); !strings.Contains(log, `"msg":"draining at once"`) || !strings.Contains(log, `"msg":"stopped"`) {
		t.Errorf("the log does not say that somebody was in a hurry:\n%s", log)
	}

	thrice := start(t, binary, flags...)
	thrice.becomes(t, binary, "--ready")
	go func() {
		if res, err := http.Get("http://" + thrice.rest + "/sessions/whoami"); err == nil {
			_ = res.Body.Close()
		}
	}()
	<-asked
	thrice.signal(t, syscall.SIGTERM)
	thrice.leaves(t, binary)
	ended := make(chan error, 1)
	go func() { ended <- thrice.Wait() }()
	for {
		select {
		case err := <-ended:
			if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() == 0 {
				t.Errorf("told a third time, the server ends with %v", err)
			}
			return
		case <-time.After(20 * time.Millisecond):
			_ = thrice.Process.Signal(syscall.SIGINT)
		}
	}
}

// verifyWrongUpstream serves something that is no Kratos, which is an error.
func verifyWrongUpstream(t *testing.T, binary string) {
	t.Helper()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"status":"ok"}`)
	}))
	defer other.Close()
	addresses := []string{"KRATOSGRPC_GRPC_ADDR=" + freeAddress(t), "KRATOSGRPC_HTTP_ADDR=" + freeAddress(t)}
	out, err := run(t, binary, addresses, "serve", "--upstream="+other.URL)
	if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("serve ends with %v, want exit code 1", err)
	}
	if !strings.Contains(out, "--upstream: "+detect.ErrNotKratos.Error()) {
		t.Errorf("serve does not say what is wrong:\n%s", out)
	}
	if strings.Contains(out, "serving") {
		t.Errorf("it serves all the same:\n%s", out)
	}
}

func status(t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
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

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return fmt.Sprint(listener.Addr())
}
