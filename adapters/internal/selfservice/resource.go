package selfservice

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// Session reads the answer to whoami, or has the generation's refusal translate what is none.
func Session(x *adapters.Exchange, res *upstream.Response, refusal func(*upstream.Response) *adapters.Error) (*kratosgrpcv1.WhoamiResponse, error) {
	if res.Status != http.StatusOK {
		return nil, refusal(res)
	}
	session := new(kratosgrpcv1.Session)
	if err := res.Decode(session); err != nil {
		return nil, err
	}
	if session.GetId() == "" || session.GetIdentity().GetId() == "" {
		// Whatever answered this, a session it is not: "{}" must not pass for one, nor anything else that has an id.
		return nil, res.NotKratos(errors.New("it has no session"))
	}
	if seconds, err := strconv.ParseInt(res.Header.Get("Ory-Session-Cache-For"), 10, 32); err == nil {
		x.Answer.CacheFor = new(time.Duration(seconds) * time.Second)
	}
	// Kratos says it in a header too, which something on the way may drop.
	x.Answer.IdentityID = session.GetIdentity().GetId()
	return &kratosgrpcv1.WhoamiResponse{Session: session}, nil
}

// Schema reads a JSON Schema, or has the generation's refusal translate what is none.
func Schema(res *upstream.Response, refusal func(*upstream.Response) *adapters.Error) (*kratosgrpcv1.GetSchemaResponse, error) {
	if res.Status != http.StatusOK {
		return nil, refusal(res)
	}
	if !json.Valid(res.Body) {
		return nil, res.NotKratos(errors.New("the schema is not JSON"))
	}
	return &kratosgrpcv1.GetSchemaResponse{Schema: res.Body}, nil
}
