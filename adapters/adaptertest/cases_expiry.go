package adaptertest

import (
	"slices"
	"time"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// expiryCases are about flows that have expired. They are one case, so that the wait is for all of them.
var expiryCases = []func(*fixture){flowsExpire}

const flowExpired = kratosgrpcv1.ErrorReason_ERROR_REASON_FLOW_EXPIRED

func flowsExpire(f *fixture) {
	checks := map[string]func(f *fixture){}
	for _, k := range kinds {
		for _, form := range k.completions(f) {
			c := k.apiClient(f)
			id := k.start(f, c).GetId()
			checks[form.name+" API"] = func(f *fixture) { apiFlowHasExpired(f, k, form, c, id) }

			b := k.openBrowser(f)
			shown := k.openForm(f, b, form.method)
			checks[form.name+" browser"] = func(f *fixture) { browserFlowHasExpired(f, k, form, b, shown) }
		}
	}
	waitOut()
	for name, check := range checks {
		f.on(name, check)
	}
}

// waitOut waits until what has the lifespan has expired.
func waitOut() { time.Sleep(lifespan + 100*time.Millisecond) }

// apiFlowHasExpired: where Kratos starts another flow in place of the expired one, the error says which.
func apiFlowHasExpired(f *fixture, k kind, form completion, c client, id string) {
	_, err := k.get(f, c, id)
	wantReason(f.T, "get", err, flowExpired)
	_, err = form.filled(f, c, id, "")
	wantReason(f.T, form.name, err, flowExpired)
	replacement := replacementIn(err)
	if want := slices.Contains(f.harness.Differences.Replaces, form.name); want != (replacement != "") {
		f.Fatalf("replaced %t, want %t: %s", replacement != "", want, describe(err))
	}
	if replacement == "" {
		return
	}
	fresh, err := k.get(f, c, replacement)
	if err != nil {
		f.Fatal(describe(err))
	}
	if fresh.GetId() != replacement || fresh.GetId() == id || fresh.GetType() != "api" {
		f.Errorf("this is no replacement: %s", text(fresh))
	}
	if _, err := form.filled(f, c, replacement, ""); err != nil {
		f.Errorf("the replacement can't be completed: %s", describe(err))
	}
}

// browserFlowHasExpired: the browser is led to another flow, which says why, or to an error that does.
func browserFlowHasExpired(f *fixture, k kind, completion completion, b *browser, shown form) {
	_, err := k.get(f, b, shown.id)
	wantReason(f.T, "get", err, flowExpired)
	res, err := completion.filled(f, b, shown.id, shown.csrf)
	if err != nil {
		f.Fatal(describe(err))
	}
	to := outcomeOf(f, res).redirect(f)
	if slices.Contains(f.harness.Differences.Irreplaceable, completion.name) {
		leadsToError(f, b, to)
		return
	}
	fresh := k.fetchForm(f, b, completion.method, leadsTo(f, to))
	if fresh.id == shown.id || len(messages(fresh.flow)) == 0 {
		f.Errorf("want another flow, which says that the first has expired: %s", text(fresh.flow))
	}
}

// sessionExpires: a session ends by itself.
func sessionExpires(f *fixture) {
	a := f.account()
	clients := []client{f.logIn(a)}
	if a.Token != "" {
		clients = append(clients, withToken(a.Token), withBearer(a.Token))
	}
	waitOut()
	for _, c := range clients {
		f.hasNoSession(c)
	}
}
