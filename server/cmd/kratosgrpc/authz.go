package main

import (
	"time"

	"github.com/kratosgrpc/kratosgrpc/server"
)

// authzFlags say how requests are authorized for Envoy.
type authzFlags struct {
	Timeout       time.Duration     `default:"150ms" help:"How long a verdict for Envoy may take; then the request is denied. Less than Envoy's own timeout (${default})."`
	Session       string            `enum:"required,optional" default:"required" help:"Whether a request that Envoy asks about needs a session: ${enum}. A route's context_extensions can say otherwise."`
	RequiredAAL   string            `name:"required-aal" enum:"aal1,aal2" default:"aal1" help:"The least authenticator assurance level of its session: ${enum}."`
	RequiredTrait map[string]string `placeholder:"TRAIT=VALUE" help:"A value that a trait of its identity must have, such as role=admin. A JSON list is a choice of values."`
	Header        map[string]string `placeholder:"NAME=PATH" help:"A header that tells services more of the session, such as x-email=identity.traits.email or x-session-id=id. Callers can't bring their own."`
	LoginURL      string            `name:"login-url" placeholder:"URL" help:"Where browsers are sent to log in, with return_to, for example Kratos's /self-service/login/browser. Without it they get the JSON that other clients get."`
	ReturnToURL   string            `name:"return-to-url" placeholder:"URL" help:"Base URL of what is behind Envoy, as browsers see it, if the request itself does not tell."`
	Credential    string            `enum:"keep,remove" default:"keep" help:"Whether the session token or cookie goes on to services: ${enum}."`
}

func (f *authzFlags) config() server.AuthzConfig {
	return server.AuthzConfig{
		Timeout: f.Timeout, Session: f.Session, RequiredAAL: f.RequiredAAL, RequiredTraits: f.RequiredTrait, Headers: f.Header,
		LoginURL: f.LoginURL, ReturnToURL: f.ReturnToURL, RemoveCredential: f.Credential == "remove",
	}
}
