package kratosv1

import (
	"context"
	"errors"
	"net/http"

	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// setOutcome tells what came of a form, in the oneof that all completions have: success, flow or redirect. API clients
// and scripts are answered with JSON, browsers with a redirect.
func (a *Adapter) setOutcome(ctx context.Context, x *adapters.Exchange, answer *upstream.Response, res proto.Message) error {
	x.Answer.HTTPStatus = answer.Status
	switch {
	case selfservice.IsRedirect(answer):
		to, err := a.redirect(ctx, x, answer)
		if err != nil {
			return err
		}
		if id, ok := selfservice.Replacement(to); ok {
			return a.replaced(x, answer, to, id)
		}
		selfservice.AnswerCookies(x, answer)
		proto.Merge(selfservice.Field(res, "redirect"), to)
		return nil
	case answer.Status == http.StatusOK && isFlow(answer):
		flow, err := flowField(selfservice.Field(res, "success"), answer)
		if err != nil {
			return err
		}
		answerFlowCookies(x, answer, flow)
		if isToBeFilledInAgain(flow) {
			proto.Merge(selfservice.Field(res, "flow"), flow)
		}
		return nil
	case answer.Status == http.StatusOK:
		if !selfservice.HasField(answer, "session_token") {
			// A script in a browser is answered cookies in place of a token.
			selfservice.AnswerCookies(x, answer)
		}
		return selfservice.DecodeInto(res, answer, "success")
	case answer.Status < http.StatusInternalServerError && isFlow(answer):
		flow, err := flowField(res, answer)
		if err != nil {
			return err
		}
		answerFlowCookies(x, answer, flow)
		return refusedInFlow(answer, flow)
	default:
		selfservice.AnswerCookies(x, answer)
		if to := locationChange(answer); to != nil {
			proto.Merge(selfservice.Field(res, "redirect"), to)
			return nil
		}
		return refusal(answer)
	}
}

// replaced is the refusal of a recovery or a verification in whose place Kratos has started another one. That is always a
// browser's: an API client, who can neither fetch nor complete it, has to start one itself.
func (a *Adapter) replaced(x *adapters.Exchange, answer *upstream.Response, to *kratosgrpcv1.Redirect, id string) *adapters.Error {
	if x.Caller.CookieHeader(a.ownCookie) == "" {
		return &adapters.Error{
			Reason:     kratosgrpcv1.ErrorReason_ERROR_REASON_FLOW_EXPIRED,
			Message:    "the flow can no longer be completed: start another one",
			HTTPStatus: answer.Status,
		}
	}
	selfservice.AnswerCookies(x, answer)
	return selfservice.Expired(answer, to, id)
}

// flowField reads the flow of an answer into the field flow of m.
func flowField(m proto.Message, answer *upstream.Response) (flowMessage, error) {
	if m.ProtoReflect().Descriptor().Fields().ByName("flow") == nil {
		return nil, answer.NotKratos(errors.New("it is a flow, which this operation does not answer"))
	}
	flow, ok := selfservice.Field(m, "flow").(flowMessage)
	if !ok {
		return nil, answer.NotKratos(errors.New("it is a flow of no kind"))
	}
	return flow, decodeFlow(answer, flow)
}

// passedChallenge is the state of a flow that needs nothing more.
const passedChallenge = "passed_challenge"

// isToBeFilledInAgain tells whether a flow that Kratos answers as a success is none: so it answers a wrong code. The
// messages of a verification pile up, so that the last one counts.
func isToBeFilledInAgain(flow flowMessage) bool {
	said := flow.GetUi().GetMessages()
	return flow.GetState() != passedChallenge && len(said) > 0 && said[len(said)-1].GetType() == "error"
}

// answerFlowCookies hands on the cookies that come with a browser's flow. An API flow has no use for them.
func answerFlowCookies(x *adapters.Exchange, answer *upstream.Response, flow flowMessage) {
	if flow.GetType() != "api" {
		selfservice.AnswerCookies(x, answer)
	}
}
