package server_test

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// logInAgain gives the account another session, and returns its token.
func (f *fixture) logInAgain() string {
	f.t.Helper()
	return f.must(service("Login", "CompleteLoginFlowWithPasswordMethod"), object{
		"flow": f.start("Login", caller{}), "payload": object{"identifier": f.account.email, "password": f.account.password},
	}, caller{}).text("session_token")
}

// alive says whether a session token is good.
func (f *fixture) alive(token string) bool {
	f.t.Helper()
	whoami := service("Session", "Whoami")
	return f.own.do(f.t, call{rpc: whoami, message: requestOf(f.t, whoami, nil), caller: caller{sessionToken: token}}).failure.Code() == codes.OK
}

// idOf is the id of a token's session.
func (f *fixture) idOf(token string) string {
	f.t.Helper()
	return f.must(service("Session", "Whoami"), nil, caller{sessionToken: token}).text("id")
}

// ownSessionsCases are those of somebody's other sessions, which only Kratos 1.x knows.
func ownSessionsCases() []testCase {
	const (
		list     = kratosgrpcv1.SessionService_ListMySessions_FullMethodName
		one      = kratosgrpcv1.SessionService_DisableMySession_FullMethodName
		others   = kratosgrpcv1.SessionService_DisableMyOtherSessions_FullMethodName
		exchange = kratosgrpcv1.SessionService_ExchangeSessionToken_FullMethodName
	)
	noSession := want{code: codes.Unauthenticated, reason: "NO_ACTIVE_SESSION", status: 401}
	return []testCase{
		{
			name: "list sessions", rpc: list, only: kratostest.V13,
			prepare: func(f *fixture) (proto.Message, caller) {
				c := f.session()
				f.logInAgain()
				f.logInAgain()
				return &kratosgrpcv1.ListMySessionsRequest{}, c
			},
			want: want{check: func(t *testing.T, f *fixture, r reply) {
				if len(r.list) != 2 || r.total != 2 || r.next != "" {
					t.Fatalf("there are not two other sessions, on one page: %d of %d, then %q", len(r.list), r.total, r.next)
				}
				for _, s := range r.list {
					if at(s, "active") != true || at(s, "identity.id") != f.account.identity || at(s, "authenticator_assurance_level") != "aal1" {
						t.Errorf("this is no session of the account: %v", s)
					}
				}
			}},
		},
		{
			name: "list sessions: page by page", rpc: list, only: kratostest.V13,
			prepare: func(f *fixture) (proto.Message, caller) {
				c := f.session()
				f.logInAgain()
				f.logInAgain()
				return &kratosgrpcv1.ListMySessionsRequest{PageSize: 1}, c
			},
			want: want{check: func(t *testing.T, f *fixture, r reply) {
				if len(r.list) != 1 || r.total != 2 || r.next == "" {
					t.Fatalf("this is not the first page of two: %d of %d, then %q", len(r.list), r.total, r.next)
				}
				// What is on it is not looked at: Kratos 1.3.1 says that this is the last page, and repeats the first.
				last := f.must(list, object{"page_size": 1, "page_token": r.next}, caller{sessionToken: f.account.token})
				if len(last.list) != 1 || last.next != "" {
					t.Errorf("this is not the last page: %v, then %q", last.list, last.next)
				}
			}},
		},
		{
			name: "list sessions without one", rpc: list, only: kratostest.V13, want: noSession,
			prepare: func(*fixture) (proto.Message, caller) { return &kratosgrpcv1.ListMySessionsRequest{}, caller{} },
		},
		{
			name: "list sessions: token that is too long", rpc: list, only: kratostest.V13, want: invalid("page_token"),
			prepare: func(*fixture) (proto.Message, caller) {
				return &kratosgrpcv1.ListMySessionsRequest{PageToken: strings.Repeat("x", 1025)}, caller{}
			},
		},
		{
			name: "end another session", rpc: one, only: kratostest.V13,
			prepare: func(f *fixture) (proto.Message, caller) {
				f.register()
				return &kratosgrpcv1.DisableMySessionRequest{Id: f.idOf(f.account.token)}, caller{sessionToken: f.logInAgain()}
			},
			want: want{status: http.StatusNoContent, check: func(t *testing.T, f *fixture, _ reply) {
				if f.alive(f.account.token) {
					t.Error("the session is still there")
				}
			}},
		},
		{
			name: "end a session of somebody else's", rpc: one, only: kratostest.V13,
			prepare: func(f *fixture) (proto.Message, caller) {
				mine := f.session()
				return &kratosgrpcv1.DisableMySessionRequest{Id: f.idOf(f.register().token)}, mine
			},
			want: want{status: http.StatusNoContent, check: func(t *testing.T, f *fixture, _ reply) {
				if !f.alive(f.account.token) {
					t.Error("somebody else's session is gone")
				}
			}},
		},
		{
			name: "end one's own session", rpc: one, only: kratostest.V13,
			prepare: func(f *fixture) (proto.Message, caller) {
				c := f.session()
				return &kratosgrpcv1.DisableMySessionRequest{Id: f.idOf(f.account.token)}, c
			},
			want: want{code: codes.InvalidArgument, reason: "REJECTED_BY_UPSTREAM", status: 400},
		},
		{
			name: "end a session without one", rpc: one, only: kratostest.V13, want: noSession,
			prepare: func(*fixture) (proto.Message, caller) {
				return &kratosgrpcv1.DisableMySessionRequest{Id: unknownID}, caller{}
			},
		},
		{
			name: "end all other sessions", rpc: others, only: kratostest.V13,
			prepare: func(f *fixture) (proto.Message, caller) {
				f.register()
				f.logInAgain()
				return &kratosgrpcv1.DisableMyOtherSessionsRequest{}, caller{sessionToken: f.logInAgain()}
			},
			want: want{check: func(t *testing.T, f *fixture, r reply) {
				if r.at("count") != float64(2) || f.alive(f.account.token) {
					t.Errorf("the other two sessions are not gone: %v", r.body)
				}
			}},
		},
		{
			name: "end all other sessions, of which there are none", rpc: others, only: kratostest.V13,
			prepare: func(f *fixture) (proto.Message, caller) {
				return &kratosgrpcv1.DisableMyOtherSessionsRequest{}, f.session()
			},
			want: want{check: func(t *testing.T, f *fixture, r reply) {
				if r.at("count") != float64(0) || !f.alive(f.account.token) {
					t.Errorf("the only session is gone: %v", r.body)
				}
			}},
		},
		{
			name: "end all other sessions without one", rpc: others, only: kratostest.V13, want: noSession,
			prepare: func(*fixture) (proto.Message, caller) {
				return &kratosgrpcv1.DisableMyOtherSessionsRequest{}, caller{}
			},
		},
		{
			name: "exchange codes that nobody has", rpc: exchange, only: kratostest.V13,
			prepare: func(*fixture) (proto.Message, caller) {
				return &kratosgrpcv1.ExchangeSessionTokenRequest{InitCode: "a", ReturnToCode: "b"}, caller{}
			},
			want: want{code: codes.NotFound, reason: "NOT_FOUND", status: 404},
		},
		{
			name: "exchange one code", rpc: exchange, want: invalid("return_to_code"),
			prepare: func(*fixture) (proto.Message, caller) {
				return &kratosgrpcv1.ExchangeSessionTokenRequest{InitCode: "a"}, caller{}
			},
		},
	}
}
