package kratosv05

import (
	"net/http"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
)

// setOutcome tells what came of a form, in the oneof that all completions have: success, flow or redirect. API clients
// are answered with JSON, browsers with a redirect.
func setOutcome(x *adapters.Exchange, answer *upstream.Response, res proto.Message) error {
	switch {
	case isRedirect(answer.Status):
		to, err := redirect(answer)
		if err != nil {
			return err
		}
		if id, ok := replacement(to); ok {
			return expired(answer, to, id)
		}
		answerCookies(x, answer)
		proto.Merge(field(res, "redirect"), to)
		return nil
	case answer.Status == http.StatusOK && isFlow(answer):
		// The link methods answer the bare flow.
		return answer.Decode(field(field(res, "success"), "flow"))
	case answer.Status == http.StatusOK && isSession(answer):
		// A browser that asks for JSON is answered the bare session, and cookies in place of a token.
		answerCookies(x, answer)
		return answer.Decode(field(field(res, "success"), "session"))
	case answer.Status == http.StatusOK:
		return answer.Decode(field(res, "success"))
	case answer.Status == http.StatusBadRequest && isFlow(answer):
		return answer.Decode(field(res, "flow"))
	default:
		answerCookies(x, answer)
		return refusal(answer)
	}
}

// field sets a message field, by its name, to an empty message, and returns that. In a oneof this chooses the field.
func field(m proto.Message, name protoreflect.Name) proto.Message {
	r := m.ProtoReflect()
	return r.Mutable(r.Descriptor().Fields().ByName(name)).Message().Interface()
}
