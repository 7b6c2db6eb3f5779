package e2e

import (
	"strings"

	"github.com/ory/kratos-client-go/client/public"
	"github.com/ory/kratos-client-go/models"
)

// webLife is the life of an account at a web server that calls the SDK for its visitors, with their cookies.
func webLife() []step {
	var life []step
	for _, chapter := range [][]step{webRegistration(), webSession(), webLogin(), webRecovery(), webVerification()} {
		life = append(life, chapter...)
	}
	return life
}

func webRegistration() []step {
	complete := func(form map[string]any) func(*person) (any, error) {
		return func(p *person) (any, error) {
			return p.web.CompleteSelfServiceRegistrationFlowWithPasswordMethod(
				public.NewCompleteSelfServiceRegistrationFlowWithPasswordMethodParams().WithFlow(&p.flow).WithPayload(p.traits(form)))
		}
	}
	fetch := func(p *person) (any, error) {
		res, err := p.web.GetSelfServiceRegistrationFlow(public.NewGetSelfServiceRegistrationFlowParams().WithID(p.flow))
		if err == nil {
			p.form(res.Payload.Methods["password"].Config.Fields)
		}
		return res, err
	}
	return []step{
		{name: "start a registration", want: "InitializeSelfServiceRegistrationViaBrowserFlowFound", do: func(p *person) (any, error) {
			err := p.web.InitializeSelfServiceRegistrationViaBrowserFlow(public.NewInitializeSelfServiceRegistrationViaBrowserFlowParams())
			p.redirected()
			return nil, err
		}},
		{name: "fetch the registration", want: "GetSelfServiceRegistrationFlowOK", do: fetch},
		{name: "register without a password", want: "CompleteSelfServiceRegistrationFlowWithPasswordMethodFound", do: complete(nil)},
		{name: "fetch what is wrong", want: "GetSelfServiceRegistrationFlowOK", do: fetch},
		{name: "register with another's form", want: "CompleteSelfServiceRegistrationFlowWithPasswordMethodFound", do: complete(map[string]any{
			"password": firstPassword, "csrf_token": "bWFkZSB1cA==",
		})},
		{
			name: "register", want: "CompleteSelfServiceRegistrationFlowWithPasswordMethodOK", html: "CompleteSelfServiceRegistrationFlowWithPasswordMethodFound",
			do: complete(map[string]any{"password": firstPassword}),
		},
	}
}

func webSession() []step {
	return []step{
		{name: "whoami with the cookies", want: "WhoamiOK", do: func(p *person) (any, error) {
			return p.web.Whoami(public.NewWhoamiParams(), nil)
		}},
		{name: "whoami with the parameter", want: "WhoamiOK", do: func(p *person) (any, error) {
			var cookies []string
			for _, cookie := range p.jar.Cookies(p.base) {
				cookies = append(cookies, cookie.Name+"="+cookie.Value)
			}
			header := strings.Join(cookies, "; ")
			return p.app.Whoami(public.NewWhoamiParams().WithCookie(&header), nil)
		}},
		{name: "start a login with a session", want: "InitializeSelfServiceLoginViaBrowserFlowFound", do: func(p *person) (any, error) {
			return nil, p.web.InitializeSelfServiceLoginViaBrowserFlow(public.NewInitializeSelfServiceLoginViaBrowserFlowParams())
		}},
		{
			// The path of this operation is wrong in the SDK: Kratos 0.5.5 has no …/settings/browser/flows.
			name: "start settings", want: "status 404", do: func(p *person) (any, error) {
				return nil, p.web.InitializeSelfServiceSettingsViaBrowserFlow(public.NewInitializeSelfServiceSettingsViaBrowserFlowParams(), nil)
			},
		},
		{name: "start a recovery with a session", want: "InitializeSelfServiceRecoveryViaBrowserFlowFound", do: func(p *person) (any, error) {
			return nil, p.web.InitializeSelfServiceRecoveryViaBrowserFlow(public.NewInitializeSelfServiceRecoveryViaBrowserFlowParams())
		}},
		{name: "logout", want: "InitializeSelfServiceBrowserLogoutFlowFound", do: func(p *person) (any, error) {
			return nil, p.web.InitializeSelfServiceBrowserLogoutFlow(public.NewInitializeSelfServiceBrowserLogoutFlowParams())
		}},
		{name: "whoami after that", want: "WhoamiUnauthorized", do: func(p *person) (any, error) {
			return p.web.Whoami(public.NewWhoamiParams(), nil)
		}},
	}
}

