package e2e

import (
	"github.com/ory/kratos-client-go/client/public"
	"github.com/ory/kratos-client-go/models"
)

func changePassword(password string) func(*person) (any, error) {
	return func(p *person) (any, error) {
		return p.app.CompleteSelfServiceSettingsFlowWithPasswordMethod(
			public.NewCompleteSelfServiceSettingsFlowWithPasswordMethodParams().WithFlow(&p.flow).
				WithBody(&models.CompleteSelfServiceSettingsFlowWithPasswordMethod{Password: &password}), p.bearer())
	}
}

func changeProfile(form map[string]any) func(*person) (any, error) {
	return func(p *person) (any, error) {
		return p.app.CompleteSelfServiceSettingsFlowWithProfileMethod(
			public.NewCompleteSelfServiceSettingsFlowWithProfileMethodParams().WithFlow(&p.flow).WithPayload(p.traits(form)), p.bearer())
	}
}

func appSettings() []step {
	return []step{
		{name: "start settings without a session", want: "status 403", do: func(p *person) (any, error) {
			return p.app.InitializeSelfServiceSettingsViaAPIFlow(public.NewInitializeSelfServiceSettingsViaAPIFlowParams(), nil)
		}},
		{name: "start settings", want: "InitializeSelfServiceSettingsViaAPIFlowOK", do: func(p *person) (any, error) {
			res, err := p.app.InitializeSelfServiceSettingsViaAPIFlow(public.NewInitializeSelfServiceSettingsViaAPIFlowParams(), p.bearer())
			if err == nil {
				p.began(res.Payload.ID)
			}
			return res, err
		}},
		{name: "fetch the settings", want: "GetSelfServiceSettingsFlowOK", do: func(p *person) (any, error) {
			return p.app.GetSelfServiceSettingsFlow(public.NewGetSelfServiceSettingsFlowParams().WithID(p.flow), p.bearer())
		}},
		{name: "fetch the settings without a session", want: "status 401", do: func(p *person) (any, error) {
			return p.app.GetSelfServiceSettingsFlow(public.NewGetSelfServiceSettingsFlowParams().WithID(p.flow), nil)
		}},
		{name: "fetch unknown settings", want: "GetSelfServiceSettingsFlowForbidden", do: func(p *person) (any, error) {
			return p.app.GetSelfServiceSettingsFlow(public.NewGetSelfServiceSettingsFlowParams().WithID(unknownID), p.bearer())
		}},
		{name: "change the profile", want: "CompleteSelfServiceSettingsFlowWithProfileMethodOK", do: changeProfile(map[string]any{
			"traits.name.last": "Lovelace", "traits.age": 37,
		})},
		{name: "change nothing", want: "CompleteSelfServiceSettingsFlowWithProfileMethodBadRequest", do: func(p *person) (any, error) {
			return p.app.CompleteSelfServiceSettingsFlowWithProfileMethod(
				public.NewCompleteSelfServiceSettingsFlowWithProfileMethodParams().WithFlow(&p.flow).WithPayload(map[string]any{}), p.bearer())
		}},
		{name: "change the profile to nonsense", want: "CompleteSelfServiceSettingsFlowWithProfileMethodBadRequest", do: changeProfile(map[string]any{
			"traits.email": "nobody",
		})},
		{name: "change the profile without a session", want: "CompleteSelfServiceSettingsFlowWithProfileMethodUnauthorized", do: func(p *person) (any, error) {
			return p.app.CompleteSelfServiceSettingsFlowWithProfileMethod(
				public.NewCompleteSelfServiceSettingsFlowWithProfileMethodParams().WithFlow(&p.flow).WithPayload(p.traits(nil)), nil)
		}},
		{name: "change the password to a bad one", want: "CompleteSelfServiceSettingsFlowWithPasswordMethodBadRequest", do: changePassword(breachedPassword)},
		{name: "change the password", want: "CompleteSelfServiceSettingsFlowWithPasswordMethodOK", do: changePassword(nextPassword)},
		{name: "change the password without a session", want: "CompleteSelfServiceSettingsFlowWithPasswordMethodUnauthorized", do: func(p *person) (any, error) {
			password := nextPassword
			return p.app.CompleteSelfServiceSettingsFlowWithPasswordMethod(
				public.NewCompleteSelfServiceSettingsFlowWithPasswordMethodParams().WithFlow(&p.flow).
					WithBody(&models.CompleteSelfServiceSettingsFlowWithPasswordMethod{Password: &password}), nil)
		}},
		{name: "start a login after that", want: "InitializeSelfServiceLoginViaAPIFlowOK", do: beginAppLogin},
		{name: "login with the old password", want: "CompleteSelfServiceLoginFlowWithPasswordMethodBadRequest", do: login(firstPassword)},
		{name: "login with the new password", want: "CompleteSelfServiceLoginFlowWithPasswordMethodOK", do: login(nextPassword)},
		{
			name: "link a provider", want: "status 400",
			// The SDK has no parameters for it: no flow, no provider and no anti-CSRF token.
			do: func(p *person) (any, error) {
				return nil, p.app.CompleteSelfServiceBrowserSettingsOIDCSettingsFlow(public.NewCompleteSelfServiceBrowserSettingsOIDCSettingsFlowParams())
			},
		},
	}
}

