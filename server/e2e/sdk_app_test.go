package e2e

import (
	"path"

	httptransport "github.com/go-openapi/runtime/client"
	"github.com/ory/kratos-client-go/client/public"
	"github.com/ory/kratos-client-go/models"
)

// appLife is the life of an account in an app, whose credential is a token.
func appLife() []step {
	var life []step
	for _, chapter := range [][]step{appStrangers(), appRegistration(), appSession(), appLogin(), appSettings(), appLinks(), appEnd()} {
		life = append(life, chapter...)
	}
	return life
}

func appStrangers() []step {
	return []step{
		{name: "schema", want: "GetSchemaOK", do: func(p *person) (any, error) {
			return p.app.GetSchema(public.NewGetSchemaParams().WithID("default"))
		}},
		{name: "unknown schema", want: "GetSchemaNotFound", do: func(p *person) (any, error) {
			return p.app.GetSchema(public.NewGetSchemaParams().WithID("unknown"))
		}},
		{name: "stub error", want: "GetSelfServiceErrorOK", do: func(p *person) (any, error) {
			return p.app.GetSelfServiceError(public.NewGetSelfServiceErrorParams().WithError("stub:500"))
		}},
		{name: "unknown error", want: "GetSelfServiceErrorForbidden", do: func(p *person) (any, error) {
			return p.app.GetSelfServiceError(public.NewGetSelfServiceErrorParams().WithError(unknownID))
		}},
		{name: "whoami without a session", want: "WhoamiUnauthorized", do: func(p *person) (any, error) {
			return p.app.Whoami(public.NewWhoamiParams(), nil)
		}},
		{name: "whoami with a made-up token", want: "WhoamiUnauthorized", do: func(p *person) (any, error) {
			return p.app.Whoami(public.NewWhoamiParams(), httptransport.BearerToken("made-up"))
		}},
	}
}

func beginAppRegistration(p *person) (any, error) {
	res, err := p.app.InitializeSelfServiceRegistrationViaAPIFlow(public.NewInitializeSelfServiceRegistrationViaAPIFlowParams())
	if err == nil {
		p.began(res.Payload.ID)
	}
	return res, err
}

func register(form map[string]any) func(*person) (any, error) {
	return func(p *person) (any, error) {
		res, err := p.app.CompleteSelfServiceRegistrationFlowWithPasswordMethod(
			public.NewCompleteSelfServiceRegistrationFlowWithPasswordMethodParams().WithFlow(&p.flow).WithPayload(p.traits(form)))
		if err == nil {
			p.token = *res.Payload.SessionToken
		}
		return res, err
	}
}

func appRegistration() []step {
	const refused = "CompleteSelfServiceRegistrationFlowWithPasswordMethodBadRequest"
	return []step{
		{name: "start a registration", want: "InitializeSelfServiceRegistrationViaAPIFlowOK", do: beginAppRegistration},
		{name: "fetch the registration", want: "GetSelfServiceRegistrationFlowOK", do: func(p *person) (any, error) {
			return p.app.GetSelfServiceRegistrationFlow(public.NewGetSelfServiceRegistrationFlowParams().WithID(p.flow))
		}},
		{name: "fetch an unknown registration", want: "GetSelfServiceRegistrationFlowNotFound", do: func(p *person) (any, error) {
			return p.app.GetSelfServiceRegistrationFlow(public.NewGetSelfServiceRegistrationFlowParams().WithID(unknownID))
		}},
		{name: "register without a password", want: refused, do: register(nil)},
		{name: "register with a bad address and a bad number", want: refused, do: register(map[string]any{
			"traits.email": "nobody", "traits.age": "old", "password": firstPassword,
		})},
		{name: "register with a bad password", want: refused, do: register(map[string]any{"password": breachedPassword})},
		{name: "register", want: "CompleteSelfServiceRegistrationFlowWithPasswordMethodOK", do: register(map[string]any{
			"password": firstPassword, "traits.age": 36, "traits.newsletter": true,
		})},
		{name: "start another registration", want: "InitializeSelfServiceRegistrationViaAPIFlowOK", do: beginAppRegistration},
		{name: "register again", want: refused, do: register(map[string]any{"password": firstPassword})},
		{name: "start a registration with a session", want: "InitializeSelfServiceRegistrationViaAPIFlowBadRequest", do: func(p *person) (any, error) {
			return p.app.InitializeSelfServiceRegistrationViaAPIFlow(
				public.NewInitializeSelfServiceRegistrationViaAPIFlowParams().WithHTTPClient(p.with("X-Session-Token", p.token)))
		}},
	}
}

