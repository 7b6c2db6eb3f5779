package kratostest

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// breachList stands in for api.pwnedpasswords.com, which Kratos asks about every
// new password and cannot be told to leave alone. Without it each registration
// would wait for the internet, and a test could fail because a password leaked
// somewhere.
//
// It poses as the HTTPS proxy of the Kratos process, with a certificate that
// only this process trusts, and refuses every other host.
type breachList struct {
	listener    net.Listener
	certificate tls.Certificate
	hashes      []string // SHA-1 in upper-case hex
}

const breachHost = "api.pwnedpasswords.com"

// startBreachList writes the certificate to dir and returns the variables that
// make Kratos use the list.
func startBreachList(dir string, passwords []string) (*breachList, []string, error) {
	certificate, err := selfSigned(breachHost)
	if err != nil {
		return nil, nil, fmt.Errorf("kratostest: %w", err)
	}
	certFile := filepath.Join(dir, "breaches.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})
	if err := os.WriteFile(certFile, block, 0o600); err != nil {
		return nil, nil, fmt.Errorf("kratostest: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, fmt.Errorf("kratostest: %w", err)
	}

	list := &breachList{listener: listener, certificate: certificate}
	for _, password := range passwords {
		list.hashes = append(list.hashes, fmt.Sprintf("%X", sha1.Sum([]byte(password))))
	}
	go list.serve()

	proxy := "http://" + listener.Addr().String()
	return list, []string{"HTTPS_PROXY=" + proxy, "HTTP_PROXY=" + proxy, "SSL_CERT_FILE=" + certFile}, nil
}

func (l *breachList) serve() {
	for {
		conn, err := l.listener.Accept()
		if err != nil {
			return // closed
		}
		go l.tunnel(conn)
	}
}

// tunnel answers one connection of an HTTP client that believes to be talking to
// its proxy.
func (l *breachList) tunnel(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))

	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	if req.Method != http.MethodConnect || req.Host != breachHost+":443" {
		fmt.Fprint(conn, "HTTP/1.1 403 kratostest keeps Kratos offline\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		return
	}
	fmt.Fprint(conn, "HTTP/1.1 200 OK\r\n\r\n")

	secure := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{l.certificate}})
	if req, err = http.ReadRequest(bufio.NewReader(secure)); err != nil {
		return
	}
	body := l.answer(path.Base(req.URL.Path))
	fmt.Fprintf(secure, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", len(body))
	_, _ = io.WriteString(secure, body)
	_ = secure.CloseWrite()
}

// answer lists the hashes that begin with prefix, without it.
func (l *breachList) answer(prefix string) string {
	var lines strings.Builder
	for _, hash := range l.hashes {
		if rest, ok := strings.CutPrefix(hash, strings.ToUpper(prefix)); ok {
			fmt.Fprintf(&lines, "%s:1\r\n", rest)
		}
	}
	return lines.String()
}

func (l *breachList) close() {
	if l != nil {
		_ = l.listener.Close()
	}
}

func selfSigned(host string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "kratostest"},
		DNSNames:              []string{host},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(30 * 24 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
