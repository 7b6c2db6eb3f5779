package kratosv1_test

import (
	"os"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/adaptertest"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv1"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	schema, err := os.ReadFile("../kratostest/identity_v13.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	adaptertest.Run(t, adaptertest.Harness{
		API: kratosv1.API,
		New: func(base string) (adapters.Adapter, error) {
			return kratosv1.New(base, kratosv1.WithClient(adapters.WithCare(adapters.Care{})))
		},
		Start: func(t *testing.T, o adaptertest.Options) *adaptertest.Upstream {
			t.Helper()
			return start(t, o, schema)
		},
		Differences: adaptertest.Differences{
			UnknownError:           kratosgrpcv1.ErrorReason_ERROR_REASON_NOT_FOUND,
			UnknownSettingsFlow:    kratosgrpcv1.ErrorReason_ERROR_REASON_NOT_FOUND,
			SettingsWithoutSession: kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION,
			UnknownSession:         kratosgrpcv1.ErrorReason_ERROR_REASON_ACCESS_DENIED,
			MalformedFlow:          kratosgrpcv1.ErrorReason_ERROR_REASON_REJECTED_BY_UPSTREAM,
			Replaces: []string{
				"CompleteLoginFlowWithPasswordMethod",
				"CompleteRegistrationFlowWithPasswordMethod",
				"CompleteSettingsFlowWithPasswordMethod",
				"CompleteSettingsFlowWithProfileMethod",
				"UpdateLoginFlow",
				"UpdateRegistrationFlow",
				"UpdateSettingsFlow",
			},
			Unprotected:        []string{"CompleteBrowserSettingsOidcSettingsFlow"},
			LinksNeedFlow:      true,
			FillsInObjects:     true,
			UnlinkingNeedsLink: true,
		},
	})
}

func start(t *testing.T, o adaptertest.Options, schema []byte) *adaptertest.Upstream {
	t.Helper()
	const returnURL = "http://127.0.0.1:4455/elsewhere?a=b"
	mailbox := kratostest.NewMailboxT(t)
	kratos := kratostest.StartT(t, kratostest.Options{
		Version:                 kratostest.V13,
		FlowLifespan:            o.FlowLifespan,
		SessionLifespan:         o.SessionLifespan,
		PrivilegedSessionMaxAge: o.PrivilegedSessionMaxAge,
		OIDC:                    o.OIDC,
		MailCodes:               o.Codes,
		CodeLogin:               o.Codes,
		SMTPURL:                 mailbox.URL,
		ReturnURLs:              []string{returnURL},
	})
	return &adaptertest.Upstream{
		URL:       kratos.PublicURL,
		Schema:    schema,
		ReturnURL: returnURL,
		Kill:      kratos.Kill,
		Restart: func(t *testing.T) {
			t.Helper()
			if err := kratos.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		Links:       func(_ *testing.T, address string) []string { return mailbox.Links(address) },
		MailedCodes: func(_ *testing.T, address string) []string { return mailbox.Codes(address) },
	}
}