func webLogin() []step {
	complete := func(password string) func(*person) (any, error) {
		return func(p *person) (any, error) {
			return p.web.CompleteSelfServiceLoginFlowWithPasswordMethod(
				public.NewCompleteSelfServiceLoginFlowWithPasswordMethodParams().WithFlow(p.flow).
					WithBody(&models.CompleteSelfServiceLoginFlowWithPasswordMethod{
						Identifier: p.email, Password: password, CsrfToken: p.csrf,
					}))
		}
	}
	fetch := func(p *person) (any, error) {
		res, err := p.web.GetSelfServiceLoginFlow(public.NewGetSelfServiceLoginFlowParams().WithID(p.flow))
		if err == nil {
			p.form(res.Payload.Methods["password"].Config.Fields)
		}
		return res, err
	}
	return []step{
		{name: "start a login", want: "InitializeSelfServiceLoginViaBrowserFlowFound", do: func(p *person) (any, error) {
			err := p.web.InitializeSelfServiceLoginViaBrowserFlow(public.NewInitializeSelfServiceLoginViaBrowserFlowParams())
			p.redirected()
			return nil, err
		}},
		{name: "fetch the login", want: "GetSelfServiceLoginFlowOK", do: fetch},
		{name: "login with a wrong password", want: "CompleteSelfServiceLoginFlowWithPasswordMethodFound", do: complete("a guess")},
		{name: "fetch what is wrong", want: "GetSelfServiceLoginFlowOK", do: fetch},
		{
			name: "login", want: "CompleteSelfServiceLoginFlowWithPasswordMethodOK", html: "CompleteSelfServiceLoginFlowWithPasswordMethodFound",
			do: complete(firstPassword),
		},
		{name: "whoami after that", want: "WhoamiOK", do: func(p *person) (any, error) {
			return p.web.Whoami(public.NewWhoamiParams(), nil)
		}},
		{name: "logout", want: "InitializeSelfServiceBrowserLogoutFlowFound", do: func(p *person) (any, error) {
			return nil, p.web.InitializeSelfServiceBrowserLogoutFlow(public.NewInitializeSelfServiceBrowserLogoutFlowParams())
		}},
	}
}

// blind is why Kratos refuses a JSON form of a link method.
const blind = "Kratos's CSRF check, in front of the link methods, does not see into JSON"

