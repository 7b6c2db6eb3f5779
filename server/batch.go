package server

import (
	"context"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server/internal/sessions"
)

// batchConcurrency is how many questions of one batch Kratos is asked at a time.
const batchConcurrency = 32

// BatchWhoami asks for each of the credentials as Whoami does, but for each only once.
func (s *sessionService) BatchWhoami(ctx context.Context, req *kratosgrpcv1.BatchWhoamiRequest) (*kratosgrpcv1.BatchWhoamiResponse, error) {
	adapter, err := s.backend.upstream.adapter()
	if err != nil {
		return nil, statusFrom(ctx, "", err)
	}
	carried, err := exchangeFrom(ctx, s.backend.proxies)
	if err != nil {
		return nil, statusFrom(ctx, adapter.API(), err)
	}
	question := withCacheControl(ctx, &kratosgrpcv1.WhoamiRequest{MaxStaleness: req.GetMaxStaleness()})

	var group errgroup.Group
	group.SetLimit(batchConcurrency)
	asked := map[credentialKey]*kratosgrpcv1.BatchWhoamiResult{}
	res := &kratosgrpcv1.BatchWhoamiResponse{Results: make([]*kratosgrpcv1.BatchWhoamiResult, len(req.GetCredentials()))}
	for i, credential := range req.GetCredentials() {
		k := credentialKey{credential.GetSessionToken(), credential.GetCookie()}
		if asked[k] == nil {
			result := new(kratosgrpcv1.BatchWhoamiResult)
			asked[k] = result
			group.Go(func() error {
				s.backend.whoamiOf(ctx, adapter, k, carried.Caller.RequestID, question, result)
				return nil
			})
		}
		res.Results[i] = asked[k]
	}
	return res, group.Wait()
}

// credentialKey tells credentials apart within a batch.
type credentialKey struct{ token, cookie string }

func (k credentialKey) caller(requestID string) (adapters.Caller, error) {
	c := adapters.Caller{Accept: "application/json", AcceptUnsaid: true, RequestID: requestID}
	if !isPlain(k.token) || !isPlain(k.cookie) {
		return c, malformed("credentials", "holds characters that a header can't hold")
	}
	if k.token != "" {
		c.Credential = adapters.Credential{Kind: adapters.SessionToken, Token: k.token}
	} else {
		c.Cookies = []string{k.cookie}
	}
	return c, nil
}

// whoamiOf asks for one credential of a batch.
func (b *backend) whoamiOf(ctx context.Context, adapter adapters.Adapter, k credentialKey, requestID string, req *kratosgrpcv1.WhoamiRequest, result *kratosgrpcv1.BatchWhoamiResult) {
	caller, err := k.caller(requestID)
	x := &adapters.Exchange{Caller: caller}
	var found *kratosgrpcv1.WhoamiResponse
	if err == nil {
		found, err = b.sessions.Whoami(adapter, ctx, x, proto.CloneOf(req))
	}
	if err == nil {
		found, err = sessions.Decoded(found)
	}
	b.upstream.note(err)
	b.rewrite.answer(&x.Answer)
	result.SetCookie = x.Answer.SetCookies
	if err != nil {
		b.rewrite.error(err)
		result.Result = &kratosgrpcv1.BatchWhoamiResult_Error{Error: status.Convert(statusFrom(ctx, adapter.API(), err)).Proto()}
		return
	}
	result.Result = &kratosgrpcv1.BatchWhoamiResult_Session{Session: found.GetSession()}
}
