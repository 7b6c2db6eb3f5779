package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosjson"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

const (
	contentTypeJSON = "application/json; charset=utf-8"
	contentTypeForm = "application/x-www-form-urlencoded"
)

// jsonMarshaler is how messages become bodies, and bodies messages. Answers are always JSON; what a request may be
// differs by decode.
type jsonMarshaler struct {
	decode func(io.Reader) (map[string]any, error)
}

var _ runtime.Marshaler = (*jsonMarshaler)(nil)

// ContentType implements runtime.Marshaler.
func (*jsonMarshaler) ContentType(any) string { return contentTypeJSON }

// Marshal implements runtime.Marshaler. Where an RPC's response has one field as its body, that is what comes here: a
// message or a list of them.
func (*jsonMarshaler) Marshal(v any) ([]byte, error) {
	switch v := v.(type) {
	case *httpbody.HttpBody:
		return v.GetData(), nil
	case []*kratosgrpcv1.Session:
		return kratosjson.MarshalList(v)
	case []*kratosgrpcv1.IdentitySchema:
		return kratosjson.MarshalList(v)
	case proto.Message:
		return kratosjson.Marshal(v)
	}
	return nil, fmt.Errorf("%T is no message", v)
}

// Unmarshal implements runtime.Marshaler.
func (m *jsonMarshaler) Unmarshal(data []byte, v any) error {
	return m.NewDecoder(bytes.NewReader(data)).Decode(v)
}

// NewEncoder implements runtime.Marshaler.
func (m *jsonMarshaler) NewEncoder(w io.Writer) runtime.Encoder {
	return runtime.EncoderFunc(func(v any) error {
		data, err := m.Marshal(v)
		if err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	})
}

// NewDecoder implements runtime.Marshaler. An empty body is io.EOF, which the gateway takes for an empty message.
func (m *jsonMarshaler) NewDecoder(r io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(v any) error {
		if b, ok := r.(*requestBody); ok && b.absent {
			// No form at all is something else than an empty one: there must be no message.
			return io.EOF
		}
		message, err := target(v)
		if err != nil {
			return err
		}
		fields, err := m.decode(r)
		if whole, ok := message.(*structpb.Struct); ok && err == nil {
			err = assignWhole(whole, fields)
		} else if err == nil {
			err = assign(message, fields)
		}
		if err == nil || errors.Is(err, io.EOF) {
			return err
		}
		err = bodyError(err)
		if b, ok := r.(*requestBody); ok {
			b.err = err
		}
		return err
	})
}

// requestBody is a request's body that keeps why it could not be decoded: of a decoder's error the gateway keeps the
// text alone.
type requestBody struct {
	io.ReadCloser

	// absent says that the request, a GET, has no body, rather than an empty one.
	absent bool
	err    error
}

// target is the message to decode into: v, or a new one that v is set to.
func target(v any) (proto.Message, error) {
	if message, ok := v.(proto.Message); ok {
		return message, nil
	}
	place := reflect.ValueOf(v)
	if place.Kind() == reflect.Pointer && place.Elem().Kind() == reflect.Pointer {
		place.Elem().Set(reflect.New(place.Elem().Type().Elem()))
		if message, ok := reflect.TypeAssert[proto.Message](place.Elem()); ok {
			return message, nil
		}
	}
	return nil, fmt.Errorf("%T is no message", v)
}

// bodyError says what is wrong with a body, without quoting it: there may be a password in it.
func bodyError(err error) error {
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return newStatus(&adapters.Error{
			Reason:  kratosgrpcv1.ErrorReason_ERROR_REASON_MESSAGE_TOO_LARGE,
			Message: fmt.Sprintf("the body is larger than %d bytes", tooLarge.Limit),
		}, map[string]string{metaLimit: strconv.FormatInt(tooLarge.Limit, 10)})
	}
	if e := new(adapters.Error); errors.As(err, &e) {
		return newStatus(e, nil)
	}
	if syntax := new(json.SyntaxError); errors.As(err, &syntax) {
		return newStatus(malformed("", fmt.Sprintf("the body is not valid JSON (at byte %d)", syntax.Offset)), nil)
	}
	return newStatus(malformed("", "the body can't be read, or breaks off"), nil)
}

func malformed(field, why string) *adapters.Error {
	e := &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_INVALID_REQUEST, Message: why}
	if field != "" {
		e.Message = fmt.Sprintf("%s: %s", field, why)
		e.Violations = []adapters.Violation{{Field: field, Description: why}}
	}
	return e
}

