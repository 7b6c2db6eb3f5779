package adaptertest

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// kind is one of the five kinds of flows, for what is the same with all of them.
type kind struct {
	name string
	// fields are inputs of the kind's forms, by method.
	fields map[string]string
	// needsSession says whether only somebody who is logged in can have such a flow.
	needsSession bool

	api      func(f *fixture, c client) (flow, error)
	browser  func(f *fixture, b *browser, returnTo string) (*kratosgrpcv1.Redirect, error)
	get      func(f *fixture, c client, id string) (flow, error)
	complete []completion
}

// completion completes a flow.
type completion struct {
	name, method string
	// empty sends the form with nothing filled in, filled with all that it needs: the login's is somebody's whom Kratos
	// does not know.
	empty, filled func(f *fixture, c client, id, csrf string) (proto.Message, error)
}

// form is a flow that a browser shows.
type form struct {
	id, csrf string
	flow     flow
}

// completions are those that the generation has.
func (k kind) completions(f *fixture) []completion {
	return slices.DeleteFunc(slices.Clone(k.complete), func(form completion) bool { return !f.harness.has(form.name) })
}

// openForm starts a flow in a browser and fetches it, to show the form of a method.
func (k kind) openForm(f *fixture, b *browser, method string) form {
	f.Helper()
	// Pages start flows, whoever completes them.
	accept := b.accept
	b.accept = pageAccept
	to, err := k.browser(f, b, "")
	b.accept = accept
	if err != nil {
		f.Fatalf("%s: %s", k.name, describe(err))
	}
	return k.fetchForm(f, b, method, leadsTo(f, to))
}

func (k kind) fetchForm(f *fixture, b *browser, method, id string) form {
	f.Helper()
	fetched, err := k.get(f, b, id)
	if err != nil {
		f.Fatalf("%s: %s", k.name, describe(err))
	}
	csrf := fieldOf(fetched, method, "csrf_token").GetValue().GetStringValue()
	if csrf == "" || fetched.GetId() != id {
		f.Fatalf("%s: this is not the flow %s with a form that has an anti-CSRF token: %s", k.name, id, text(fetched))
	}
	return form{id, csrf, fetched}
}

// start starts a flow for an API client.
func (k kind) start(f *fixture, c client) flow {
	f.Helper()
	started, err := k.api(f, c)
	if err != nil {
		f.Fatalf("%s: %s", k.name, describe(err))
	}
	return started
}

// apiClient is one that can have a flow of this kind.
func (k kind) apiClient(f *fixture) *apiClient {
	f.Helper()
	if k.needsSession {
		return withToken(f.token())
	}
	return anonymous()
}

// openBrowser is a browser that can have a flow of this kind.
func (k kind) openBrowser(f *fixture) *browser {
	f.Helper()
	if k.needsSession {
		return f.logIn(f.account())
	}
	return f.open()
}

// asFlow leaves no typed nil behind: what is not there must not pass for a flow.
func asFlow[T flow](fl T, err error) (flow, error) {
	if err != nil {
		return nil, err
	}
	return fl, nil
}

func completes[Req, Res proto.Message](name, method string, op operation[Req, Res], empty, filled func(id, csrf string) Req) completion {
	send := func(request func(id, csrf string) Req) func(*fixture, client, string, string) (proto.Message, error) {
		return func(f *fixture, c client, id, csrf string) (proto.Message, error) {
			f.Helper()
			return ask(f, c, op, request(id, csrf))
		}
	}
	return completion{name, method, send(empty), send(filled)}
}

// freshTraits are those of somebody whom Kratos does not know.
func freshTraits() *structpb.Struct {
	return &structpb.Struct{Fields: map[string]*structpb.Value{"email": structpb.NewStringValue(newEmail())}}
}

// ask makes a call with the test's context.
func ask[Req, Res proto.Message](f *fixture, c client, op operation[Req, Res], req Req) (Res, error) {
	f.Helper()
	return call(f.Context(), f, c, op, req)
}

var kinds = []kind{loginKind, registrationKind, settingsKind, recoveryKind, verificationKind}

