package shared

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kratosgrpc/kratosgrpc/server/internal/redistest"
)

// freePort is a port of 127.0.0.1 that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	address, _ := listener.Addr().(*net.TCPAddr)
	return strconv.Itoa(address.Port)
}

// TestTransports: Redis is reached by TCP, with user, password and database, and by TLS; of a certificate that nobody
// vouches for it is not believed to be Redis.
func TestTransports(t *testing.T) {
	t.Parallel()
	plain, secure, folder := freePort(t), freePort(t), t.TempDir()
	certificate, key := filepath.Join(folder, "certificate"), filepath.Join(folder, "key")
	writeCertificate(t, certificate, key)
	r := redistest.Start(t,
		"--requirepass", "p@ss", "--port", plain, "--tls-port", secure, "--tls-cert-file", certificate, "--tls-key-file", key,
		"--tls-ca-cert-file", certificate, "--tls-auth-clients", "no",
	)
	for url, works := range map[string]bool{
		"redis://default:p%40ss@127.0.0.1:" + plain + "/3":                       true,
		"redis://default:wrong@127.0.0.1:" + plain:                               false,
		"rediss://:p%40ss@127.0.0.1:" + secure + "?skip_verify=true":             true,
		"rediss://:p%40ss@127.0.0.1:" + secure:                                   false,
		strings.Replace(r.URL, "unix://", "unix://default:p%40ss@", 1) + "?db=2": true,
	} {
		l := newLevel(t, r, func(o *Options) { o.URL, o.Timeout = url, 10*time.Second })
		if works {
			keep(t, l, keyA, entryA)
		} else if found, ticket := l.Find(t.Context(), keyA); found != nil || ticket.generation != "" || !l.broken.Load() {
			t.Errorf("%s answers %v", url, found)
		}
	}
}

// TestACL: a user who may do what the README says may do all that is needed, and is in touch.
func TestACL(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, commands, _ := strings.Cut(string(readme), "- An ACL has to allow ")
	commands, _, _ = strings.Cut(commands, ", for keys and channels")
	user := []any{"acl", "setuser", "replica", "on", ">p", "~kratosgrpc:*", "&kratosgrpc:*", "-@all"}
	for _, command := range regexp.MustCompile("`([a-z]+)`").FindAllStringSubmatch(commands, -1) {
		user = append(user, "+"+command[1])
	}
	r := redistest.Start(t)
	if err := r.Client.Do(t.Context(), user...).Err(); err != nil {
		t.Fatal(err)
	}
	known := make(chan struct{}, 1)
	var all []*Level
	for range 2 {
		l := newLevel(t, r, func(o *Options) {
			o.URL = strings.Replace(r.URL, "unix://", "unix://replica:p@", 1)
			o.Changed = func(Change) { known <- struct{}{} }
		})
		l.until.Store(0)
		run(t, l)
		all = append(all, l)
	}
	for _, l := range all {
		for deadline := time.Now().Add(30 * time.Second); !l.usable(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("it is not in touch")
			}
		}
	}
	keep(t, all[0], keyA, entryA)
	all[0].Tell(t.Context(), Change{Keys: []Key{keyA}, IDs: []string{"session-a"}})
	gone(t, all[1], keyA, "changed")
	<-known
	if all[0].owes.Load() {
		t.Error("the change is not told")
	}
}

// writeCertificate writes a certificate for 127.0.0.1 that vouches for itself, and its key.
func writeCertificate(t *testing.T, certificateFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{certificateFile: {Type: "CERTIFICATE", Bytes: certificate}, keyFile: {Type: "PRIVATE KEY", Bytes: encoded}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
