package e2e

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// upgrade is in which ways an answer of kratosgrpc in front of Kratos 1.3 is meant to differ from Kratos 0.5's. Each why is
// said of Kratos 1.3.
var upgrade = []change{
	{
		why:  "It words errors in another way. Their codes are the same.",
		even: without(isError, "reason", "message"),
	},
	{
		why:  "It words messages in another way, and has other things in their contexts.",
		even: without(isMessage, "text", "context"),
	},
	{
		why: "It tells more cases apart by a message's id.",
		even: func(o map[string]any) {
			if id, ok := formerIDs[o["id"]]; ok {
				o["id"] = id
			}
		},
	},
	{
		why: "It says in a message what a flow's forced and state say, that somebody is to confirm who they are and that changes were saved.",
		even: func(o map[string]any) {
			if !isFlow(o) {
				return
			}
			messages, _ := o["messages"].([]any)
			messages = slices.DeleteFunc(messages, func(m any) bool {
				message, _ := m.(map[string]any)
				return message["id"] == toBeConfirmed || message["id"] == changesSaved
			})
			if o["messages"] = messages; len(messages) == 0 {
				delete(o, "messages")
			}
		},
	},
	{
		why:  "It does not say which method was tried, but of recovery and verification, and of those before one was.",
		even: without(isFlow, "active"),
	},
	{
		why: "All methods' forms lead to one path.",
		even: func(o map[string]any) {
			if action, ok := o["action"].(string); ok {
				o["action"] = methodPath.ReplaceAllString(action, "")
			}
		},
	},
	{
		why: "Fields stand in another order.",
		even: func(o map[string]any) {
			if fields, ok := o["fields"].([]any); ok {
				slices.SortFunc(fields, func(a, b any) int { return strings.Compare(nameOf(a), nameOf(b)) })
			}
		},
	},
	{
		why:  "It says of a trait that it is required.",
		even: without(isTrait, "required"),
	},
	{
		why: "A token that an API flow does not need is empty, and not sometimes missing.",
		even: func(o map[string]any) {
			if nameOf(o) == "csrf_token" && o["value"] == "" {
				delete(o, "value")
			}
		},
	},
	{
		why: "It has methods that 0.5 does not know, and that can be left alone.",
		even: func(o map[string]any) {
			if methods, ok := o["methods"].(map[string]any); ok {
				for _, name := range []string{"lookup_secret", "passkey", "totp"} {
					delete(methods, name)
				}
			}
		},
	},
	{
		why: "The URL of a schema has its id in base64url.",
		even: func(o map[string]any) {
			if o["schema_url"] == "<kratos>/schemas/ZGVmYXVsdA" {
				o["schema_url"] = "<kratos>/schemas/default"
			}
		},
	},
	{
		why: "An address to which a mail is on its way is no longer pending, but sent.",
		even: func(o map[string]any) {
			if o["status"] == "sent" {
				o["status"] = "pending"
			}
		},
	},
	{
		why: "Its accounts have a schema of their own, which says what else than a password is good for a login.",
		at:  []string{"app: schema", "app: schema of the account"},
		even: func(o map[string]any) {
			delete(o, "$id")
			if credentials, ok := o["credentials"].(map[string]any); ok {
				maps.DeleteFunc(credentials, func(name string, _ any) bool { return name != "password" })
			}
		},
	},
	{
		why:  "It tells an error that there is not from one that is another browser's.",
		want: map[string]string{"app: unknown error": "GetSelfServiceErrorNotFound"},
	},
	{
		why:  "It shows what was filled in for a trait before, if that is not filled in again.",
		at:   []string{"app: register with a bad password"},
		even: without(isTrait, "value"),
	},
	{
		why:  "It does not show what was filled in if the address is another's.",
		at:   []string{"app: register again"},
		even: without(isTrait, "value"),
	},
	{
		why: "Who is to confirm who they are can't choose another address.",
		at:  []string{"app: refresh a session"},
		even: func(o map[string]any) {
			if nameOf(o) == "identifier" {
				delete(o, "type")
				delete(o, "required")
			}
		},
	},
	{
		why:  "To end sessions without saying which is to end all other ones, for which one has to be logged in.",
		want: map[string]string{"app: revoke without a body": "status 401"},
	},
	{
		why:  "Without a session settings are not forbidden, but unauthorized.",
		want: map[string]string{"app: start settings without a session": "status 401"},
	},
	{
		why:  "It tells settings that there are not from somebody else's.",
		want: map[string]string{"app: fetch unknown settings": "GetSelfServiceSettingsFlowNotFound"},
	},
	{
		why: "Settings have the whole identity also when they are not new.",
		at: []string{
			"app: fetch the settings", "app: change the profile to nonsense", "app: change the password to a bad one", "app: change the password",
		},
		even: func(o map[string]any) {
			if identity, ok := o["identity"].(map[string]any); ok && isFlow(o) {
				without(isAny, "recovery_addresses", "verifiable_addresses", "schema_url")(identity)
			}
		},
	},
	{
		why:  "A profile without any trait lacks its address; to 0.5 it is one that has not changed. It is refused by both.",
		want: map[string]string{"app: change nothing": "CompleteSelfServiceSettingsFlowWithProfileMethodBadRequest"},
	},
	{
		why: "A profile that was refused keeps the types of its fields, and is complained of once.",
		at:  []string{"app: change the profile to nonsense", "app: change the password to a bad one", "app: change the password"},
		even: func(o map[string]any) {
			if nameOf(o) != "traits.email" {
				return
			}
			delete(o, "type")
			if messages, ok := o["messages"].([]any); ok {
				o["messages"] = slices.CompactFunc(messages, reflect.DeepEqual)
			}
		},
	},
	{
		why:  "What was wrong with a profile is forgotten when something else is changed.",
		at:   []string{"app: change the password to a bad one", "app: change the password"},
		even: without(isTrait, "value", "messages"),
	},
	{
		why: "As all methods' forms lead to one path, each says in a hidden field which method it is for.",
		even: func(o map[string]any) {
			if fields, ok := o["fields"].([]any); ok {
				o["fields"] = slices.DeleteFunc(fields, func(field any) bool { return nameOf(field) == "method" })
			}
		},
	},
	{
		why:  "A flow that begins with a link began at the path that links have in Kratos 1.3.",
		at:   []string{"web: fetch what is wrong with the token"},
		even: without(isFlow, "request_url"),
	},
	{
		why: "A form that comes as JSON is answered as JSON, also to a browser, which 0.5 redirects. So does Kratos 1.3 itself.",
		want: map[string]string{
			"web: register without a password":      "CompleteSelfServiceRegistrationFlowWithPasswordMethodBadRequest",
			"web: register with another's form":     "status 403",
			"web: register":                         "CompleteSelfServiceRegistrationFlowWithPasswordMethodOK",
			"web: login with a wrong password":      "CompleteSelfServiceLoginFlowWithPasswordMethodBadRequest",
			"web: login":                            "CompleteSelfServiceLoginFlowWithPasswordMethodOK",
			"web: recover":                          "status 200",
			"web: recover with a header for Kratos": "status 200",
			"web: verify":                           "status 200",
			"web: verify with a header for Kratos":  "status 200",
		},
	},
}

// Ids of messages that only Kratos 1.3 has.
const (
	toBeConfirmed = 1010003.
	changesSaved  = 1050001.
)

// formerIDs are those that Kratos 0.5 has for others.
var formerIDs = map[any]any{
	4000026.: 4000001., // a trait of another type
	4000034.: 4000005., // a password that is known from a breach
	1080001.: 1070002., // a link for a verification that is on its way
}

var methodPath = regexp.MustCompile(`/methods/(password|profile|link)\b`)

func isError(o map[string]any) bool { return o["code"] != nil && o["status"] != nil }
func isFlow(o map[string]any) bool  { return o["methods"] != nil }
func isAny(map[string]any) bool     { return true }
func isTrait(o map[string]any) bool { return strings.HasPrefix(nameOf(o), "traits.") }
func isMessage(o map[string]any) bool {
	_, ok := o["id"].(float64)
	return ok
}

func nameOf(field any) string {
	o, _ := field.(map[string]any)
	name, _ := o["name"].(string)
	return name
}

// without drops fields of one kind of object.
func without(is func(map[string]any) bool, keys ...string) func(map[string]any) {
	return func(o map[string]any) {
		if is(o) {
			for _, key := range keys {
				delete(o, key)
			}
		}
	}
}