func webRecovery() []step {
	complete := func(p *person, params *public.CompleteSelfServiceRecoveryFlowWithLinkMethodParams) (any, error) {
		return nil, p.web.CompleteSelfServiceRecoveryFlowWithLinkMethod(params.WithFlow(&p.flow).
			WithBody(&models.CompleteSelfServiceRecoveryFlowWithLinkMethod{Email: p.email, CsrfToken: p.csrf}))
	}
	fetch := func(p *person) (any, error) {
		res, err := p.web.GetSelfServiceRecoveryFlow(public.NewGetSelfServiceRecoveryFlowParams().WithID(p.flow))
		if err == nil {
			p.form(res.Payload.Methods["link"].Config.Fields)
		}
		return res, err
	}
	return []step{
		{name: "start a recovery", want: "InitializeSelfServiceRecoveryViaBrowserFlowFound", do: func(p *person) (any, error) {
			err := p.web.InitializeSelfServiceRecoveryViaBrowserFlow(public.NewInitializeSelfServiceRecoveryViaBrowserFlowParams())
			p.redirected()
			return nil, err
		}},
		{name: "fetch the recovery", want: "GetSelfServiceRecoveryFlowOK", do: fetch},
		{
			name: "recover", want: "CompleteSelfServiceRecoveryFlowWithLinkMethodFound",
			kratos: "CompleteSelfServiceRecoveryFlowWithLinkMethodBadRequest", why: blind,
			do: func(p *person) (any, error) {
				return complete(p, public.NewCompleteSelfServiceRecoveryFlowWithLinkMethodParams())
			},
		},
		{name: "recover with a header for Kratos", want: "CompleteSelfServiceRecoveryFlowWithLinkMethodFound", do: func(p *person) (any, error) {
			return complete(p, public.NewCompleteSelfServiceRecoveryFlowWithLinkMethodParams().WithHTTPClient(p.withCSRFToken()))
		}},
		{name: "fetch what has come of it", want: "GetSelfServiceRecoveryFlowOK", do: fetch},
		{name: "recover with a made-up token", want: "CompleteSelfServiceRecoveryFlowWithLinkMethodFound", do: func(p *person) (any, error) {
			token := "made-up"
			res, err := complete(p, public.NewCompleteSelfServiceRecoveryFlowWithLinkMethodParams().
				WithToken(&token).WithHTTPClient(p.withCSRFToken()))
			p.redirected()
			return res, err
		}},
		{name: "fetch what is wrong with the token", want: "GetSelfServiceRecoveryFlowOK", do: fetch},
	}
}

func webVerification() []step {
	complete := func(p *person, params *public.CompleteSelfServiceVerificationFlowWithLinkMethodParams) (any, error) {
		return nil, p.web.CompleteSelfServiceVerificationFlowWithLinkMethod(params.WithFlow(&p.flow).
			WithBody(&models.CompleteSelfServiceVerificationFlowWithLinkMethod{Email: p.email, CsrfToken: p.csrf}))
	}
	fetch := func(p *person) (any, error) {
		res, err := p.web.GetSelfServiceVerificationFlow(public.NewGetSelfServiceVerificationFlowParams().WithID(p.flow))
		if err == nil {
			p.form(res.Payload.Methods["link"].Config.Fields)
		}
		return res, err
	}
	return []step{
		{name: "start a verification", want: "InitializeSelfServiceVerificationViaBrowserFlowFound", do: func(p *person) (any, error) {
			err := p.web.InitializeSelfServiceVerificationViaBrowserFlow(public.NewInitializeSelfServiceVerificationViaBrowserFlowParams())
			p.redirected()
			return nil, err
		}},
		{name: "fetch the verification", want: "GetSelfServiceVerificationFlowOK", do: fetch},
		{
			name: "verify", want: "CompleteSelfServiceVerificationFlowWithLinkMethodFound",
			kratos: "CompleteSelfServiceVerificationFlowWithLinkMethodBadRequest", why: blind,
			do: func(p *person) (any, error) {
				return complete(p, public.NewCompleteSelfServiceVerificationFlowWithLinkMethodParams())
			},
		},
		{name: "verify with a header for Kratos", want: "CompleteSelfServiceVerificationFlowWithLinkMethodFound", do: func(p *person) (any, error) {
			return complete(p, public.NewCompleteSelfServiceVerificationFlowWithLinkMethodParams().WithHTTPClient(p.withCSRFToken()))
		}},
		{name: "fetch what has come of it", want: "GetSelfServiceVerificationFlowOK", do: fetch},
		{name: "verify with a made-up token", want: "CompleteSelfServiceVerificationFlowWithLinkMethodFound", do: func(p *person) (any, error) {
			token := "made-up"
			res, err := complete(p, public.NewCompleteSelfServiceVerificationFlowWithLinkMethodParams().
				WithToken(&token).WithHTTPClient(p.withCSRFToken()))
			p.redirected()
			return res, err
		}},
		{name: "fetch what is wrong with the token", want: "GetSelfServiceVerificationFlowOK", do: fetch},
	}
}
