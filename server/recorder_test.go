package server_test

import (
	"context"
	"sync"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// recorder is an adapter that remembers what it was asked, and answers a status that Kratos might have answered with. It
// shows what the server makes of a request that no Kratos would show.
type recorder struct {
	adapters.Unsupported

	status int

	mu     sync.Mutex
	asked  []string
	caller adapters.Caller
	login  *kratosgrpcv1.UpdateLoginFlowRequest
}

func (*recorder) API() string { return adapters.V1 }

func (*recorder) SessionCookie() string       { return "ory_kratos_session" }
func (*recorder) Ready(context.Context) error { return nil }

func (r *recorder) note(operation string, x *adapters.Exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked, r.caller = append(r.asked, operation), x.Caller
	x.Answer.HTTPStatus = r.status
}

// take returns what it was asked since it was last told to.
func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked := r.asked
	r.asked = nil
	return asked
}

func (r *recorder) RevokeSession(_ context.Context, x *adapters.Exchange, _ *kratosgrpcv1.RevokeSessionRequest) (*kratosgrpcv1.RevokeSessionResponse, error) {
	r.note("RevokeSession", x)
	return new(kratosgrpcv1.RevokeSessionResponse), nil
}

func (r *recorder) DisableMySession(_ context.Context, x *adapters.Exchange, _ *kratosgrpcv1.DisableMySessionRequest) (*kratosgrpcv1.DisableMySessionResponse, error) {
	r.note("DisableMySession", x)
	return new(kratosgrpcv1.DisableMySessionResponse), nil
}

func (r *recorder) DisableMyOtherSessions(_ context.Context, x *adapters.Exchange, _ *kratosgrpcv1.DisableMyOtherSessionsRequest) (*kratosgrpcv1.DisableMyOtherSessionsResponse, error) {
	r.note("DisableMyOtherSessions", x)
	return new(kratosgrpcv1.DisableMyOtherSessionsResponse), nil
}

func (r *recorder) UpdateLoginFlow(_ context.Context, x *adapters.Exchange, req *kratosgrpcv1.UpdateLoginFlowRequest) (*kratosgrpcv1.UpdateLoginFlowResponse, error) {
	r.note("UpdateLoginFlow", x)
	r.login = req
	switch r.status {
	case 303, 422:
		return &kratosgrpcv1.UpdateLoginFlowResponse{Outcome: &kratosgrpcv1.UpdateLoginFlowResponse_Redirect{
			Redirect: &kratosgrpcv1.Redirect{Location: "https://elsewhere.example.org/?a=b"},
		}}, nil
	default:
		return &kratosgrpcv1.UpdateLoginFlowResponse{Outcome: &kratosgrpcv1.UpdateLoginFlowResponse_Flow{Flow: &kratosgrpcv1.LoginFlow{Id: "f"}}}, nil
	}
}

func (r *recorder) InitializeLoginViaApiFlow(_ context.Context, x *adapters.Exchange, _ *kratosgrpcv1.InitializeLoginViaApiFlowRequest) (*kratosgrpcv1.InitializeLoginViaApiFlowResponse, error) {
	r.note("InitializeLoginViaApiFlow", x)
	return &kratosgrpcv1.InitializeLoginViaApiFlowResponse{Flow: &kratosgrpcv1.LoginFlow{Id: "f"}}, nil
}
