package server_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/metadata"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// TestCallLog checks that the log has one line a call, with what one needs to find it.
func TestCallLog(t *testing.T) {
	t.Parallel()
	upstream := startStub(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Session-Token") == "good" {
			answers(http.StatusOK, stubSession)(w, r)
		} else {
			answers(http.StatusUnauthorized, `{"error":{"code":401,"status":"Unauthorized","message":"no"}}`)(w, r)
		}
	})
	logged := new(capturedLog)
	s := startServer(t, newAdapter(t, upstream.URL), logged.capture)
	for id, token := range map[string]string{"one": "good", "two": "bad"} {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "x-session-token", token, "x-request-id", id+"-grpc")
		_, _ = kratosgrpcv1.NewSessionServiceClient(s.conn).Whoami(ctx, new(kratosgrpcv1.WhoamiRequest))
		ask(t, s, http.Header{"X-Session-Token": {token}, "X-Request-Id": {id + "-rest"}})
	}
	ask(t, s, http.Header{"X-Session-Token": {"good"}, "X-Request-Id": {"not fit\tfor a header"}})
	_ = s.conn.Invoke(t.Context(), "/nobody.v1.Service/Nothing", new(kratosgrpcv1.WhoamiRequest), new(kratosgrpcv1.WhoamiResponse))

	const whoami = kratosgrpcv1.SessionService_Whoami_FullMethodName
	for _, want := range []struct{ id, code, transport, reason string }{
		{"one-grpc", "OK", "grpc", ""},
		{"one-rest", "OK", "rest", ""},
		{"two-grpc", "Unauthenticated", "grpc", "NO_ACTIVE_SESSION"},
		{"two-rest", "Unauthenticated", "rest", "NO_ACTIVE_SESSION"},
	} {
		line := logged.await(t, `"request_id":"`+want.id+`"`)
		var got struct {
			Method, Code, Transport, Reason string
			Latency                         *float64
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		if got.Method != whoami || got.Code != want.code || got.Transport != want.transport || got.Reason != want.reason || got.Latency == nil {
			t.Errorf("the line is %s, want %v", line, want)
		}
		if n := len(logged.lines(want.id)); n != 1 {
			t.Errorf("there are %d lines of %s:\n%s", n, want.id, logged)
		}
	}
	logged.await(t, `"method":"/nobody.v1.Service/Nothing","code":"Unimplemented"`)
	if n := len(logged.lines(`"method":"` + whoami + `"`)); n != 5 {
		t.Errorf("there are %d calls in the log, want 5:\n%s", n, logged)
	}
	// A request without an id of its own, or with one that does not do, is given one.
	for _, line := range logged.lines(`"msg":"call"`) {
		if strings.Contains(line, `"request_id":""`) || strings.Contains(line, "not fit") {
			t.Errorf("a call has no id, or a bad one: %s", line)
		}
	}
}

// ask asks for the session over REST.
func ask(t *testing.T, s *testServer, header http.Header) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.rest+"/sessions/whoami", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(req.Header, header)
	res, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return readReply(t, res)
}
