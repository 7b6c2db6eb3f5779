package kratosv05

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// linkForm is a recovery or a verification by link: the two are alike but for their paths.
type linkForm struct {
	browserPath, flowPath, linkPath string

	flowID, token, email, csrfToken string
}

// linkFlow is what recovery and verification flows have in common.
type linkFlow interface {
	proto.Message
	GetState() string
	GetMethods() map[string]*kratosgrpcv1.FlowMethod
}

// completeByLink sets the outcome of res. It uses flow as a place to read flows into.
func (a *Adapter) completeByLink(ctx context.Context, x *adapters.Exchange, l linkForm, flow linkFlow, res proto.Message) error {
	switch {
	case l.token != "":
		return a.openLink(ctx, x, l, res)
	case l.csrfToken != "" || x.Caller.CookieHeader(ownCookie) != "":
		form := newForm(l.csrfToken)
		addText(form, "email", l.email)
		return a.submit(ctx, x, l.linkPath, l.flowID, form, res)
	default:
		return a.sendLink(ctx, x, l, flow, res)
	}
}

// openLink opens the link that was mailed, as a browser does: Kratos takes a token by GET without an anti-CSRF token,
// for nobody but the mail's reader knows it.
func (a *Adapter) openLink(ctx context.Context, x *adapters.Exchange, l linkForm, res proto.Message) error {
	query := url.Values{"token": {l.token}}
	if l.flowID != "" {
		query.Set("flow", l.flowID)
	}
	answer, err := a.get(ctx, x, browserClient, l.linkPath, query)
	if err != nil {
		return err
	}
	return setOutcome(x, answer, res)
}

// sendLink has a link mailed for an API client, which Kratos 0.5 refuses to do in an API flow. It checks that the
// client's flow can be completed, and then completes a browser flow of its own in that flow's place: neither the cookie
// nor the token that protect it ever leave the adapter. The browser flow is what the outcome holds, for it is the one
// that Kratos goes on with; it can be completed again in the same way.
func (a *Adapter) sendLink(ctx context.Context, x *adapters.Exchange, l linkForm, flow linkFlow, res proto.Message) error {
	if err := a.fetch(ctx, x, apiClient, l.flowPath, url.Values{"id": {l.flowID}}, flow); err != nil {
		return err
	}

	own := x.Caller.Anonymous()
	started, err := a.client.Do(ctx, upstream.Request{Method: http.MethodGet, Path: l.browserPath, Header: selfservice.Header(own, "", own.Accept)})
	if err != nil {
		return err
	}
	if !selfservice.IsRedirect(started) {
		return refusal(started)
	}
	to, err := selfservice.Redirect(started)
	if err != nil {
		return err
	}
	if to.GetFlowId() == "" {
		return started.NotKratos(errors.New("it leads to no flow"))
	}
	cookies := cookiesOf(started)

	if err := a.fetchOwn(ctx, own, cookies, l.flowPath, to.GetFlowId(), flow); err != nil {
		return err
	}
	form := newForm(csrfToken(flow))
	addText(form, "email", l.email)
	own.Accept = "application/json"
	answer, err := a.post(ctx, own, cookies, l.linkPath, selfservice.FlowQuery(to.GetFlowId()), form)
	if err != nil {
		return err
	}
	if !selfservice.IsRedirect(answer) {
		return refusal(answer)
	}

	if err := a.fetchOwn(ctx, own, cookies, l.flowPath, to.GetFlowId(), flow); err != nil {
		return err
	}
	if flow.GetState() == "sent_email" {
		proto.Merge(selfservice.Field(selfservice.Field(res, "success"), "flow"), flow)
	} else {
		proto.Merge(selfservice.Field(res, "flow"), flow)
	}
	return nil
}

// fetchOwn fetches a flow of the adapter's own.
func (a *Adapter) fetchOwn(ctx context.Context, own *adapters.Caller, cookies, path, id string, flow proto.Message) error {
	answer, err := a.client.Do(ctx, upstream.Request{
		Method: http.MethodGet, Path: path, Query: url.Values{"id": {id}}, Header: selfservice.Header(own, cookies, own.Accept),
		Kind: selfservice.KindOf(path),
	})
	if err != nil {
		return err
	}
	return decode(answer, flow)
}

// cookiesOf is the Cookie header that a browser would send after an answer.
func cookiesOf(res *upstream.Response) string {
	var kept []string
	for _, cookie := range (&http.Response{Header: res.Header}).Cookies() {
		if ownCookie(cookie.Name) {
			kept = append(kept, cookie.Name+"="+cookie.Value)
		}
	}
	return strings.Join(kept, "; ")
}

// csrfToken finds the anti-CSRF token in a flow's form.
func csrfToken(flow linkFlow) string {
	for _, f := range flow.GetMethods()["link"].GetConfig().GetFields() {
		if f.GetName() == "csrf_token" {
			return f.GetValue().GetStringValue()
		}
	}
	return ""
}
