package adaptertest

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// flowCases are about what is the same for all kinds of flows.
var flowCases = []func(*fixture){apiFlowStarts, apiFlowTakesNoCookies, browserFlowStarts, flowIsUnknown, flowHasAnOddID, formIsEmpty, antiCSRFTokenIsWrong}

// eachKind runs a case on each kind of flow.
func eachKind(f *fixture, run func(f *fixture, k kind)) {
	f.Helper()
	for _, k := range kinds {
		f.on(k.name, func(f *fixture) { run(f, k) })
	}
}

// on runs a part of a case, on its own.
func (f *fixture) on(name string, run func(f *fixture)) {
	f.Helper()
	f.Run(name, func(t *testing.T) {
		part := *f
		part.T = t
		run(&part)
	})
}

func apiFlowStarts(f *fixture) {
	eachKind(f, func(f *fixture, k kind) {
		c := k.apiClient(f)
		started := k.start(f, c)
		checkNewFlow(f, k, started, "api")
		if len(c.answer.SetCookies) > 0 {
			f.Errorf("an API client gets cookies: %v", c.answer.SetCookies)
		}
		fetched, err := k.get(f, c, started.GetId())
		if err != nil {
			f.Fatal(describe(err))
		}
		checkNewFlow(f, k, fetched, "api")
		if fetched.GetId() != started.GetId() {
			f.Errorf("fetched %s\nwant what was started: %s", text(fetched), text(started))
		}
		if again := k.start(f, c); again.GetId() == started.GetId() {
			f.Errorf("two flows have the id %s", again.GetId())
		}
	})
}

// timed is what flows say of their time.
type timed interface {
	GetIssuedAt() *timestamppb.Timestamp
	GetExpiresAt() *timestamppb.Timestamp
}

func checkNewFlow(f *fixture, k kind, fl flow, flowType string) {
	f.Helper()
	if fl.GetId() == "" || fl.GetType() != flowType || fl.GetRequestUrl() == "" {
		f.Errorf("want a flow of type %s, got %s", flowType, text(fl))
	}
	if at, ok := fl.(timed); !ok || !at.GetIssuedAt().IsValid() || !at.GetExpiresAt().AsTime().After(at.GetIssuedAt().AsTime()) {
		f.Errorf("the flow does not expire after it was issued: %s", text(fl))
	}
	for method, input := range k.fields {
		if m := fl.GetMethods()[method]; m.GetMethod() != method || m.GetConfig().GetAction() == "" || fieldOf(fl, method, input) == nil {
			f.Errorf("the flow has no form with %s for the method %s: %s", input, method, text(fl))
		}
	}
	// Some tell what they are for.
	if said := messages(fl); slices.ContainsFunc(said, func(m *kratosgrpcv1.Message) bool { return m.GetType() != "info" }) {
		f.Errorf("the flow is new, but says %v", said)
	}
}

// apiFlowTakesNoCookies: who starts an API flow has no session by its cookies, and gets none.
func apiFlowTakesNoCookies(f *fixture) {
	b := f.logIn(f.account())
	for _, k := range kinds {
		if k.needsSession {
			continue
		}
		started := k.start(f, b)
		checkNewFlow(f, k, started, "api")
		if len(b.answer.SetCookies) > 0 {
			f.Errorf("%s: an API flow sets cookies: %v", k.name, b.answer.SetCookies)
		}
	}
}

func browserFlowStarts(f *fixture) {
	eachKind(f, func(f *fixture, k kind) {
		b := k.openBrowser(f)
		to, err := k.browser(f, b, f.upstream.ReturnURL)
		if err != nil {
			f.Fatal(describe(err))
		}
		if !k.needsSession && len(b.answer.SetCookies) == 0 {
			f.Error("the browser gets no anti-CSRF cookie")
		}
		for method := range k.fields {
			checkNewFlow(f, k, k.fetchForm(f, b, method, leadsTo(f, to)).flow, "browser")
		}
	})
}

// unknownFlow is what a get says of a flow that Kratos does not know.
func (k kind) unknownFlow(f *fixture) kratosgrpcv1.ErrorReason {
	if k.name == "Settings" {
		return f.harness.Differences.UnknownSettingsFlow
	}
	return kratosgrpcv1.ErrorReason_ERROR_REASON_NOT_FOUND
}

