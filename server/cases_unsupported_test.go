package server_test

import (
	"path"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
)

// unsupportedCases are those of what only Kratos 1.x has, in front of a 0.5: operations, and fields of others.
func unsupportedCases() []testCase {
	form := object{"flow": unknownID, "payload": object{"method": "password"}}
	cases := []testCase{
		unsupported(service("Login", "UpdateLoginFlow"), form),
		unsupported(service("Registration", "UpdateRegistrationFlow"), form),
		unsupported(service("Settings", "UpdateSettingsFlow"), form),
		unsupported(service("Recovery", "UpdateRecoveryFlow"), form),
		unsupported(service("Verification", "UpdateVerificationFlow"), form),
		unsupported(service("Logout", "CreateBrowserLogoutFlow"), nil),
		unsupported(service("Logout", "UpdateLogoutFlow"), object{"token": "t"}),
		unsupported(service("Logout", "PerformNativeLogout"), object{"session_token": "t"}),
		unsupported(service("Session", "ListMySessions"), nil),
		unsupported(service("Session", "DisableMySession"), object{"id": unknownID}),
		unsupported(service("Session", "DisableMyOtherSessions"), nil),
		unsupported(service("Session", "ExchangeSessionToken"), object{"init_code": "a", "return_to_code": "b"}),
		unsupported(service("Schema", "ListIdentitySchemas"), nil),
		unsupported(service("Schema", "GetWebAuthnJavaScript"), nil),
	}
	for rpc, fields := range map[string][]object{
		service("Login", "InitializeLoginViaApiFlow"): {
			{"aal": "aal2"},
			{"via": "a@example.org"},
			{"organization": unknownID},
			{"return_to": "http://127.0.0.1:4455/"},
			{"return_session_token_exchange_code": true},
		},
		service("Login", "InitializeLoginViaBrowserFlow"): {
			{"aal": "aal2"},
			{"via": "a@example.org"},
			{"organization": unknownID},
			{"login_challenge": "c"},
		},
		service("Registration", "InitializeRegistrationViaApiFlow"): {
			{"organization": unknownID},
			{"return_to": "http://127.0.0.1:4455/"},
			{"return_session_token_exchange_code": true},
		},
		service("Registration", "InitializeRegistrationViaBrowserFlow"): {
			{"organization": unknownID},
			{"login_challenge": "c"},
			{"after_verification_return_to": "http://127.0.0.1:4455/"},
		},
		service("Session", "Whoami"): {{"tokenize_as": "jwt"}},
	} {
		for _, one := range fields {
			cases = append(cases, unsupported(rpc, one))
		}
	}
	return cases
}

func unsupported(rpc string, fields object) testCase {
	name := "not in 0.5: " + path.Base(rpc)
	if adapters.AvailableIn(path.Base(rpc))[0] != adapters.V1 {
		for field := range fields {
			name += ", " + field
		}
	}
	return testCase{
		name: name, rpc: rpc, only: kratostest.V05,
		prepare: func(f *fixture) (proto.Message, caller) { return requestOf(f.t, rpc, fields), caller{} },
		want: want{
			code: codes.Unimplemented, reason: "UNSUPPORTED_BY_UPSTREAM", status: 501, ours: true,
			check: func(t *testing.T, _ *fixture, r reply) {
				if r.failure == nil {
					return
				}
				if md := verifyDetails(t, r.failure).GetMetadata(); md["upstream_api"] != "v0.5" || md["available_in"] != "v1" {
					t.Errorf("the metadata is %v, which does not say that it takes a Kratos 1.x", md)
				}
			},
		},
	}
}
