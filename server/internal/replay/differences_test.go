package replay

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratosreplay"
)

// difference is a way in which kratosgrpc is meant to differ from Kratos.
type difference struct {
	// why is the reason.
	why string
	// view is the name of the view that differs, or empty if both do.
	view string
	// at are patterns of where the answers differ: see discrepancy.
	at []string
	// meant says whether they differ in the way that is meant.
	meant func(e kratosreplay.Exchange, d discrepancy) bool
	// used is whether any exchange showed it: one that none shows is not true any more.
	used atomic.Bool
}

// differences is the table of all of them.
var differences = []*difference{
	{
		why: "Flows also have the methods of Kratos 0.5, for clients of those times: each is a group of nodes, or the password, which " +
			"a registration in one step has at once.",
		at: []string{"body/methods"},
		meant: func(e kratosreplay.Exchange, d discrepancy) bool {
			methods, ok := d.ours.(map[string]any)
			for name := range methods {
				ofGroup := func(node any) bool { return member(node, "group") == name }
				oneStep := name == "password" && strings.Contains(e.Request.Line, " /self-service/registration")
				ok = ok && (oneStep || slices.ContainsFunc(list(e, "ui", "nodes"), ofGroup))
			}
			return ok && d.recorded == nil
		},
	},
	{
		why: "So are the messages of a flow where they were in Kratos 0.5.",
		at:  []string{"body/messages"},
		meant: func(e kratosreplay.Exchange, d discrepancy) bool {
			messages, ok := d.ours.([]any)
			for _, message := range messages {
				ok = ok && slices.ContainsFunc(list(e, "ui", "messages"), func(m any) bool { return reflect.DeepEqual(m, message) })
			}
			return ok && d.recorded == nil
		},
	},
	{
		why: "So is a login's refresh, which 0.5 calls forced.",
		at:  []string{"body/forced"},
		meant: func(e kratosreplay.Exchange, d discrepancy) bool {
			return d.recorded == nil && d.ours == at(e, "refresh")
		},
	},
	{
		why: "So is the error that the error UI shows: in 0.5 there was a list of them.",
		at:  []string{"body/errors"},
		meant: func(e kratosreplay.Exchange, d discrepancy) bool {
			shown, _ := at(e, "error").(map[string]any)
			delete(shown, "debug")
			return d.recorded == nil && reflect.DeepEqual(d.ours, []any{shown})
		},
	},
	{
		why: "Kratos's debug is dropped from errors: it holds stack traces.",
		at:  []string{"body/error/debug"},
		meant: func(_ kratosreplay.Exchange, d discrepancy) bool {
			return d.recorded != nil && d.ours == nil
		},
	},
	{
		why:  "At the paths that Kratos 0.5 has too, a browser is sent on by a 302.",
		view: "REST",
		at:   []string{"status"},
		meant: func(e kratosreplay.Exchange, d discrepancy) bool {
			return startsBrowserFlow(e) && d.recorded == http.StatusSeeOther && d.ours == http.StatusFound
		},
	},
	{
		why:  "The text that comes with a redirect has the name of its status.",
		view: "REST",
		at:   []string{"body"},
		meant: func(e kratosreplay.Exchange, d discrepancy) bool {
			recorded, _ := d.recorded.(string)
			return startsBrowserFlow(e) && d.ours == strings.Replace(recorded, "See Other", "Found", 1)
		},
	},
	{
		why:  "Over gRPC there is no such text.",
		view: "gRPC",
		at:   []string{"body"},
		meant: func(e kratosreplay.Exchange, d discrepancy) bool {
			return e.Response.Status == http.StatusSeeOther && d.ours == nil
		},
	},
	{
		why:  "No answer may be kept by a cache; Kratos does not say so of those to POST and DELETE.",
		view: "REST",
		at:   []string{"header/Cache-Control"},
		meant: func(e kratosreplay.Exchange, d discrepancy) bool {
			return !strings.HasPrefix(e.Request.Line, "GET ") && strings.HasPrefix(text(d.recorded), "null") && strings.Contains(text(d.ours), "no-store")
		},
	},
	{
		why:  "An error's id is in the body only.",
		view: "REST",
		at:   []string{"header/Ory-Error-Id"},
		meant: func(e kratosreplay.Exchange, d discrepancy) bool {
			return text(d.ours) == "null" && (at(e, "error", "id") != nil)
		},
	},
	{
		why:  "A schema's Content-Type is that of Kratos 0.5, without a parameter; where there is no body there is none.",
		view: "REST",
		at:   []string{"header/Content-Type"},
		meant: func(e kratosreplay.Exchange, d discrepancy) bool {
			return e.Response.Status == http.StatusNoContent && text(d.ours) == "null" ||
				strings.HasPrefix(e.Request.Line, "GET /schemas/") && text(d.ours) == `["application/json"]`
		},
	},
	{
		why: "What logs a browser out is asked for as JSON, whatever the client accepts: who has no session is told so, and not sent to the error UI.",
		at:  []string{"status", "location", "header/Content-Type", "body"},
		meant: func(e kratosreplay.Exchange, d discrepancy) bool {
			return startsLogout(e) && (d.at != "status" || d.ours == http.StatusUnauthorized)
		},
	},
	{
		why: "A text always has an id, a text and a type, for official SDKs refuse one that has not.",
		at:  []string{"body/ui/nodes/*/attributes/*/id", "body/ui/nodes/*/attributes/*/text", "body/ui/nodes/*/attributes/*/type"},
		meant: func(_ kratosreplay.Exchange, d discrepancy) bool {
			return d.recorded == nil && (d.ours == 0.0 || d.ours == "")
		},
	},
}

// startsBrowserFlow tells whether a browser is to be sent on to where a flow is shown.
func startsBrowserFlow(e kratosreplay.Exchange) bool {
	return strings.HasSuffix(e.Request.Line, "/browser") && e.Response.Status == http.StatusSeeOther && !startsLogout(e)
}

func startsLogout(e kratosreplay.Exchange) bool {
	return e.Request.Line == "GET /self-service/logout/browser"
}

// at finds a value in an exchange's answer.
func at(e kratosreplay.Exchange, keys ...string) any {
	value := decoded(e.Response.Bytes())
	for _, key := range keys {
		value = member(value, key)
	}
	return value
}

func list(e kratosreplay.Exchange, keys ...string) []any {
	values, _ := at(e, keys...).([]any)
	return values
}

func member(value any, key string) any {
	object, _ := value.(map[string]any)
	return object[key]
}
