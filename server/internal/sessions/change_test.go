package sessions_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server/internal/sessions"
)

// TestChange: each way to change something takes the answers away that it concerns, and no others. The sessions a1 and a2
// are one identity's, b1 is another's.
func TestChange(t *testing.T) {
	t.Parallel()
	success := &kratosgrpcv1.UpdateSettingsFlowResponse{Outcome: &kratosgrpcv1.UpdateSettingsFlowResponse_Success{
		Success: &kratosgrpcv1.SettingsSuccess{Identity: &kratosgrpcv1.Identity{Id: "identity-a"}},
	}}
	redirect := &kratosgrpcv1.UpdateSettingsFlowResponse{Outcome: &kratosgrpcv1.UpdateSettingsFlowResponse_Redirect{Redirect: new(kratosgrpcv1.Redirect)}}
	login := &kratosgrpcv1.UpdateLoginFlowResponse{Outcome: &kratosgrpcv1.UpdateLoginFlowResponse_Success{
		Success: &kratosgrpcv1.LoginSuccess{Session: &kratosgrpcv1.Session{Id: "session-a2", Identity: &kratosgrpcv1.Identity{Id: "another"}}},
	}}
	for _, c := range []struct {
		name     string
		caller   string
		req, res proto.Message
		// gone are the tokens that Kratos is asked for again.
		gone []string
	}{
		{"revoke", "", &kratosgrpcv1.RevokeSessionRequest{SessionToken: "a1"}, nil, []string{"a1"}},
		{"revoke, by somebody", "b1", &kratosgrpcv1.RevokeSessionRequest{SessionToken: "a1"}, new(kratosgrpcv1.RevokeSessionResponse), []string{"a1", "b1"}},
		{"native logout", "", &kratosgrpcv1.PerformNativeLogoutRequest{SessionToken: "a1"}, nil, []string{"a1"}},
		{"disable one", "a1", &kratosgrpcv1.DisableMySessionRequest{Id: "session-a2"}, nil, []string{"a1", "a2"}},
		{"disable the others", "a1", &kratosgrpcv1.DisableMyOtherSessionsRequest{}, nil, []string{"a1", "a2"}},
		{"logout", "a1", &kratosgrpcv1.UpdateLogoutFlowRequest{}, nil, []string{"a1"}},
		{"settings", "a1", &kratosgrpcv1.UpdateSettingsFlowRequest{}, success, []string{"a1", "a2"}},
		{"settings, of a browser", "a1", &kratosgrpcv1.UpdateSettingsFlowRequest{}, redirect, []string{"a1", "a2"}},
		{"settings, which failed", "a1", &kratosgrpcv1.UpdateSettingsFlowRequest{}, (*kratosgrpcv1.UpdateSettingsFlowResponse)(nil), []string{"a1", "a2"}},
		{"second factor", "", &kratosgrpcv1.UpdateLoginFlowRequest{}, login, []string{"a2"}},
	} {
		for _, known := range []bool{true, false} {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				clock := new(clock)
				k := &kratos{whoami: func(_ context.Context, x *adapters.Exchange, _ int64) (*kratosgrpcv1.Session, error) {
					return sessionOf(clock, tokenOf(x)), nil
				}}
				l := newLookup(t, clock, sessions.Options{TTL: time.Minute})
				tokens := []string{"a1", "a2", "b1"}
				for _, token := range tokens {
					if !known && token == c.caller {
						// Nobody has asked for the caller's own session so far.
						continue
					}
					_, _ = ask(t, l, k, token)
				}
				l.Changed(t.Context(), k, &with(c.caller).Caller, c.req, c.res)
				for _, token := range tokens {
					before := k.asked.Load()
					_, _ = ask(t, l, k, token)
					gone := k.asked.Load() > before
					want := slices.Contains(c.gone, token) || !known && token == c.caller
					if gone != want {
						t.Errorf("known %t: Kratos is asked again for %s: %t, want %t", known, token, gone, want)
					}
					before = k.asked.Load()
					_, _ = ask(t, l, k, token)
					k.wasAsked(t, before)
				}
			})
		}
	}
}

// TestRevokedWhileItIsLookedUp: an answer that is on its way when a session is revoked is not kept, and nobody who asks
// afterwards is given it.
func TestRevokedWhileItIsLookedUp(t *testing.T) {
	t.Parallel()
	for _, ttl := range []time.Duration{0, time.Minute} {
		c := new(clock)
		asked, release := make(chan struct{}), make(chan struct{})
		k := &kratos{whoami: func(_ context.Context, x *adapters.Exchange, n int64) (*kratosgrpcv1.Session, error) {
			if n == 1 {
				session := sessionOf(c, tokenOf(x))
				close(asked)
				<-release
				return session, nil
			}
			return nil, noSession()
		}}
		l := newLookup(t, c, sessions.Options{TTL: ttl})
		first := make(chan error, 1)
		go func() {
			_, err := ask(t, l, k, "a")
			first <- err
		}()
		<-asked
		l.Changed(t.Context(), k, new(adapters.Caller), &kratosgrpcv1.RevokeSessionRequest{SessionToken: "a"}, new(kratosgrpcv1.RevokeSessionResponse))
		if session, err := ask(t, l, k, "a"); err == nil {
			t.Errorf("after it was revoked, %v is still a session", session)
		}
		close(release)
		if err := <-first; err != nil {
			t.Errorf("who asked before is told %v", err)
		}
		if session, err := ask(t, l, k, "a"); err == nil {
			t.Errorf("the revoked %v has come back", session)
		}
	}
}
