package upstream

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
)

// useTLS makes new connections by a configuration that can change. That of a transport can't: it is read once.
func useTLS(transport *http.Transport, current func() *tls.Config) {
	transport.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		config := current().Clone()
		config.NextProtos = []string{"h2", "http/1.1"}
		dialer := &tls.Dialer{NetDialer: &net.Dialer{KeepAlive: keepAlive}, Config: config}
		ctx, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		return dialer.DialContext(ctx, network, address)
	}
}
