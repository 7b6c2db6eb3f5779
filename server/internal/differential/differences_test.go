package differential

import (
	"net/http"

	"github.com/google/go-cmp/cmp"
)

// difference is a way in which kratosgrpc is meant to differ from Kratos.
type difference struct {
	// name is what steps call it by that show it. Without a name it may be shown by any.
	name string
	// why is the reason. The README's compatibility section has them too.
	why string
	// applies says of which answers it is true, where it has no name, and even takes it out of them.
	applies func(kratos, ours view) bool
	even    func(kratos, ours view)
	// meant says whether the two answers differ in the way that is meant, where it has a name; if so they count as the same.
	meant func(kratos, ours view) bool
	// used is whether any step showed it: one that none shows is not true any more.
	used bool
}

// differences is the table of all of them.
var differences = []*difference{
	{
		why:     "Kratos's debug is dropped from errors: it holds stack traces.",
		applies: func(kratos, _ view) bool { return has(kratos.Body, "debug") },
		even:    func(kratos, _ view) { drop(kratos.Body, "debug") },
	},
	{
		why: "Flows have their forms a second time, as Kratos 1.x has them, and say there what Kratos 0.5 says.",
		applies: func(_, ours view) bool {
			return has(ours.Body, "ui") && all(ours.Body, "ui", formsAreUI)
		},
		even: func(_, ours view) { drop(ours.Body, "ui") },
	},
	{
		why: "Logins say that they refresh by the name that Kratos 1.x has for that, too.",
		applies: func(_, ours view) bool {
			return has(ours.Body, "refresh") && all(ours.Body, "refresh", func(flow map[string]any) bool { return flow["refresh"] == flow["forced"] })
		},
		even: func(_, ours view) { drop(ours.Body, "refresh") },
	},
	{
		why: "An error that is kept has the name that Kratos 1.x has for it, too.",
		applies: func(_, ours view) bool {
			errors, _ := object(ours)["errors"].([]any)
			return len(errors) > 0 && cmp.Equal(object(ours)["error"], errors[0])
		},
		even: func(_, ours view) { delete(object(ours), "error") },
	},
	{
		name: "routing",
		why: "What is no operation is answered in Kratos's form of errors, 404 or 405, not as plain text; and that comes " +
			"before a complaint about the anti-CSRF token.",
		meant: func(kratos, ours view) bool {
			return isError(ours, ours.Status, "UNKNOWN_METHOD") && (kratos.Status == ours.Status || kratos.Status == http.StatusBadRequest)
		},
	},
	{
		name: "unreadable body",
		why: "A body that is no JSON object, that has the wrong types or a media type that is neither JSON nor a form is " +
			"refused as such; Kratos writes it into the flow's messages, or calls it an error of its own.",
		meant: func(kratos, ours view) bool {
			return kratos.Status == http.StatusBadRequest && isError(ours, http.StatusBadRequest, "INVALID_REQUEST")
		},
	},
	{
		name: "missing id",
		why:  "An id or a token that is missing is said to be missing; Kratos looks for a resource without a name.",
		meant: func(_, ours view) bool {
			return isError(ours, http.StatusBadRequest, "INVALID_REQUEST")
		},
	},
	{
		name: "empty form",
		why:  "An empty body and an empty text are fields that are missing; Kratos complains of the length.",
		meant: func(kratos, ours view) bool {
			return kratos.Status == http.StatusBadRequest && ours.Status == http.StatusBadRequest && isFlow(kratos) && isFlow(ours)
		},
	},
	{
		name: "nested traits",
		why:  "Nested traits work like flat ones; Kratos drops them.",
		meant: func(kratos, ours view) bool {
			return kratos.Status == http.StatusBadRequest && ours.Status == http.StatusOK
		},
	},
	{
		name: "arrays",
		why:  "Arrays in JSON work; Kratos makes one text of them.",
		meant: func(kratos, ours view) bool {
			return kratos.Status == http.StatusOK && ours.Status == http.StatusOK && len(tags(kratos)) == 1 && len(tags(ours)) == 2
		},
	},
	{
		name: "cookies of API flows",
		why:  "API flows are completed without the cookies that came along; Kratos refuses them.",
		meant: func(kratos, ours view) bool {
			return kratos.Status == http.StatusBadRequest && ours.Status == http.StatusOK
		},
	},
	{
		name: "links of API flows",
		why:  "Recovery and verification by link work for API clients; Kratos refuses their flows.",
		meant: func(kratos, ours view) bool {
			return kratos.Status == http.StatusBadRequest && ours.Status == http.StatusOK && object(ours)["state"] == "sent_email"
		},
	},
	{
		name: "unknown verification",
		why:  "An unknown verification flow is 404, as an unknown flow of any other kind is; Kratos answers 200 with null.",
		meant: func(kratos, ours view) bool {
			return kratos.Status == http.StatusOK && kratos.Body == nil && isError(ours, http.StatusNotFound, "NOT_FOUND")
		},
	},
	{
		name: "conflict",
		why:  "A value that is another identity's is said to be; Kratos answers with its database's words.",
		meant: func(kratos, ours view) bool {
			return kratos.Status == http.StatusConflict && ours.Status == http.StatusConflict
		},
	},
}

func object(v view) map[string]any {
	o, _ := v.Body.(map[string]any)
	return o
}

// isError reports whether an answer is an error of kratosgrpc's own, with the status and the reason.
func isError(v view, status int, reason string) bool {
	e, _ := object(v)["error"].(map[string]any)
	details, _ := e["details"].(map[string]any)
	return v.Status == status && details["reason"] == reason
}

func isFlow(v view) bool { return object(v)["methods"] != nil }

func tags(v view) []any {
	identity, _ := object(v)["identity"].(map[string]any)
	traits, _ := identity["traits"].(map[string]any)
	list, _ := traits["tags"].([]any)
	return list
}

// has says whether any object in a body has a key.
func has(body any, key string) bool {
	return !all(body, key, func(map[string]any) bool { return false })
}

// all says whether what is to be true of an object that has a key is true of all of them.
func all(body any, key string, is func(map[string]any) bool) bool {
	so := true
	walk(body, func(object map[string]any) {
		if object[key] != nil && !is(object) {
			so = false
		}
	})
	return so
}

func drop(body any, key string) {
	walk(body, func(object map[string]any) { delete(object, key) })
}

func walk(value any, visit func(map[string]any)) {
	switch value := value.(type) {
	case map[string]any:
		visit(value)
		for _, inner := range value {
			walk(inner, visit)
		}
	case []any:
		for _, inner := range value {
			walk(inner, visit)
		}
	}
}
