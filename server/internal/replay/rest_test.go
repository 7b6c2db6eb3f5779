package replay

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratosreplay"
)

var client = &http.Client{
	// A connection a request: a kept one would outlive the server that it leads to.
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// askREST sends a recorded request as it is.
func askREST(t *testing.T, s *facade, e kratosreplay.Exchange) answer {
	t.Helper()
	method, target, err := e.Request.Target()
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.rest+target.String(), strings.NewReader(string(e.Request.Bytes())))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = e.Request.Header.HTTP()
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for name := range res.Header {
		if strings.HasPrefix(name, "Grpc-") {
			t.Errorf("there is a header %s", name)
		}
	}
	return answer{res.StatusCode, res.Header.Get("Location"), res.Header, body}
}
