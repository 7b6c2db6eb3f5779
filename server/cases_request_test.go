package server_test

import (
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
)

// unknownID is the id of nothing.
const unknownID = "6ee9bd29-6b4a-4f7f-a3b5-0e2f4f2e0d11"

// requestCases are, for all RPCs alike, those of ids that are missing, malformed or unknown, and of texts that are too
// long.
func requestCases() []testCase {
	var cases []testCase
	for kind, completions := range map[string][]string{
		"Login":        {"CompleteLoginFlowWithPasswordMethod"},
		"Registration": {"CompleteRegistrationFlowWithPasswordMethod"},
		"Settings":     {"CompleteSettingsFlowWithPasswordMethod", "CompleteSettingsFlowWithProfileMethod"},
		"Recovery":     {"CompleteRecoveryFlowWithLinkMethod"},
		"Verification": {"CompleteVerificationFlowWithLinkMethod"},
	} {
		unknown := want{code: codes.NotFound, reason: "NOT_FOUND", status: 404}
		unknownGet, malformed := unknown, want{code: codes.InvalidArgument, reason: "REJECTED_BY_UPSTREAM", status: 400}
		needsSession := false
		unknownLater, malformedLater := unknown, malformed
		switch kind {
		case "Settings":
			needsSession = true
			// Kratos 0.5 does not let on whether there is such a flow.
			unknownGet = want{code: codes.PermissionDenied, reason: "ACCESS_DENIED", status: 403}
		case "Recovery":
			malformed = unknown
		case "Verification":
			// Kratos 0.5 answers an empty flow.
			unknown.ours, unknownGet.ours = true, true
			malformed = unknown
		}
		get := service(kind, "Get"+kind+"Flow")
		cases = append(
			cases,
			withFields("unknown id", get, object{"id": unknownID}, needsSession, unknownGet).andLater(unknownLater),
			withFields("malformed id", get, object{"id": "not a ☃ UUID&id=2"}, needsSession, unknownGet).andLater(unknownLater),
			withFields("no id", get, object{}, needsSession, invalid("id")),
			withFields("id that is too long", get, object{"id": strings.Repeat("x", 1025)}, needsSession, invalid("id")),
			withFields("return_to that is too long", service(kind, "Initialize"+kind+"ViaBrowserFlow"), object{"return_to": strings.Repeat("x", 8193)}, false, invalid("return_to")),
		)
		update := service(kind, "Update"+kind+"Flow")
		for _, flow := range []string{unknownID, "not a UUID"} {
			c := withFields("flow "+flow, update, object{"flow": flow, "payload": object{"method": "password"}}, needsSession, unknownLater)
			if flow != unknownID {
				c.want = malformedLater
			}
			c.only = kratostest.V13
			cases = append(cases, c)
		}
		cases = append(cases, withFields("flow that is too long", update, object{"flow": strings.Repeat("x", 1025), "payload": object{}}, needsSession, invalid("flow")))
		for _, name := range completions {
			complete := service(kind, name)
			cases = append(
				cases,
				withFields("unknown flow", complete, object{"flow": unknownID, "payload": object{}}, needsSession, unknown).andLater(unknownLater),
				withFields("malformed flow", complete, object{"flow": "not a UUID", "payload": object{}}, needsSession, malformed).andLater(malformedLater),
				withFields("anti-CSRF token that is too long", complete, object{"flow": unknownID, "payload": object{"csrf_token": strings.Repeat("x", 8193)}}, needsSession, invalid("payload.csrf_token")),
			)
			if !strings.HasSuffix(complete, "WithLinkMethod") {
				cases = append(cases, withFields("no flow", complete, object{"payload": object{}}, needsSession, invalid("flow")))
			}
		}
	}
	oidc := service("Settings", "CompleteBrowserSettingsOidcSettingsFlow")
	return append(
		cases,
		withFields("no flow", oidc, object{"payload": object{}}, true, invalid("flow")),
		withFields("provider that is too long", oidc, object{"flow": unknownID, "payload": object{"link": strings.Repeat("x", 8193)}}, true, invalid("payload.link")),
		withFields("no id", service("Error", "GetError"), object{}, false, invalid("error")),
		withFields("id that is too long", service("Schema", "GetSchema"), object{"id": strings.Repeat("x", 1025)}, false, invalid("id")),
		withFields("return_to that is too long", service("Logout", "InitializeBrowserLogoutFlow"), object{"return_to": strings.Repeat("x", 8193)}, false, invalid("return_to")),
	)
}

// invalid is the error of a request that Kratos need not see.
func invalid(field string) want {
	return want{code: codes.InvalidArgument, reason: "INVALID_REQUEST", status: 400, ours: true, violation: field}
}

// andLater is the case with what must come of Kratos 1.x.
func (c testCase) andLater(w want) testCase {
	c.later = &w
	return c
}

func withFields(name, rpc string, fields object, needsSession bool, w want) testCase {
	return testCase{
		name: "request: " + name + ", " + strings.TrimPrefix(rpc, "/kratosgrpc.v1."), rpc: rpc, want: w,
		prepare: func(f *fixture) (proto.Message, caller) {
			var c caller
			if needsSession {
				c = f.session()
			}
			return requestOf(f.t, rpc, fields), c
		},
	}
}