var loginKind = kind{
	name: "Login", fields: map[string]string{"password": "password"},
	api: func(f *fixture, c client) (flow, error) {
		res, err := ask(f, c, adapters.Adapter.InitializeLoginViaApiFlow, &kratosgrpcv1.InitializeLoginViaApiFlowRequest{})
		return asFlow(res.GetFlow(), err)
	},
	browser: func(f *fixture, b *browser, returnTo string) (*kratosgrpcv1.Redirect, error) {
		res, err := ask(f, b, adapters.Adapter.InitializeLoginViaBrowserFlow, &kratosgrpcv1.InitializeLoginViaBrowserFlowRequest{ReturnTo: returnTo})
		return res.GetRedirect(), err
	},
	get: func(f *fixture, c client, id string) (flow, error) {
		res, err := ask(f, c, adapters.Adapter.GetLoginFlow, &kratosgrpcv1.GetLoginFlowRequest{Id: id})
		return asFlow(res.GetFlow(), err)
	},
	complete: []completion{
		completes("CompleteLoginFlowWithPasswordMethod", "password", adapters.Adapter.CompleteLoginFlowWithPasswordMethod, func(id, csrf string) *kratosgrpcv1.CompleteLoginFlowWithPasswordMethodRequest {
			return &kratosgrpcv1.CompleteLoginFlowWithPasswordMethodRequest{Flow: id, Payload: &kratosgrpcv1.LoginPasswordPayload{CsrfToken: csrf}}
		}, func(id, csrf string) *kratosgrpcv1.CompleteLoginFlowWithPasswordMethodRequest {
			return credentials(id, newEmail(), goodPassword, csrf)
		}),
		updatesLogin,
	},
}

var registrationKind = kind{
	name: "Registration", fields: map[string]string{"password": "password"},
	api: func(f *fixture, c client) (flow, error) {
		res, err := ask(f, c, adapters.Adapter.InitializeRegistrationViaApiFlow, &kratosgrpcv1.InitializeRegistrationViaApiFlowRequest{})
		return asFlow(res.GetFlow(), err)
	},
	browser: func(f *fixture, b *browser, returnTo string) (*kratosgrpcv1.Redirect, error) {
		res, err := ask(f, b, adapters.Adapter.InitializeRegistrationViaBrowserFlow, &kratosgrpcv1.InitializeRegistrationViaBrowserFlowRequest{ReturnTo: returnTo})
		return res.GetRedirect(), err
	},
	get: func(f *fixture, c client, id string) (flow, error) {
		res, err := ask(f, c, adapters.Adapter.GetRegistrationFlow, &kratosgrpcv1.GetRegistrationFlowRequest{Id: id})
		return asFlow(res.GetFlow(), err)
	},
	complete: []completion{
		completes("CompleteRegistrationFlowWithPasswordMethod", "password", adapters.Adapter.CompleteRegistrationFlowWithPasswordMethod, func(id, csrf string) *kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodRequest {
			return &kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodRequest{Flow: id, Payload: &kratosgrpcv1.RegistrationPasswordPayload{CsrfToken: csrf}}
		}, func(id, csrf string) *kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodRequest {
			return &kratosgrpcv1.CompleteRegistrationFlowWithPasswordMethodRequest{Flow: id, Payload: &kratosgrpcv1.RegistrationPasswordPayload{Traits: freshTraits(), Password: goodPassword, CsrfToken: csrf}}
		}),
		updatesRegistration,
	},
}

var settingsKind = kind{
	name: "Settings", fields: map[string]string{"password": "password", "profile": "traits.email"}, needsSession: true,
	api: func(f *fixture, c client) (flow, error) {
		res, err := ask(f, c, adapters.Adapter.InitializeSettingsViaApiFlow, &kratosgrpcv1.InitializeSettingsViaApiFlowRequest{})
		return asFlow(res.GetFlow(), err)
	},
	browser: func(f *fixture, b *browser, returnTo string) (*kratosgrpcv1.Redirect, error) {
		res, err := ask(f, b, adapters.Adapter.InitializeSettingsViaBrowserFlow, &kratosgrpcv1.InitializeSettingsViaBrowserFlowRequest{ReturnTo: returnTo})
		return res.GetRedirect(), err
	},
	get: func(f *fixture, c client, id string) (flow, error) {
		res, err := ask(f, c, adapters.Adapter.GetSettingsFlow, &kratosgrpcv1.GetSettingsFlowRequest{Id: id})
		return asFlow(res.GetFlow(), err)
	},
	complete: []completion{
		completes("CompleteSettingsFlowWithPasswordMethod", "password", adapters.Adapter.CompleteSettingsFlowWithPasswordMethod, func(id, csrf string) *kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodRequest {
			return &kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodRequest{Flow: id, Payload: &kratosgrpcv1.SettingsPasswordPayload{CsrfToken: csrf}}
		}, func(id, csrf string) *kratosgrpcv1.CompleteSettingsFlowWithPasswordMethodRequest {
			return newPassword(id, anotherPassword, csrf)
		}),
		completes("CompleteSettingsFlowWithProfileMethod", "profile", adapters.Adapter.CompleteSettingsFlowWithProfileMethod, func(id, csrf string) *kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest {
			return &kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest{Flow: id, Payload: &kratosgrpcv1.SettingsProfilePayload{CsrfToken: csrf}}
		}, func(id, csrf string) *kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest {
			return &kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest{Flow: id, Payload: &kratosgrpcv1.SettingsProfilePayload{Traits: freshTraits(), CsrfToken: csrf}}
		}),
		updatesSettings,
	},
}

