package kratosv1

import "net/url"

// parameters are those of a request.
type parameters struct{ url.Values }

func newQuery() parameters { return parameters{url.Values{}} }

// add adds a parameter, if it says anything.
func (q parameters) add(name, value string) parameters {
	if value != "" {
		q.Set(name, value)
	}
	return q
}

// addTrue adds a parameter, if it is true.
func (q parameters) addTrue(name string, value bool) parameters {
	if value {
		q.Set(name, "true")
	}
	return q
}
