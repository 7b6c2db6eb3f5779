package server_test

import (
	"errors"
	"io"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

func (c *cached) watch(token string) grpc.ServerStreamingClient[kratosgrpcv1.WatchSessionResponse] {
	c.t.Helper()
	stream, err := kratosgrpcv1.NewSessionServiceClient(c.conn).WatchSession(c.as(token), &kratosgrpcv1.WatchSessionRequest{})
	if err != nil {
		c.t.Fatal(err)
	}
	return stream
}

// TestWatchSession: over gRPC, in front of a real Kratos: the session, its change, and its end; and the end of the server.
func TestWatchSession(t *testing.T) {
	t.Parallel()
	c := startCached(t)
	token := c.register()
	other := c.login()
	own, others := c.watch(token), c.watch(other)
	for _, stream := range []grpc.ServerStreamingClient[kratosgrpcv1.WatchSessionResponse]{own, others} {
		if e, err := stream.Recv(); err != nil || e.GetSession().GetId() == "" {
			t.Fatalf("first comes %v, %v", e, err)
		}
	}

	settings := kratosgrpcv1.NewSettingsServiceClient(c.conn)
	started, err := settings.InitializeSettingsViaApiFlow(c.as(token), &kratosgrpcv1.InitializeSettingsViaApiFlowRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := settings.UpdateSettingsFlow(c.as(token), &kratosgrpcv1.UpdateSettingsFlowRequest{
		Flow: started.GetFlow().GetId(), Method: "profile", Payload: c.payload(map[string]any{"traits": map[string]any{"email": c.email, "age": 36}}),
	}); err != nil {
		t.Fatal(err)
	}
	for _, stream := range []grpc.ServerStreamingClient[kratosgrpcv1.WatchSessionResponse]{own, others} {
		if e, err := stream.Recv(); err != nil || e.GetSession().GetIdentity().GetTraits().GetFields()["age"].GetNumberValue() != 36 {
			t.Fatalf("after the change comes %v, %v", e, err)
		}
	}

	if _, err := kratosgrpcv1.NewSessionServiceClient(c.conn).DisableMyOtherSessions(c.as(token), &kratosgrpcv1.DisableMyOtherSessionsRequest{}); err != nil {
		t.Fatal(err)
	}
	if e, err := others.Recv(); err != nil || e.GetEnded().GetReason() != "revoked" {
		t.Errorf("at the end comes %v, %v", e, err)
	}
	if _, err := others.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("after the end comes %v", err)
	}

	nobody := c.watch("made-up")
	if _, err := nobody.Recv(); status.Code(err) != codes.Unauthenticated {
		t.Errorf("watching nobody ends with %v", err)
	}
	c.stop()
	if _, err := own.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("when the server stops, watching ends with %v", err)
	}
}
