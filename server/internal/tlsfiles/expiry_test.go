package tlsfiles_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest/testpki"
	"github.com/kratosgrpc/kratosgrpc/server/internal/livefile"
	"github.com/kratosgrpc/kratosgrpc/server/internal/tlsfiles"
)

// TestExpiry lets certificates get old without a new one, of servers and of clients: the log says so in time, and when it is too
// late, and once each.
func TestExpiry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir, log := t.TempDir(), new(bytes.Buffer)
		ca := testpki.NewAuthority(t)
		cert, key := testpki.Write(t, dir, "tls.crt", nil), testpki.Write(t, dir, "tls.key", nil)
		// It lives for two hours, of which one is over.
		renew := func() {
			pair := ca.Issue(t)
			testpki.Replace(t, cert, pair.CertPEM)
			testpki.Replace(t, key, pair.KeyPEM)
		}
		renew()
		logger := slog.New(slog.NewTextHandler(log, nil))
		server, err := tlsfiles.NewServer(logger, cert, key, "", false)
		if err != nil {
			t.Fatal(err)
		}
		client, err := tlsfiles.NewClient(logger, "", cert, key)
		if err != nil {
			t.Fatal(err)
		}
		after := func(d time.Duration, warnings, errors int) {
			t.Helper()
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Minute) {
				for _, one := range []livefile.Checker{server, client} {
					one.Check()
				}
			}
			if w, e := strings.Count(log.String(), "level=WARN"), strings.Count(log.String(), "level=ERROR"); w != warnings || e != errors {
				t.Errorf("the log warns %d times, and complains %d times:\n%s", w, e, log)
			}
		}
		after(45*time.Minute, 0, 0)
		after(10*time.Minute, 2, 0)
		after(time.Hour, 2, 2)
		renew()
		after(45*time.Minute, 2, 2)
		after(10*time.Minute, 4, 2)
		for _, said := range []string{"about to expire, and there is no new one yet: the server's certificate", "expired, and there is no new one: the client's certificate"} {
			if !strings.Contains(log.String(), said) {
				t.Errorf("the log does not say %q:\n%s", said, log)
			}
		}
	})
}
