//go:build unix

package upstream

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// checkedConn makes sure, before it sends a request, that there is nothing to read: an answer that nobody has asked for
// would be taken for the next one's, and be somebody else's session. It also notices that the other side has hung up.
// net/http reads all the time for that.
type checkedConn struct {
	net.Conn

	raw  syscall.RawConn
	peek func(fd uintptr)
	at   [1]byte
	err  error
}

// connsChecked says that it can be made sure.
const connsChecked = true

var errSpoken = errors.New("the connection is not quiet")

func dialChecked(address string, timeout time.Duration) (net.Conn, error) {
	if timeout <= 0 || timeout > dialTimeout {
		timeout = dialTimeout
	}
	conn, err := (&net.Dialer{Timeout: timeout, KeepAlive: keepAlive}).DialContext(context.Background(), "tcp", address)
	if err != nil {
		return nil, err
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn, nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	c := &checkedConn{Conn: conn, raw: raw}
	c.peek = func(fd uintptr) {
		// Not even an end may be there yet.
		_, _, c.err = syscall.Recvfrom(int(fd), c.at[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	}
	return c, nil
}

// Write implements net.Conn.
func (c *checkedConn) Write(p []byte) (int, error) {
	if err := c.raw.Control(c.peek); err != nil {
		return 0, err
	}
	if !errors.Is(c.err, syscall.EAGAIN) {
		return 0, errSpoken
	}
	return c.Conn.Write(p)
}