// appLinks are recovery and verification in API flows, which Kratos 0.5 begins and then refuses to complete.
func appLinks() []step {
	return []step{
		{name: "start a recovery", want: "InitializeSelfServiceRecoveryViaAPIFlowOK", do: func(p *person) (any, error) {
			res, err := p.app.InitializeSelfServiceRecoveryViaAPIFlow(public.NewInitializeSelfServiceRecoveryViaAPIFlowParams())
			if err == nil {
				p.began(res.Payload.ID)
			}
			return res, err
		}},
		{name: "fetch the recovery", want: "GetSelfServiceRecoveryFlowOK", do: func(p *person) (any, error) {
			return p.app.GetSelfServiceRecoveryFlow(public.NewGetSelfServiceRecoveryFlowParams().WithID(p.flow))
		}},
		{name: "fetch an unknown recovery", want: "GetSelfServiceRecoveryFlowNotFound", do: func(p *person) (any, error) {
			return p.app.GetSelfServiceRecoveryFlow(public.NewGetSelfServiceRecoveryFlowParams().WithID(unknownID))
		}},
		{
			name: "recover", want: "status 200",
			kratos: "CompleteSelfServiceRecoveryFlowWithLinkMethodBadRequest", why: "Kratos refuses the link method to API flows, for which the SDK knows no success",
			do: func(p *person) (any, error) {
				return nil, p.app.CompleteSelfServiceRecoveryFlowWithLinkMethod(
					public.NewCompleteSelfServiceRecoveryFlowWithLinkMethodParams().WithFlow(&p.flow).
						WithBody(&models.CompleteSelfServiceRecoveryFlowWithLinkMethod{Email: p.email}))
			},
		},
		{name: "start a recovery with a session", want: "InitializeSelfServiceRecoveryViaAPIFlowBadRequest", do: func(p *person) (any, error) {
			return p.app.InitializeSelfServiceRecoveryViaAPIFlow(
				public.NewInitializeSelfServiceRecoveryViaAPIFlowParams().WithHTTPClient(p.with("X-Session-Token", p.token)))
		}},
		{name: "start a verification", want: "InitializeSelfServiceVerificationViaAPIFlowOK", do: func(p *person) (any, error) {
			res, err := p.app.InitializeSelfServiceVerificationViaAPIFlow(public.NewInitializeSelfServiceVerificationViaAPIFlowParams())
			if err == nil {
				p.began(res.Payload.ID)
			}
			return res, err
		}},
		{name: "fetch the verification", want: "GetSelfServiceVerificationFlowOK", do: func(p *person) (any, error) {
			return p.app.GetSelfServiceVerificationFlow(public.NewGetSelfServiceVerificationFlowParams().WithID(p.flow))
		}},
		{
			name: "fetch an unknown verification", want: "GetSelfServiceVerificationFlowNotFound",
			kratos: "GetSelfServiceVerificationFlowOK", why: "Kratos answers 200 and null",
			do: func(p *person) (any, error) {
				return p.app.GetSelfServiceVerificationFlow(public.NewGetSelfServiceVerificationFlowParams().WithID(unknownID))
			},
		},
		{
			name: "verify", want: "status 200",
			kratos: "CompleteSelfServiceVerificationFlowWithLinkMethodBadRequest", why: "Kratos refuses the link method to API flows, for which the SDK knows no success",
			do: func(p *person) (any, error) {
				return nil, p.app.CompleteSelfServiceVerificationFlowWithLinkMethod(
					public.NewCompleteSelfServiceVerificationFlowWithLinkMethodParams().WithFlow(&p.flow).
						WithBody(&models.CompleteSelfServiceVerificationFlowWithLinkMethod{Email: p.email}))
			},
		},
	}
}
