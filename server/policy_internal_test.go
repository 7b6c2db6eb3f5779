package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPolicyRefusals reads policies that can't be what their authors mean.
func TestPolicyRefusals(t *testing.T) {
	t.Parallel()
	rule := func(caller, method string) string {
		return `rules: [{callers: ["` + caller + `"], methods: ["` + method + `"]}]`
	}
	for text, says := range map[string]string{
		rule("spiffe://example.org/a", "grpc.health.v1.Health/Check"):  "",
		rule("spiffe://example.org/a", "/grpc.health.v1.Health/Check"): "",
		rule("spiffe://example.org/*", "*"):                            "",
		rule("anonymous", "grpc.health.v1.Health/*"):                   "",
		`{"rules": [{"callers": ["anonymous"], "methods": ["*"]}]}`:    "",
		"":                                "EOF",
		"# nothing":                       "EOF",
		"{}":                              "no rules",
		"rules: []":                       "no rules",
		"rules: [{callers: [anonymous]}]": "rule 1: it has to name callers and methods",
		"rules: [{methods: ['*']}]":       "rule 1: it has to name callers and methods",
		"rule: []":                        "rule not found",
		"rules: [{callers: [anonymous], methods: ['*'], paths: []}]":            "paths not found",
		"rules: [{callers: anonymous, methods: ['*']}]":                         "cannot unmarshal",
		"rules: [{callers: [anonymous], callers: [anonymous], methods: ['*']}]": "already defined",
		rule("anonymous", "*") + "\n---\n" + rule("anonymous", "*"):             "behind the first document",
		rule("*", "*"):                                                                   "is no SPIFFE ID",
		rule("nameless", "*"):                                                            "is no SPIFFE ID",
		rule("Anonymous", "*"):                                                           "is no SPIFFE ID",
		rule("spiffe://example.org", "*"):                                                "say spiffe://example.org/*",
		rule("spiffe://example.org/a*", "*"):                                             "is no SPIFFE ID",
		rule("spiffe://example.org/*/a", "*"):                                            "is no SPIFFE ID",
		rule("spiffe://*", "*"):                                                          "is no SPIFFE ID",
		rule("spiffe://example.org/a/", "*"):                                             "is no SPIFFE ID",
		rule("https://example.org/a", "*"):                                               "is no SPIFFE ID",
		rule("anonymous", "kratosgrpc.v1.SessionService/Whomai"):                         "no such method",
		rule("anonymous", "kratosgrpc.v1.SessionServices/*"):                             "no such service",
		rule("anonymous", "kratosgrpc.v1.SessionService"):                                "no such method",
		rule("anonymous", "kratosgrpc.v1.WhoamiRequest/*"):                               "no such service",
		rule("anonymous", "kratosgrpc.v1.*/*"):                                           "no such service",
		rule("anonymous", "kratosgrpc.v1.SessionService/Who*"):                           "no such method",
		rule("anonymous", "kratosgrpc.v1.SessionService/Whoami/"):                        "no such method",
		rule("anonymous", "//kratosgrpc.v1.SessionService/Whoami"):                       "no such service",
		rule("anonymous", ""):                                                            "no such service",
		rule("spiffe://example.org/a", "*") + "\nmore: 1":                                "more not found",
		"rules:\n  - callers: [spiffe://example.org/a]\n    methods: [grpc.health.v1.He": "did not find",
	} {
		_, err := parsePolicy([]byte(text))
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s\n%v, which is not %q", text, err, says)
		}
	}
}

// TestPolicyInREADME checks that the README shows the policy that the tests are about.
func TestPolicyInREADME(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	policy, err := os.ReadFile("policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```yaml\n"+string(policy)+"```\n") {
		t.Error("the README does not show server/policy.yaml as it is")
	}
}
