package kratostest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// address is where one of the two APIs listens.
type address struct {
	host string
	port int
}

func (a address) String() string { return net.JoinHostPort(a.host, strconv.Itoa(a.port)) }
func (a address) url() string    { return "http://" + a.String() }

// parseAddress reads a "host:port", or picks a free port if given is empty or
// its port is 0.
func parseAddress(given string) (address, error) {
	if given == "" {
		given = "127.0.0.1:0"
	}
	host, service, err := net.SplitHostPort(given)
	if err != nil {
		return address{}, fmt.Errorf("kratostest: %w", err)
	}
	port, err := strconv.Atoi(service)
	if err != nil || port < 0 || port > 65535 {
		return address{}, fmt.Errorf("kratostest: %q is not a port", service)
	}
	if port == 0 {
		port, err = freePort(host)
	}
	return address{host: host, port: port}, err
}

// freePort picks a port below those that systems hand out to outgoing
// connections. One of these could otherwise take the port of a Kratos that is
// down for a moment, and it could not be restarted.
func freePort(host string) (int, error) {
	const first, last = 20000, 32000
	for range 100 {
		port := first + rand.IntN(last-first)
		listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			continue
		}
		return port, listener.Close()
	}
	return 0, errors.New("kratostest: no free port on " + host)
}
