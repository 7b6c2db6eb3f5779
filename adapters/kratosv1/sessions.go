package kratosv1

import (
	"context"
	"errors"
	"net/http"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

const sessionsPath = "/sessions"

// ListMySessions is GET /sessions.
func (a *Adapter) ListMySessions(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.ListMySessionsRequest) (*kratosgrpcv1.ListMySessionsResponse, error) {
	// By number, from 1: to its own tokens, Kratos 1.3.1 answers the page before.
	p := pageOf(req)
	res, err := a.get(ctx, x, browserClient, wantJSON, sessionsPath, p.byNumber(1).Values)
	if err != nil {
		return nil, err
	}
	items, total, err := list(res)
	if err != nil {
		return nil, err
	}
	answer := &kratosgrpcv1.ListMySessionsResponse{NextPageToken: p.next(total), TotalSize: total}
	for _, item := range items {
		session := new(kratosgrpcv1.Session)
		if err := upstream.Unmarshal(item, session); err != nil {
			return nil, res.NotKratos(err)
		}
		if session.GetId() == "" {
			return nil, res.NotKratos(errors.New("one of the sessions has no id"))
		}
		answer.Sessions = append(answer.Sessions, session)
	}
	return answer, nil
}

// DisableMySession is DELETE /sessions/{id}.
func (a *Adapter) DisableMySession(ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.DisableMySessionRequest) (*kratosgrpcv1.DisableMySessionResponse, error) {
	id, ok := upstream.Segment(req.GetId())
	if !ok {
		return nil, selfservice.UnknownResource("no session can have this id")
	}
	res, err := a.deleteAs(ctx, x, sessionsPath+"/"+id)
	if err != nil {
		return nil, err
	}
	if res.Status != http.StatusNoContent {
		return nil, refusal(res)
	}
	return new(kratosgrpcv1.DisableMySessionResponse), nil
}

// DisableMyOtherSessions is DELETE /sessions.
func (a *Adapter) DisableMyOtherSessions(ctx context.Context, x *adapters.Exchange, _ *kratosgrpcv1.DisableMyOtherSessionsRequest) (*kratosgrpcv1.DisableMyOtherSessionsResponse, error) {
	res, err := a.deleteAs(ctx, x, sessionsPath)
	if err != nil {
		return nil, err
	}
	if res.Status != http.StatusOK {
		return nil, refusal(res)
	}
	if !selfservice.HasField(res, "count") {
		return nil, res.NotKratos(errors.New("it does not say how many sessions were ended"))
	}
	answer := new(kratosgrpcv1.DisableMyOtherSessionsResponse)
	if err := res.Decode(answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// deleteAs sends a DELETE in the name of the caller.
func (a *Adapter) deleteAs(ctx context.Context, x *adapters.Exchange, path string) (*upstream.Response, error) {
	res, err := a.client.Do(ctx, upstream.Request{
		Method: http.MethodDelete, Path: path, Header: selfservice.Header(&x.Caller, x.Caller.CookieHeader(a.ownCookie), wantJSON),
	})
	if err != nil {
		return nil, err
	}
	selfservice.AnswerCookies(x, res)
	return res, nil
}
