package kratostest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// parentEnv makes the test binary start a Kratos and wait to be killed.
const parentEnv = "KRATOSTEST_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(parentEnv) == "" {
		os.Exit(m.Run())
	}
	k, err := Start(context.Background(), Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(k.PublicURL, k.dir)
	select {}
}

// TestServerEndsWithItsParent kills the parent with a signal that it can neither
// catch nor answer.
func TestServerEndsWithItsParent(t *testing.T) {
	t.Parallel()
	_ = StartT(t, Options{}) // skips, or builds what the parent needs
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentEnv+"=1")
	parent.Stderr = os.Stderr
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	url, dir, _ := strings.Cut(strings.TrimSpace(line), " ")
	addr, isURL := strings.CutPrefix(url, "http://")
	if err != nil || !isURL {
		t.Fatalf("the parent says %q: %v", line, err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) }) // the one thing a killed parent leaves
	if !accepts(addr) {
		t.Fatalf("nothing listens on %s", addr)
	}

	if err := parent.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	for deadline := time.Now().Add(5 * time.Second); accepts(addr); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("Kratos outlives its parent")
		}
	}
}

func accepts(addr string) bool {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}
