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

// linkForm is a recovery or a verification by link: the two are alike but for their path.
type linkForm struct {
	path string

	flowID, token, email, csrfToken string
}

// completeByLink sets the outcome of res.
func (a *Adapter) completeByLink(ctx context.Context, x *adapters.Exchange, l linkForm, res proto.Message) error {
	if l.token != "" {
		return a.openLink(ctx, x, l, res)
	}
	f := newForm(linkMethod, l.csrfToken)
	f.addText("email", l.email)
	err := a.submit(ctx, x, l.path, l.flowID, f, res)
	if e := new(adapters.Error); x.Caller.Credential.IsToken() && errors.As(err, &e) && e.Reason == kratosgrpcv1.ErrorReason_ERROR_REASON_SESSION_ALREADY_AVAILABLE {
		// Kratos 1.x lets nobody recover an account who is logged in. In the contract the credential has no part in this:
		// whom the link logs in is for the mail's reader to know.
		anonymous := &adapters.Exchange{Caller: x.Caller}
		anonymous.Caller.Credential, anonymous.Caller.Cookies = adapters.Credential{}, nil
		return a.submit(ctx, anonymous, l.path, l.flowID, f, res)
	}
	return err
}

// openLink opens the link that was mailed, as a browser does: Kratos takes a token by GET without an anti-CSRF token, for
// nobody but the mail's reader knows it.
func (a *Adapter) openLink(ctx context.Context, x *adapters.Exchange, l linkForm, res proto.Message) error {
	query := url.Values{"token": {l.token}}
	if l.flowID != "" {
		query.Set("flow", l.flowID)
	}
	answer, err := a.get(ctx, x, browserClient, x.Caller.Accept, l.path, query)
	if err != nil {
		return err
	}
	return a.setOutcome(ctx, x, answer, res)
}
