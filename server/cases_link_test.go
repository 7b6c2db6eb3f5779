package server_test

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// linkCases are the cases of recovery and verification, which are alike.
func linkCases() []testCase {
	cases := linkCasesOf("Recovery", "http://127.0.0.1:4455/recovery?")
	cases = append(cases, linkCasesOf("Verification", "http://127.0.0.1:4455/verify?")...)
	complete := service("Recovery", "CompleteRecoveryFlowWithLinkMethod")
	return append(cases, testCase{
		name: "recovery: open the link", rpc: complete, byGET: true,
		prepare: func(f *fixture) (proto.Message, caller) {
			f.register()
			f.open()
			return requestOf(f.t, complete, f.recoveryLink()), caller{html: true}
		},
		want: want{outcome: "redirect", check: leadsToWithSession("http://127.0.0.1:4455/settings?flow=")},
	})
}

// requestOf makes the request of an RPC from JSON.
func requestOf(t *testing.T, rpc string, fields object) proto.Message {
	t.Helper()
	input, err := protoregistry.GlobalTypes.FindMessageByName(method(t, rpc).Input().FullName())
	if err != nil {
		t.Fatal(err)
	}
	req := input.New().Interface()
	if fields == nil {
		return req
	}
	if err := protojson.Unmarshal([]byte(jsonText(t, fields)), req); err != nil {
		t.Fatal(err)
	}
	return req
}

func linkCasesOf(kind, page string) []testCase {
	var (
		initAPI     = service(kind, "Initialize"+kind+"ViaApiFlow")
		initBrowser = service(kind, "Initialize"+kind+"ViaBrowserFlow")
		get         = service(kind, "Get"+kind+"Flow")
		complete    = service(kind, "Complete"+kind+"FlowWithLinkMethod")
		name        = strings.ToLower(kind)
	)
	return []testCase{
		{
			name: name + ", API: start", rpc: initAPI,
			prepare: func(f *fixture) (proto.Message, caller) { return requestOf(f.t, initAPI, object{}), caller{} },
			want: want{check: func(t *testing.T, _ *fixture, r reply) {
				if r.text("type") != "api" || r.text("state") != "choose_method" || r.field("link", "email") == nil {
					t.Errorf("this is no %s flow for API clients: %v", name, r.body)
				}
				if len(r.cookies) > 0 {
					t.Errorf("an API client gets cookies: %v", r.cookies)
				}
			}},
		},
		{
			name: name + ", browser: start", rpc: initBrowser,
			prepare: func(f *fixture) (proto.Message, caller) {
				return requestOf(f.t, initBrowser, object{}), caller{html: true}
			},
			want: want{outcome: "redirect", check: leadsToNewFlow(page)},
		},
		{
			name: name + ": get an API flow", rpc: get,
			prepare: func(f *fixture) (proto.Message, caller) {
				return requestOf(f.t, get, object{"id": f.start(kind, caller{})}), caller{}
			},
			want: want{check: isFlow("link")},
		},
		{
			name: name + ": get a browser flow", rpc: get,
			prepare: func(f *fixture) (proto.Message, caller) {
				return requestOf(f.t, get, object{"id": f.open().start(kind, "link")}), f.browser.caller()
			},
			want: want{check: isFlow("link")},
		},
		{
			name: name + ", API: send a link", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				f.register()
				return requestOf(f.t, complete, object{"flow": f.start(kind, caller{}), "payload": object{"email": f.account.email}}), caller{}
			},
			want: want{outcome: "success", check: func(t *testing.T, f *fixture, r reply) {
				sentEmail(t, r)
				// The flow in the outcome can be completed again, as Kratos's own can.
				again := f.must(complete, object{"flow": r.text("id"), "payload": object{"email": f.account.email}}, caller{})
				sentEmail(t, again)
			}},
		},
		{
			name: name + ", API: send a link to nobody Kratos knows", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				return requestOf(f.t, complete, object{"flow": f.start(kind, caller{}), "payload": object{"email": newEmail()}}), caller{}
			},
			want: want{outcome: "success", check: func(t *testing.T, _ *fixture, r reply) { sentEmail(t, r) }},
		},
		{
			name: name + ", API: no address", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				return requestOf(f.t, complete, object{"flow": f.start(kind, caller{}), "payload": object{}}), caller{}
			},
			want: want{outcome: "flow", check: func(t *testing.T, _ *fixture, r reply) {
				if text, _ := at(r.field("link", "email")["messages"], "0.text").(string); !strings.Contains(text, "missing") {
					t.Errorf("the form does not say that the address is missing: %v", r.body)
				}
			}},
		},
		{
			name: name + ", browser: send a link", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				f.register()
				b := f.open()
				return requestOf(f.t, complete, object{
					"flow": b.start(kind, "link"), "payload": object{"email": f.account.email, "csrf_token": b.csrf},
				}), b.caller()
			},
			want: want{outcome: "redirect", check: func(t *testing.T, f *fixture, r reply) {
				leadsBackToFlow(t, f, r)
				sentEmail(t, f.must(get, object{"id": f.flow}, f.browser.caller()))
			}},
		},
		{
			name: name + ", browser: no address", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				b := f.open()
				return requestOf(f.t, complete, object{"flow": b.start(kind, "link"), "payload": object{"csrf_token": b.csrf}}), b.caller()
			},
			want: want{outcome: "redirect", check: leadsBackToFlow},
		},
		{
			name: name + ", browser: no anti-CSRF token", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				b := f.open()
				return requestOf(f.t, complete, object{"flow": b.start(kind, "link"), "payload": object{"email": newEmail()}}), b.caller()
			},
			want:  want{code: codes.PermissionDenied, reason: "CSRF_VIOLATION", status: 400},
			later: &want{outcome: "redirect", check: leadsToError},
		},
		{
			name: name + ": open a bad link", rpc: complete, byGET: true,
			prepare: func(f *fixture) (proto.Message, caller) {
				f.open()
				return requestOf(f.t, complete, object{"token": "no-such-token"}), caller{html: true}
			},
			want: want{outcome: "redirect", check: func(t *testing.T, f *fixture, r reply) {
				leadsToFlow(page)(t, f, r)
				f.browser.take(r)
				flow := f.must(get, object{"id": flowIn(t, r.location)}, f.browser.caller())
				if text := flow.text("messages.0.text"); !strings.Contains(text, "invalid") {
					t.Errorf("the flow does not say that the link is bad: %v", flow.body)
				}
			}},
			// Kratos 1.x does not know which flow the link was for.
			later: &want{outcome: "redirect", check: leadsToError},
		},
		{
			name: name + ": neither a flow nor a token", rpc: complete,
			prepare: func(f *fixture) (proto.Message, caller) {
				return requestOf(f.t, complete, object{"payload": object{"email": newEmail()}}), caller{}
			},
			want: want{code: codes.InvalidArgument, reason: "INVALID_REQUEST", status: 400, ours: true},
		},
	}
}

func sentEmail(t *testing.T, r reply) {
	t.Helper()
	if r.text("state") != "sent_email" || r.text("messages.0.type") != "info" {
		t.Errorf("no link was sent: %v", r.body)
	}
}
