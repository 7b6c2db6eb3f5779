package server_test

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

// expiredCases are, for all kinds of flows alike, those of flows that have expired.
func expiredCases() []testCase {
	var cases []testCase
	for kind, completions := range map[string][]string{
		"Login":        {"CompleteLoginFlowWithPasswordMethod"},
		"Registration": {"CompleteRegistrationFlowWithPasswordMethod"},
		"Settings":     {"CompleteSettingsFlowWithPasswordMethod", "CompleteSettingsFlowWithProfileMethod"},
		"Recovery":     {"CompleteRecoveryFlowWithLinkMethod"},
		"Verification": {"CompleteVerificationFlowWithLinkMethod"},
	} {
		get := service(kind, "Get"+kind+"Flow")
		gone := want{code: codes.FailedPrecondition, reason: "FLOW_EXPIRED", status: 410}
		cases = append(
			cases,
			testCase{
				name: "expired: get an API flow of " + kind, rpc: get, world: hasty, want: gone,
				prepare: func(f *fixture) (proto.Message, caller) {
					e := f.world.expired
					return requestOf(f.t, get, object{"id": e.api[kind]}), e.caller[kind]
				},
			},
			testCase{
				name: "expired: get a browser flow of " + kind, rpc: get, world: hasty, want: gone,
				prepare: func(f *fixture) (proto.Message, caller) {
					e := f.world.expired
					return requestOf(f.t, get, object{"id": e.browsers[kind]}), e.browser[kind].caller()
				},
			},
		)
		for _, name := range completions {
			cases = append(cases, expiredCompletions(kind, service(kind, name))...)
		}
	}
	return cases
}

func expiredCompletions(kind, complete string) []testCase {
	replaced := want{code: codes.FailedPrecondition, reason: "FLOW_EXPIRED", status: 302, replaced: true, check: func(t *testing.T, f *fixture, r reply) {
		if r.response == nil {
			return
		}
		id := queryOf(t, r.location).Get("id")
		f.must(service(kind, "Get"+kind+"Flow"), object{"id": id}, f.world.expired.caller[kind])
	}}
	// Kratos 1.x says so beside the error, and does not redirect.
	replacedLater := want{code: codes.FailedPrecondition, reason: "FLOW_EXPIRED", status: 410, replaced: true, check: func(t *testing.T, f *fixture, r reply) {
		if r.response != nil {
			f.must(service(kind, "Get"+kind+"Flow"), object{"id": r.text("use_flow_id")}, f.world.expired.caller[kind])
		}
	}}
	expired := want{outcome: "redirect", check: func(t *testing.T, f *fixture, r reply) {
		if flowIn(t, r.location) == f.world.expired.browsers[kind] {
			t.Errorf("leads to the flow that has expired: %s", r.location)
		}
	}}
	expiredLater := expired
	switch kind {
	case "Settings":
		// Kratos 0.5 means to replace these too, but does not.
		replaced = want{code: codes.FailedPrecondition, reason: "FLOW_EXPIRED", status: 400}
		expired = want{outcome: "redirect", check: func(t *testing.T, _ *fixture, r reply) {
			if queryOf(t, r.location).Get("error") == "" {
				t.Errorf("leads to %s, want an error", r.location)
			}
		}}
	case "Recovery", "Verification":
		// These are completed by a flow of the adapter's own, so that Kratos never gets to replace the caller's.
		replaced = want{code: codes.FailedPrecondition, reason: "FLOW_EXPIRED", status: 410}
		replacedLater = replaced
	}
	return []testCase{
		{
			name: "expired: API, " + complete, rpc: complete, world: hasty, want: replaced, later: &replacedLater,
			prepare: func(f *fixture) (proto.Message, caller) {
				e := f.world.expired
				return requestOf(f.t, complete, object{"flow": e.api[kind], "payload": filledIn(kind, "")}), e.caller[kind]
			},
		},
		{
			name: "expired: browser, " + complete, rpc: complete, world: hasty,
			prepare: func(f *fixture) (proto.Message, caller) {
				e := f.world.expired
				b := e.browser[kind]
				return requestOf(f.t, complete, object{"flow": e.browsers[kind], "payload": filledIn(kind, b.csrf)}), b.caller()
			},
			want: expired, later: &expiredLater,
		},
	}
}

// filledIn is a form that is as it should be: Kratos 0.5 looks at some forms before it looks at the flow.
func filledIn(kind, csrf string) object {
	form := object{"csrf_token": csrf}
	switch kind {
	case "Login":
		form["identifier"], form["password"] = newEmail(), password
	case "Registration":
		form["traits"], form["password"] = object{"email": newEmail()}, password
	}
	return form
}
