package testpki

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"time"
)

// Handshake connects to a kratosgrpc, and waits for what it says to a client's certificate: in TLS 1.3 that comes after the client
// takes the handshake to be over. The configuration names the server.
func Handshake(ctx context.Context, address string, config *tls.Config) (tls.ConnectionState, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	conn := tls.Client(raw, config)
	defer func() { _ = conn.Close() }()
	if err := conn.HandshakeContext(ctx); err != nil {
		return tls.ConnectionState{}, err
	}
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	state := conn.ConnectionState()
	// In HTTP/2 the server speaks without being asked. To say something could lose what it says.
	if state.NegotiatedProtocol != "h2" {
		if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			return state, err
		}
	}
	// As much as the header of a frame of HTTP/2, or the protocol's name in HTTP/1.1.
	_, err = io.ReadFull(conn, make([]byte, 9))
	return state, err
}
