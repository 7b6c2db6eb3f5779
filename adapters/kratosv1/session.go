package kratosv1

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
	return a.get(ctx, x, browserClient, wantJSON, "/sessions/whoami", newQuery().add("tokenize_as", req.GetTokenizeAs()).Values)
}

// RevokeSession is DELETE /self-service/logout/api.
func (a *Adapter) RevokeSession(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.RevokeSessionRequest) (*kratosgrpcv1.RevokeSessionResponse, error) {
	if err := a.endSession(ctx, x, req.GetSessionToken()); err != nil {
		return nil, err
	}
	return new(kratosgrpcv1.RevokeSessionResponse), nil
}

// endSession ends a session by its token.
func (a *Adapter) endSession(ctx context.Context, x *adapters.Exchange, token string) error {
	body, err := json.Marshal(map[string]string{"session_token": token})
	if err != nil {
		return &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_INTERNAL, Message: "the request to Kratos could not be made", Err: err}
	}
	res, err := a.client.Do(ctx, upstream.Request{
		Method:      http.MethodDelete,
		Path:        "/self-service/logout/api",
		Header:      selfservice.Header(&x.Caller, "", wantJSON),
		ContentType: "application/json",
		Body:        string(body),
	})
	if err != nil {
		return err
	}
	if res.Status != http.StatusNoContent {
		return refusal(res)
	}
	return nil
}

// ExchangeSessionToken is GET /sessions/token-exchange.
func (a *Adapter) ExchangeSessionToken(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.ExchangeSessionTokenRequest) (*kratosgrpcv1.ExchangeSessionTokenResponse, error) {
	query := newQuery().add("init_code", req.GetInitCode()).add("return_to_code", req.GetReturnToCode())
	// The codes are the credential.
	res, err := a.get(ctx, &adapters.Exchange{Caller: *x.Caller.Anonymous()}, apiClient, wantJSON, "/sessions/token-exchange", query.Values)
	if err != nil {
		return nil, err
	}
	success := new(kratosgrpcv1.LoginSuccess)
	if err := decode(res, success); err != nil {
		return nil, err
	}
	if success.GetSessionToken() == "" || success.GetSession().GetId() == "" {
		return nil, res.NotKratos(errors.New("it has no session"))
	}
	return &kratosgrpcv1.ExchangeSessionTokenResponse{Success: success}, nil
}