var recoveryKind = kind{
	name: "Recovery", fields: map[string]string{"link": "email"},
	api: func(f *fixture, c client) (flow, error) {
		res, err := ask(f, c, adapters.Adapter.InitializeRecoveryViaApiFlow, &kratosgrpcv1.InitializeRecoveryViaApiFlowRequest{})
		return asFlow(res.GetFlow(), err)
	},
	browser: func(f *fixture, b *browser, returnTo string) (*kratosgrpcv1.Redirect, error) {
		res, err := ask(f, b, adapters.Adapter.InitializeRecoveryViaBrowserFlow, &kratosgrpcv1.InitializeRecoveryViaBrowserFlowRequest{ReturnTo: returnTo})
		return res.GetRedirect(), err
	},
	get: func(f *fixture, c client, id string) (flow, error) {
		res, err := ask(f, c, adapters.Adapter.GetRecoveryFlow, &kratosgrpcv1.GetRecoveryFlowRequest{Id: id})
		return asFlow(res.GetFlow(), err)
	},
	complete: []completion{
		completes("CompleteRecoveryFlowWithLinkMethod", "link", adapters.Adapter.CompleteRecoveryFlowWithLinkMethod, func(id, csrf string) *kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodRequest {
			return recoverBy(id, "", csrf)
		}, func(id, csrf string) *kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodRequest {
			return recoverBy(id, newEmail(), csrf)
		}),
		updatesRecovery,
	},
}

func recoverBy(id, email, csrf string) *kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodRequest {
	return &kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodRequest{Flow: id, Payload: &kratosgrpcv1.RecoveryLinkPayload{Email: email, CsrfToken: csrf}}
}

var verificationKind = kind{
	name: "Verification", fields: map[string]string{"link": "email"},
	api: func(f *fixture, c client) (flow, error) {
		res, err := ask(f, c, adapters.Adapter.InitializeVerificationViaApiFlow, &kratosgrpcv1.InitializeVerificationViaApiFlowRequest{})
		return asFlow(res.GetFlow(), err)
	},
	browser: func(f *fixture, b *browser, returnTo string) (*kratosgrpcv1.Redirect, error) {
		res, err := ask(f, b, adapters.Adapter.InitializeVerificationViaBrowserFlow, &kratosgrpcv1.InitializeVerificationViaBrowserFlowRequest{ReturnTo: returnTo})
		return res.GetRedirect(), err
	},
	get: func(f *fixture, c client, id string) (flow, error) {
		res, err := ask(f, c, adapters.Adapter.GetVerificationFlow, &kratosgrpcv1.GetVerificationFlowRequest{Id: id})
		return asFlow(res.GetFlow(), err)
	},
	complete: []completion{
		completes("CompleteVerificationFlowWithLinkMethod", "link", adapters.Adapter.CompleteVerificationFlowWithLinkMethod, func(id, csrf string) *kratosgrpcv1.CompleteVerificationFlowWithLinkMethodRequest {
			return verifyBy(id, "", csrf)
		}, func(id, csrf string) *kratosgrpcv1.CompleteVerificationFlowWithLinkMethodRequest {
			return verifyBy(id, newEmail(), csrf)
		}),
		updatesVerification,
	},
}

func verifyBy(id, email, csrf string) *kratosgrpcv1.CompleteVerificationFlowWithLinkMethodRequest {
	return &kratosgrpcv1.CompleteVerificationFlowWithLinkMethodRequest{Flow: id, Payload: &kratosgrpcv1.VerificationLinkPayload{Email: email, CsrfToken: csrf}}
}
