package kratosv05

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// Whoami is GET /sessions/whoami.
func (a *Adapter) Whoami(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.WhoamiRequest) (*kratosgrpcv1.WhoamiResponse, error) {
	res, err := a.whoami(ctx, x, req)
	if err != nil {
		return nil, err
	}
	return selfservice.Session(x, res, refusal)
}

var _ adapters.SessionEncoder = (*Adapter)(nil)

// EncodedWhoami is Whoami for who hands the session on.
func (a *Adapter) EncodedWhoami(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.WhoamiRequest) (*adapters.EncodedSession, error) {
	res, err := a.whoami(ctx, x, req)
	if err != nil {
		return nil, err
	}
	return selfservice.EncodedSession(x, res, refusal)
}

func (a *Adapter) whoami(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.WhoamiRequest) (*upstream.Response, error) {
	if req.GetTokenizeAs() != "" {
		return nil, errors.ErrUnsupported
	}
	return a.get(ctx, x, browserClient, "/sessions/whoami", nil)
}

// RevokeSession is DELETE /sessions.
func (a *Adapter) RevokeSession(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.RevokeSessionRequest) (*kratosgrpcv1.RevokeSessionResponse, error) {
	body, err := json.Marshal(map[string]string{"session_token": req.GetSessionToken()})
	if err != nil {
		return nil, &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_INTERNAL, Message: "the request to Kratos could not be made", Err: err}
	}
	res, err := a.client.Do(ctx, upstream.Request{
		Method:      http.MethodDelete,
		Path:        "/sessions",
		Header:      selfservice.Header(&x.Caller, "", x.Caller.Accept),
		ContentType: "application/json",
		Body:        string(body),
	})
	if err != nil {
		return nil, err
	}
	if res.Status != http.StatusNoContent {
		return nil, refusal(res)
	}
	return new(kratosgrpcv1.RevokeSessionResponse), nil
}
