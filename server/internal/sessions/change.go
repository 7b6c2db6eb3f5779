package sessions

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// Changed takes notice of a call that may have changed something, whether it was answered or not, so that nobody is told
// what was true before.
func (l *Lookup) Changed(ctx context.Context, adapter adapters.Adapter, c *adapters.Caller, req, res proto.Message) {
	var keys []key
	ids := idsIn(res)
	if k, ok := l.keyOf(adapter, c); ok {
		keys = append(keys, k)
		who := l.behind(ctx, adapter, c, k, req, ids)
		ids = append(ids, who.session)
		if concernsIdentity(req) {
			ids = append(ids, who.identity)
		}
	}
	if token := tokenIn(req); token != "" {
		for _, kind := range []adapters.CredentialKind{adapters.BearerToken, adapters.SessionToken} {
			ended := &adapters.Caller{Credential: adapters.Credential{Kind: kind, Token: token}}
			if k, ok := l.keyOf(adapter, ended); ok {
				keys = append(keys, k)
				ids = append(ids, l.cache.peek(k).session)
			}
		}
	}
	if ended, ok := req.(*kratosgrpcv1.DisableMySessionRequest); ok {
		ids = append(ids, ended.GetId())
	}
	l.tellOthers(ctx, keys, ids)
	l.cache.forget(keys, ids...)
	l.wake(keys, ids)
}

// behind is the session behind a caller's credential, as far as it is known. Where a change concerns all of an identity's
// sessions, and the answer does not say whose they are, Kratos is asked.
func (l *Lookup) behind(ctx context.Context, adapter adapters.Adapter, c *adapters.Caller, k key, req proto.Message, answered []string) owner {
	known := l.cache.peek(k)
	if known != (owner{}) || l.options.TTL <= 0 || len(answered) > 0 || !concernsIdentity(req) {
		return known
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.options.Timeout)
	defer cancel()
	found, err := adapter.Whoami(ctx, &adapters.Exchange{Caller: *c}, &kratosgrpcv1.WhoamiRequest{})
	if err != nil {
		return owner{}
	}
	return owner{found.GetSession().GetId(), found.GetSession().GetIdentity().GetId()}
}

// concernsIdentity tells whether a request may change more than the caller's own session.
func concernsIdentity(req proto.Message) bool {
	switch req.(type) {
	case *kratosgrpcv1.DisableMyOtherSessionsRequest, *kratosgrpcv1.UpdateSettingsFlowRequest,
		*kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodRequest, *kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest,
		*kratosgrpcv1.CompleteBrowserSettingsOidcSettingsFlowRequest,
		*kratosgrpcv1.UpdateVerificationFlowRequest, *kratosgrpcv1.CompleteVerificationFlowWithLinkMethodRequest:
		return true
	}
	return false
}

// tokenIn is the token of the session that a request ends.
func tokenIn(req proto.Message) string {
	if r, ok := req.(interface{ GetSessionToken() string }); ok {
		return r.GetSessionToken()
	}
	return ""
}

// idsIn are the ids of the session and the identity that an answer names.
func idsIn(res proto.Message) []string {
	if res == nil || !res.ProtoReflect().IsValid() {
		return nil
	}
	switch r := res.(type) {
	case interface {
		GetSuccess() *kratosgrpcv1.LoginSuccess
	}:
		session := r.GetSuccess().GetSession()
		if session.GetId() != "" {
			return []string{session.GetId(), session.GetIdentity().GetId()}
		}
	case interface {
		GetSuccess() *kratosgrpcv1.SettingsSuccess
	}:
		if id := r.GetSuccess().GetIdentity().GetId(); id != "" {
			return []string{id}
		}
	}
	return nil
}