func appSession() []step {
	return []step{
		{name: "whoami with a bearer token", want: "WhoamiOK", do: func(p *person) (any, error) {
			res, err := p.app.Whoami(public.NewWhoamiParams(), p.bearer())
			if err == nil {
				p.schema = path.Base(*res.Payload.Identity.SchemaURL)
			}
			return res, err
		}},
		{name: "schema of the account", want: "GetSchemaOK", do: func(p *person) (any, error) {
			return p.app.GetSchema(public.NewGetSchemaParams().WithID(p.schema))
		}},
		// The SDK has the parameter, but does not send it.
		{name: "whoami with the parameter", want: "WhoamiUnauthorized", do: func(p *person) (any, error) {
			value := "Bearer " + p.token
			return p.app.Whoami(public.NewWhoamiParams().WithAuthorization(&value), nil)
		}},
		{name: "whoami with X-Session-Token", want: "WhoamiOK", do: func(p *person) (any, error) {
			return p.app.Whoami(public.NewWhoamiParams(), httptransport.APIKeyAuth("X-Session-Token", "header", p.token))
		}},
	}
}

func beginAppLogin(p *person) (any, error) {
	res, err := p.app.InitializeSelfServiceLoginViaAPIFlow(public.NewInitializeSelfServiceLoginViaAPIFlowParams())
	if err == nil {
		p.began(res.Payload.ID)
	}
	return res, err
}

func login(password string) func(*person) (any, error) {
	return func(p *person) (any, error) {
		res, err := p.app.CompleteSelfServiceLoginFlowWithPasswordMethod(
			public.NewCompleteSelfServiceLoginFlowWithPasswordMethodParams().WithFlow(p.flow).
				WithBody(&models.CompleteSelfServiceLoginFlowWithPasswordMethod{Identifier: p.email, Password: password}))
		if err == nil {
			p.token = *res.Payload.SessionToken
		}
		return res, err
	}
}

func appLogin() []step {
	const refused = "CompleteSelfServiceLoginFlowWithPasswordMethodBadRequest"
	withSession := func(p *person, refresh bool) (any, error) {
		return p.app.InitializeSelfServiceLoginViaAPIFlow(public.NewInitializeSelfServiceLoginViaAPIFlowParams().
			WithRefresh(&refresh).WithHTTPClient(p.with("X-Session-Token", p.token)))
	}
	return []step{
		{name: "start a login with a session", want: "InitializeSelfServiceLoginViaAPIFlowBadRequest", do: func(p *person) (any, error) {
			return withSession(p, false)
		}},
		{name: "refresh a session", want: "InitializeSelfServiceLoginViaAPIFlowOK", do: func(p *person) (any, error) {
			return withSession(p, true)
		}},
		{name: "start a login", want: "InitializeSelfServiceLoginViaAPIFlowOK", do: beginAppLogin},
		{name: "fetch the login", want: "GetSelfServiceLoginFlowOK", do: func(p *person) (any, error) {
			return p.app.GetSelfServiceLoginFlow(public.NewGetSelfServiceLoginFlowParams().WithID(p.flow))
		}},
		{name: "fetch an unknown login", want: "GetSelfServiceLoginFlowNotFound", do: func(p *person) (any, error) {
			return p.app.GetSelfServiceLoginFlow(public.NewGetSelfServiceLoginFlowParams().WithID(unknownID))
		}},
		{name: "login with a wrong password", want: refused, do: login("a guess")},
		{name: "login without a password", want: refused, do: login("")},
		{name: "login", want: "CompleteSelfServiceLoginFlowWithPasswordMethodOK", do: login(firstPassword)},
	}
}

func appEnd() []step {
	revoke := func(p *person) (any, error) {
		return p.app.RevokeSession(public.NewRevokeSessionParams().WithBody(&models.RevokeSession{SessionToken: &p.token}))
	}
	return []step{
		{name: "revoke the session", want: "RevokeSessionNoContent", do: revoke},
		{name: "whoami after that", want: "WhoamiUnauthorized", do: func(p *person) (any, error) {
			return p.app.Whoami(public.NewWhoamiParams(), p.bearer())
		}},
		{name: "revoke the session again", want: "RevokeSessionNoContent", do: revoke},
		{
			name: "revoke without a body", want: "RevokeSessionBadRequest",
			kratos: "RevokeSessionBadRequest", why: "Kratos's words are others",
			do: func(p *person) (any, error) {
				return p.app.RevokeSession(public.NewRevokeSessionParams())
			},
		},
	}
}
