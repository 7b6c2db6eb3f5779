package adaptertest

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters"
)

// The address is one that Kratos would not find out by itself, and no private one, which some of its headers can't say.
const aDevice = "Ada's telephone"

var anAddress = netip.MustParseAddr("2001:db8::7")

// clientIsNamed: of the headers that Kratos 1.x believes when it is told a client's address, the one that it reads first is
// sent, with the caller's address, and no other; nor any that says at which address, or where in the world, Kratos was asked.
func clientIsNamed(t *testing.T, h *Harness) {
	t.Helper()
	sent := headersSent(t, h)
	for _, caller := range []adapters.Caller{{Address: anAddress, UserAgent: aDevice}, {}} {
		for _, o := range supported(t, h) {
			for _, header := range sent(o, &adapters.Exchange{Caller: caller}) {
				checkNamed(t, o.name, &caller, header)
			}
		}
	}
}

func checkNamed(t *testing.T, name string, caller *adapters.Caller, header http.Header) {
	t.Helper()
	address, userAgent := "", "kratosgrpc"
	if caller.Address.IsValid() {
		address, userAgent = caller.Address.String(), caller.UserAgent
	}
	if got := header.Get("True-Client-Ip"); got != address || len(header["True-Client-Ip"]) > 1 {
		t.Errorf("%s says that the client is at %q, want %q", name, header["True-Client-Ip"], address)
	}
	if got := header.Values("User-Agent"); len(got) != 1 || got[0] != userAgent {
		t.Errorf("%s says that the client is %q, want %q", name, got, userAgent)
	}
	for _, other := range []string{
		"Cf-Connecting-Ip", "X-Real-Ip", "X-Forwarded-For", "Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "Cf-Ipcity", "Cf-Ipcountry",
	} {
		if got := header.Values(other); len(got) > 0 {
			t.Errorf("%s sends %s: %q", name, other, got)
		}
	}
}

// sessionKnowsItsDevice: a session says whence it began. Who asks about it later, from elsewhere, changes nothing.
func sessionKnowsItsDevice(f *fixture) {
	a := f.account()
	c := &apiClient{address: anAddress, userAgent: aDevice}
	c.credential = withToken(f.updateLogin(c, loginKind.start(f, c).GetId(), "password", object{"identifier": a.Email, "password": a.Password}).GetSuccess().GetSessionToken()).credential

	elsewhere := withToken(c.credential.Token)
	elsewhere.address, elsewhere.userAgent = netip.MustParseAddr("203.0.113.9"), "a service"
	for _, asks := range []*apiClient{elsewhere, c} {
		devices := f.whoami(asks).GetDevices()
		if len(devices) != 1 || devices[0].GetIpAddress() != anAddress.String() || devices[0].GetUserAgent() != aDevice {
			f.Errorf("the session began at %v, want %s with %q", devices, anAddress, aDevice)
		}
	}
}
