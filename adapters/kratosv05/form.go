package kratosv05

import "net/url"

// newForm begins a form. The token is always part of it, even if empty: Kratos refuses a form without any field as a
// request without a body, instead of saying what is missing.
func newForm(csrfToken string) url.Values {
	return url.Values{"csrf_token": {csrfToken}}
}

// addText adds a field that was filled in. What was not is left out, so that Kratos says that it is missing, rather than
// too short.
func addText(form url.Values, key, value string) {
	if value != "" {
		form.Set(key, value)
	}
}
