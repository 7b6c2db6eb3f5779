package differential

import (
	"maps"

	"github.com/google/go-cmp/cmp"
)

// formsAreUI says whether a flow's two descriptions of its forms say the same: each field, message and target of the
// methods is in the ui, and nothing else.
func formsAreUI(flow map[string]any) bool {
	ui, _ := flow["ui"].(map[string]any)
	said, _ := flow["messages"].([]any)
	nodes, _ := ui["nodes"].([]any)
	shown := make([]bool, len(nodes))
	methods, _ := flow["methods"].(map[string]any)
	leads := false
	for group, method := range methods {
		config, _ := of(method, "config").(map[string]any)
		leads = leads || config["action"] == ui["action"]
		fields, _ := config["fields"].([]any)
		for _, field := range fields {
			if !anyNode(nodes, shown, func(node map[string]any) bool { return isField(node, group, field) }) {
				return false
			}
		}
		if !anyNode(nodes, shown, func(node map[string]any) bool { return isButton(node, group, config, ui) }) {
			return false
		}
		about, _ := config["messages"].([]any)
		for _, m := range about {
			marked := map[string]any{"group": group}
			if message, ok := m.(map[string]any); ok {
				maps.Copy(marked, message)
			}
			said = append(said, marked)
		}
	}
	for _, is := range shown {
		if !is {
			return false
		}
	}
	messages, _ := ui["messages"].([]any)
	return leads && sameList(said, messages)
}

func of(value any, key string) any {
	object, _ := value.(map[string]any)
	return object[key]
}

// anyNode marks the nodes that are shown, and says whether any is.
func anyNode(nodes []any, shown []bool, is func(node map[string]any) bool) bool {
	found := false
	for i, n := range nodes {
		if node, ok := n.(map[string]any); ok && is(node) {
			found, shown[i] = true, true
		}
	}
	return found
}

// isField says whether a node is a field of a method. A password that was typed in is not shown again.
func isField(node map[string]any, group string, field any) bool {
	if node["group"] != group && node["group"] != "default" {
		return false
	}
	attributes := node["attributes"]
	for _, key := range []string{"name", "type", "required", "disabled", "pattern"} {
		if !cmp.Equal(of(attributes, key), of(field, key)) {
			return false
		}
	}
	value := of(field, "value")
	if of(field, "type") == "password" {
		value = nil
	}
	return cmp.Equal(of(attributes, "value"), value) && cmp.Equal(node["messages"], of(field, "messages"))
}

// isButton says whether a node is what sends a method's form to where the method has it.
func isButton(node map[string]any, group string, config, ui map[string]any) bool {
	attributes := node["attributes"]
	if node["group"] != group || of(attributes, "name") != "method" || of(attributes, "value") != group {
		return false
	}
	action := of(attributes, "formaction")
	if action == nil {
		action = ui["action"]
	}
	return action == config["action"]
}

// sameList says whether two lists have the same elements, in whatever order.
func sameList(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	left := append([]any(nil), b...)
	for _, x := range a {
		found := false
		for i, y := range left {
			if cmp.Equal(x, y) {
				left, found = append(left[:i], left[i+1:]...), true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}
