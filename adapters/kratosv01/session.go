package kratosv01

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// Whoami is GET /sessions/whoami.
func (a *Adapter) Whoami(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.WhoamiRequest) (*kratosgrpcv1.WhoamiResponse, error) {
	if req.GetTokenizeAs() != "" {
		return nil, errors.ErrUnsupported
	}
	res, err := a.get(ctx, x, "/sessions/whoami", nil)
	if err != nil {
		return nil, err
	}
	session, err := readSession(res)
	if err != nil {
		return nil, err
	}
	x.Answer.IdentityID = session.GetIdentity().GetId()
	return &kratosgrpcv1.WhoamiResponse{Session: session}, nil
}

// readSession reads the answer to whoami.
func readSession(res *upstream.Response) (*kratosgrpcv1.Session, error) {
	if res.Status != http.StatusOK {
		return nil, refusal(res)
	}
	session := new(kratosgrpcv1.Session)
	if err := res.Decode(session); err != nil {
		return nil, err
	}
	var body struct {
		SID string `json:"sid"`
	}
	if err := json.Unmarshal(res.Body, &body); err != nil || body.SID == "" || session.GetIdentity().GetId() == "" {
		// Whatever answered this, a session it is not.
		return nil, res.NotKratos(errors.New("it has no session"))
	}
	session.Id = body.SID
	completeIdentity(session.GetIdentity())
	return session, nil
}
