package replay

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratosreplay"
)

// added says that an answer has something that was not recorded.
func added(_ kratosreplay.Exchange, d discrepancy) bool { return d.recorded == nil && d.ours != nil }

// requestDifferences are those that are meant in front of Kratos 0.1.
var requestDifferences = []*difference{
	{
		why: "Flows say what kind they are: all of these are browsers'.",
		at:  []string{"body/type"},
		meant: func(_ kratosreplay.Exchange, d discrepancy) bool {
			return d.recorded == nil && d.ours == "browser"
		},
	},
	{
		why:   "Flows also have the ui of Kratos 1.x.",
		at:    []string{"body/ui"},
		meant: added,
	},
	{
		why: "A change of the profile has its form as a method too, as later generations have it, and says where it stands.",
		at:  []string{"body/methods", "body/state"},
		meant: func(e kratosreplay.Exchange, d discrepancy) bool {
			if d.at == "body/state" {
				want := "show_form"
				if at(e, "update_successful") == true {
					want = "success"
				}
				return d.ours == want
			}
			fields, _ := member(member(member(d.ours, "profile"), "config"), "fields").([]any)
			return d.recorded == nil && len(fields) == len(list(e, "form", "fields"))
		},
	},
	{
		why: "What 0.1 calls a form's errors are messages too.",
		at:  []string{"body/methods/*/config/messages", "body/methods/*/config/fields/*/messages"},
		meant: func(e kratosreplay.Exchange, d discrepancy) bool {
			messages, ok := d.ours.([]any)
			for _, m := range messages {
				said, _ := member(m, "text").(string)
				ok = ok && said != "" && strings.Contains(string(e.Response.Bytes()), quoted(said)) && member(m, "type") == "error"
			}
			return ok && d.recorded == nil
		},
	},
	{
		why: "A session's id is also called so, and not only sid; and what 0.1 calls traits_schema_id and traits_schema_url of an identity are also its schema's.",
		at:  []string{"body/id", "body/identity/schema_id", "body/identity/schema_url"},
		meant: func(e kratosreplay.Exchange, d discrepancy) bool {
			older := map[string]any{
				"body/id": at(e, "sid"), "body/identity/schema_id": at(e, "identity", "traits_schema_id"), "body/identity/schema_url": at(e, "identity", "traits_schema_url"),
			}
			return d.recorded == nil && reflect.DeepEqual(d.ours, older[d.at])
		},
	},
	{
		why: "The first of the errors that the error UI shows has the name of Kratos 1.x too.",
		at:  []string{"body/error"},
		meant: func(e kratosreplay.Exchange, d discrepancy) bool {
			shown := list(e, "errors")
			return d.recorded == nil && len(shown) > 0 && reflect.DeepEqual(member(d.ours, "code"), member(shown[0], "code"))
		},
	},
	{
		why: "Kratos's debug is dropped from errors: it holds stack traces.",
		at:  []string{"body/error/debug", "body/errors/*/debug"},
		meant: func(_ kratosreplay.Exchange, d discrepancy) bool {
			return d.recorded != nil && d.ours == nil
		},
	},
	{
		why: "What Kratos says twice, of a request that it does not know, is said once.",
		at:  []string{"body"},
		meant: func(e kratosreplay.Exchange, d discrepancy) bool {
			recorded, ok := d.recorded.(string)
			return ok && strings.Count(recorded, `{"error":`) == 2 && member(member(d.ours, "error"), "code") == float64(e.Response.Status)
		},
	},
	{
		why: "That Kratos can't look for a session, a flow or an error does not mean that there is none, or that it is somebody else's: it is unavailable.",
		at:  []string{"status", "body", "body/*", "body/error/*"},
		meant: func(e kratosreplay.Exchange, d discrepancy) bool {
			return isOutage(e) && (d.at != "status" || d.ours == http.StatusServiceUnavailable)
		},
	},
	{
		why: "whoami names the identity in a header too, as in later generations.",
		at:  []string{"header/X-Kratos-Authenticated-Identity-Id"},
		meant: func(e kratosreplay.Exchange, d discrepancy) bool {
			return reflect.DeepEqual(d.ours, []string{at(e, "identity", "id").(string)})
		},
	},
	{
		why: "No answer may be kept by a cache, as in later generations; Kratos 0.1 does not say so.",
		at:  []string{"header/Cache-Control"},
		meant: func(_ kratosreplay.Exchange, d discrepancy) bool {
			return strings.Contains(text(d.ours), "no-store")
		},
	},
	{
		why: "JSON says which characters it is in, as in later generations.",
		at:  []string{"header/Content-Type"},
		meant: func(_ kratosreplay.Exchange, d discrepancy) bool {
			return text(d.recorded) == `["application/json"]` && text(d.ours) == `["application/json; charset=utf-8"]`
		},
	},
	{
		why:  "Over gRPC a redirect has no number, and no text.",
		view: "gRPC",
		at:   []string{"status", "body"},
		meant: func(e kratosreplay.Exchange, d discrepancy) bool {
			return e.Response.Status == http.StatusFound && (d.ours == nil || d.ours == http.StatusSeeOther)
		},
	},
}

// quoted is a text as Kratos writes it in JSON.
func quoted(said string) string {
	encoded := text(said)
	return encoded[1 : len(encoded)-1]
}