// decodeJSON reads a JSON object.
func decodeJSON(r io.Reader) (map[string]any, error) {
	decoder := json.NewDecoder(r)
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	fields, ok := value.(map[string]any)
	if !ok {
		return nil, malformed("", "the body is not a JSON object")
	}
	switch _, err := decoder.Token(); {
	case err == nil:
		return nil, malformed("", "there is more in the body than one JSON object")
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	return fields, nil
}

// decodeForm reads a form. A repeated key is a list; what a text stands for is for the identity's JSON Schema to say,
// which is Kratos's.
func decodeForm(r io.Reader) (map[string]any, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 {
		return nil, io.EOF
	}
	form, err := url.ParseQuery(string(data))
	if err != nil {
		return nil, malformed("", "the body is not a valid form")
	}
	fields := make(map[string]any, len(form))
	for key, values := range form {
		if len(values) == 1 {
			fields[key] = values[0]
			continue
		}
		list := make([]any, len(values))
		for i, value := range values {
			list[i] = value
		}
		fields[key] = list
	}
	return fields, nil
}

// refuseBody refuses bodies of other types. A page of another site can send text/plain without being asked whether it
// may, so that must not pass for JSON.
func refuseBody(r io.Reader) (map[string]any, error) {
	if _, err := io.ReadFull(r, make([]byte, 1)); err != nil {
		return nil, err
	}
	return nil, malformed("content-type", "has to be application/json or application/x-www-form-urlencoded")
}

// assign sets a message's fields. Keys that no field has are ignored, as Kratos does. A key with dots is a way into an
// object: Kratos 0.5 has "traits.name.first" where others nest.
func assign(message proto.Message, fields map[string]any) error {
	reflected := message.ProtoReflect()
	for i := range reflected.Descriptor().Fields().Len() {
		field := reflected.Descriptor().Fields().Get(i)
		name := string(field.Name())
		switch {
		case field.Kind() == protoreflect.StringKind:
			value, ok := fields[name]
			if !ok || value == nil {
				continue
			}
			if list, ok := value.([]any); ok && len(list) > 0 {
				// Of a key that a form repeats, Kratos takes the first.
				value = list[0]
			}
			text, ok := value.(string)
			if !ok {
				return malformed(name, "has to be a string")
			}
			reflected.Set(field, protoreflect.ValueOfString(text))
		case field.Message() != nil && field.Message().FullName() == "google.protobuf.Struct":
			object, err := objectAt(name, fields)
			if err != nil {
				return malformed(name, err.Error())
			}
			if object != nil {
				reflected.Set(field, protoreflect.ValueOfMessage(object.ProtoReflect()))
			}
		default:
			return fmt.Errorf("the REST view can't read fields of %s", field.Kind())
		}
	}
	return nil
}

// assignWhole sets an object to all that is in a body, as it is: which of it counts, and what its keys mean, is for Kratos
// to say.
func assignWhole(object *structpb.Struct, fields map[string]any) error {
	built, err := structFrom(fields)
	if err != nil {
		return malformed("", "the body "+err.Error())
	}
	object.Fields = built.GetFields()
	return nil
}

// structFrom makes an object of what was decoded.
func structFrom(fields map[string]any) (*structpb.Struct, error) {
	if _, err := normalize(fields); err != nil {
		return nil, err
	}
	built, err := structpb.NewStruct(fields)
	if err != nil {
		return nil, errors.New("holds text that is not valid UTF-8")
	}
	return built, nil
}

// objectAt gathers an object from its nested and its flat form.
func objectAt(name string, fields map[string]any) (*structpb.Struct, error) {
	var object map[string]any
	if nested, ok := fields[name]; ok && nested != nil {
		if object, ok = nested.(map[string]any); !ok {
			return nil, errors.New("has to be an object")
		}
	}
	for key, value := range fields {
		rest, ok := strings.CutPrefix(key, name+".")
		if !ok {
			continue
		}
		if object == nil {
			object = map[string]any{}
		}
		if err := setPath(object, rest, value); err != nil {
			return nil, err
		}
	}
	if object == nil {
		return nil, nil
	}
	return structFrom(object)
}

// setPath sets a value at a dotted path.
func setPath(object map[string]any, path string, value any) error {
	for {
		head, rest, more := strings.Cut(path, ".")
		if !more {
			if _, taken := object[head]; taken {
				return errors.New("says something twice, or as an object and as a value")
			}
			object[head] = value
			return nil
		}
		switch next := object[head].(type) {
		case nil:
			inner := map[string]any{}
			object[head] = inner
			object, path = inner, rest
		case map[string]any:
			object, path = next, rest
		default:
			return errors.New("says something twice, or as an object and as a value")
		}
	}
}

// normalize turns numbers into doubles, in place, and refuses those that a double can't hold: they would be others, silently.
func normalize(value any) (any, error) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			normal, err := normalize(inner)
			if err != nil {
				return nil, err
			}
			v[key] = normal
		}
	case []any:
		for i, inner := range v {
			normal, err := normalize(inner)
			if err != nil {
				return nil, err
			}
			v[i] = normal
		}
	case json.Number:
		double, err := v.Float64()
		if err != nil || !exact(v, double) {
			return nil, errors.New("holds a number that would lose precision: send it as a string")
		}
		return double, nil
	}
	return value, nil
}

// exact reports whether a double is the number that was written. Fractions are rounded by whoever reads JSON; of whole
// numbers every digit counts.
func exact(n json.Number, double float64) bool {
	text := n.String()
	return strings.ContainsAny(text, ".eE") || text == "-0" || strconv.FormatFloat(double, 'f', -1, 64) == text
}