func flowIsUnknown(f *fixture) {
	eachKind(f, func(f *fixture, k kind) {
		c := k.apiClient(f)
		_, err := k.get(f, c, unknownID)
		wantReason(f.T, "get", err, k.unknownFlow(f))
		for _, form := range k.completions(f) {
			_, err := form.filled(f, c, unknownID, "")
			wantReason(f.T, form.name, err, kratosgrpcv1.ErrorReason_ERROR_REASON_NOT_FOUND)

			b := k.openBrowser(f)
			res, err := form.filled(f, b, unknownID, k.openForm(f, b, form.method).csrf)
			if err != nil {
				f.Errorf("%s: %s", form.name, describe(err))
				continue
			}
			leadsToError(f, b, outcomeOf(f, res).redirect(f))
		}
	})
}

// oddIDs are ids that lead elsewhere, or nowhere, where they are not escaped.
var oddIDs = []string{
	" ", "0", ".", "..", "../whoami", "/", "\\", "%2e%2e", "%", "%00", "?", "#", "a&id=b", "a;b", "a=b", "a+b", "ü字\u202e", "\x7f", "\"", "'--",
	"00000000-0000-0000-0000-000000000000", unknownID + "&id=" + unknownID, unknownID + " ", strings.Repeat("9", 1024),
}

func flowHasAnOddID(f *fixture) {
	eachKind(f, func(f *fixture, k kind) {
		c := k.apiClient(f)
		for _, id := range oddIDs {
			_, err := k.get(f, c, id)
			wantReason(f.T, "get "+id, err, k.unknownFlow(f))
			for _, form := range k.completions(f) {
				_, err := form.empty(f, c, id, "")
				wantReason(f.T, form.name+" "+id, err, kratosgrpcv1.ErrorReason_ERROR_REASON_NOT_FOUND, f.harness.Differences.MalformedFlow)
			}
		}
	})
}

// formIsEmpty: a form in which nothing is filled in is no error; its outcome is the flow, whose messages say what is
// missing.
func formIsEmpty(f *fixture) {
	eachKind(f, func(f *fixture, k kind) {
		for _, form := range k.completions(f) {
			c := k.apiClient(f)
			started := k.start(f, c)
			res, err := form.empty(f, c, started.GetId(), "")
			if err != nil {
				f.Errorf("%s: %s", form.name, describe(err))
				continue
			}
			outcomeOf(f, res).flow(f)

			b := k.openBrowser(f)
			shown := k.openForm(f, b, form.method)
			res, err = form.empty(f, b, shown.id, shown.csrf)
			if err != nil {
				f.Errorf("%s: %s", form.name, describe(err))
				continue
			}
			if back := leadsTo(f, outcomeOf(f, res).redirect(f)); back != shown.id {
				f.Errorf("%s: leads to the flow %s, want back to %s", form.name, back, shown.id)
			}
			if again := k.fetchForm(f, b, form.method, shown.id).flow; len(messages(again)) == 0 {
				f.Errorf("%s: the flow does not say what is missing: %s", form.name, text(again))
			}
		}
	})
}

// antiCSRFTokenIsWrong: the browser is led to an error, or told that this is the matter.
func antiCSRFTokenIsWrong(f *fixture) {
	eachKind(f, func(f *fixture, k kind) {
		for _, form := range k.completions(f) {
			for _, b := range []*browser{k.openBrowser(f), k.openBrowser(f).askingForJSON()} {
				shown := k.openForm(f, b, form.method)
				for _, csrf := range []string{"", "wrong", strings.Repeat("A", 86) + "=="} {
					res, err := form.filled(f, b, shown.id, csrf)
					isCSRFViolation(f, b, form.name, res, err)
				}
			}
			// That of another browser is as wrong.
			mine, theirs := k.openBrowser(f), k.openBrowser(f)
			shown := k.openForm(f, mine, form.method)
			res, err := form.filled(f, mine, shown.id, k.openForm(f, theirs, form.method).csrf)
			isCSRFViolation(f, mine, form.name, res, err)
		}
	})
}

func isCSRFViolation(f *fixture, b *browser, name string, res proto.Message, err error) {
	f.Helper()
	if err != nil {
		wantReason(f.T, name, err, kratosgrpcv1.ErrorReason_ERROR_REASON_CSRF_VIOLATION)
		return
	}
	if o := outcomeOf(f, res); o.name == "redirect" {
		leadsToError(f, b, o.redirect(f))
	} else {
		f.Errorf("%s: the outcome is %s: %s", name, o.name, text(o.message))
	}
}
