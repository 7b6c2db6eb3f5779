package kratosv05

import (
	"net/http"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// setOutcome tells what came of a form, in the oneof that all completions have: success, flow or redirect. API clients
// are answered with JSON, browsers with a redirect.
func setOutcome(x *adapters.Exchange, answer *upstream.Response, res proto.Message) error {
	switch {
	case selfservice.IsRedirect(answer):
		to, err := selfservice.Redirect(answer)
		if err != nil {
			return err
		}
		if id, ok := selfservice.Replacement(to); ok {
			return selfservice.Expired(answer, to, id)
		}
		selfservice.AnswerCookies(x, answer)
		proto.Merge(selfservice.Field(res, "redirect"), to)
		return nil
	case answer.Status == http.StatusOK && isFlow(answer):
		// The link methods answer the bare flow.
		return readOutcome(res, answer, "success", "flow")
	case answer.Status == http.StatusOK && isSession(answer):
		// A browser that asks for JSON is answered the bare session, and cookies in place of a token.
		selfservice.AnswerCookies(x, answer)
		return selfservice.DecodeInto(res, answer, "success", "session")
	case answer.Status == http.StatusOK:
		return readOutcome(res, answer, "success")
	case answer.Status == http.StatusBadRequest && isFlow(answer):
		return readOutcome(res, answer, "flow")
	default:
		selfservice.AnswerCookies(x, answer)
		return refusal(answer)
	}
}

// readOutcome reads an answer into a field of the response, or a field of that.
func readOutcome(res proto.Message, answer *upstream.Response, path ...protoreflect.Name) error {
	if err := selfservice.DecodeInto(res, answer, path...); err != nil {
		return err
	}
	if r, ok := res.(interface {
		GetSuccess() *kratosgrpcv1.SettingsSuccess
	}); ok && r.GetSuccess() != nil {
		addUI(r.GetSuccess().GetFlow())
		return nil
	}
	for _, name := range path {
		res = selfservice.Field(res, name)
	}
	addUI(res)
	return nil
}
