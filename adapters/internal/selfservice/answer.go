package selfservice

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// HasField tells whether a body is a JSON object with a field of that name.
func HasField(res *upstream.Response, name string) bool {
	var body map[string]json.RawMessage
	return json.Unmarshal(res.Body, &body) == nil && len(body[name]) > 0
}

// Field sets a message field, by its name, to an empty message, and returns that. In a oneof this chooses the field.
func Field(m proto.Message, name protoreflect.Name) proto.Message {
	r := m.ProtoReflect()
	return r.Mutable(r.Descriptor().Fields().ByName(name)).Message().Interface()
}

// DecodeInto reads an answer into a field of m, or a field of that. An answer of which nothing can be read there, or that
// this operation never has, is not Kratos's: "{}" must not pass for a login.
func DecodeInto(m proto.Message, answer *upstream.Response, path ...protoreflect.Name) error {
	for _, name := range path {
		if m.ProtoReflect().Descriptor().Fields().ByName(name) == nil {
			return answer.NotKratos(fmt.Errorf("it is a %s, which this operation does not answer", name))
		}
		m = Field(m, name)
	}
	if err := answer.Decode(m); err != nil {
		return err
	}
	if !says(m) {
		return answer.NotKratos(errors.New("it holds nothing that this operation answers"))
	}
	return nil
}

// says tells whether a message holds anything that the contract has a field for.
func says(m proto.Message) bool {
	said := false
	m.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		said = said || field.Name() != "extra"
		return !said
	})
	return said
}

// IsKratos tells whether an answer that is no JSON is Kratos's, and not that of a proxy on the way: Kratos sets Vary on
// every answer, after the value that it has for CORS where that is enabled.
func IsKratos(res *upstream.Response) bool {
	return slices.Contains(res.Header.Values("Vary"), "Cookie")
}

// IsTurnedOff tells whether Kratos itself has no such route: some exist only where what they are for is enabled. The same
// words from a proxy on the way mean an outage.
func IsTurnedOff(res *upstream.Response) bool {
	return res.Status == http.StatusNotFound && IsKratos(res) && string(res.Body) == "404 page not found\n"
}

// TurnedOff is the refusal of what Kratos has, but is configured not to do.
func TurnedOff(res *upstream.Response) *adapters.Error {
	return &adapters.Error{
		Reason:     kratosgrpcv1.ErrorReason_ERROR_REASON_UNSUPPORTED_BY_UPSTREAM,
		Message:    "the Kratos behind this server has no such operation: it is turned off in its configuration",
		HTTPStatus: res.Status,
	}
}

// Failure is that of the answer, without the words of Kratos's database: those are how it says that a value is taken.
func Failure(res *upstream.Response) *adapters.Error {
	e := res.Failure()
	if e.HTTPStatus == http.StatusConflict {
		e.Message = "a value that has to be unique, such as the e-mail address, is another identity's already"
		e.Upstream = &kratosgrpcv1.UpstreamError{
			Code: int32(http.StatusConflict), Status: http.StatusText(http.StatusConflict), Reason: e.Message, Message: http.StatusText(http.StatusConflict),
		}
	}
	return e
}

// UnknownResource is the refusal of what Kratos does not know.
func UnknownResource(message string) *adapters.Error {
	return &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_NOT_FOUND, Message: message}
}
