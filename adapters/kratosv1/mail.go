package kratosv1

import (
	"context"
	"errors"
	"net/url"

	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

const linkMethod = "link"

// mailForm is a recovery or a verification, by what is mailed: the two are alike but for their path.
type mailForm struct {
	path, flowID, token string

	// accept is what a link is opened for. In 0.5 it always leads to a page.
	accept string
	form   form
}

// completeByMail sets the outcome of res.
func (a *Adapter) completeByMail(ctx context.Context, x *adapters.Exchange, m mailForm, res proto.Message) error {
	if m.token != "" {
		return a.openLink(ctx, x, m, res)
	}
	err := a.submit(ctx, x, m.path, m.flowID, m.form, res)
	if e := new(adapters.Error); x.Caller.Credential.IsToken() && errors.As(err, &e) && e.Reason == kratosgrpcv1.ErrorReason_ERROR_REASON_SESSION_ALREADY_AVAILABLE {
		// Kratos 1.x lets nobody recover an account who is logged in. In the contract the credential has no part in this:
		// whom the link logs in is for the mail's reader to know.
		anonymous := &adapters.Exchange{Caller: x.Caller}
		anonymous.Caller.Credential, anonymous.Caller.Cookies = adapters.Credential{}, nil
		return a.submit(ctx, anonymous, m.path, m.flowID, m.form, res)
	}
	return err
}

// openLink opens the link that was mailed, as a browser does: Kratos takes a token by GET without an anti-CSRF token, for
// nobody but the mail's reader knows it.
func (a *Adapter) openLink(ctx context.Context, x *adapters.Exchange, m mailForm, res proto.Message) error {
	query := url.Values{"token": {m.token}}
	if m.flowID != "" {
		query.Set("flow", m.flowID)
	}
	if m.path == verificationPath {
		// A mail with a code to type in has a link as well, which says it under this name.
		query.Set("code", m.token)
	}
	answer, err := a.get(ctx, x, browserClient, m.accept, m.path, query)
	if err != nil {
		return err
	}
	return a.setOutcome(ctx, x, answer, res)
}
