package kratosjson

import (
	"encoding/json"
	"errors"
	"math"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// maxDepth bounds how deep an answer nests: much deeper than Kratos's own, and not as deep as to overflow a stack.
const maxDepth = 100

// errMismatch quotes nothing: there may be secrets in the input.
var errMismatch = errors.New("the JSON is malformed, or not of the form that this operation answers")

// Unmarshal reads a JSON object into a message, of which nothing stays that it held before. Its errors never quote the
// input.
func Unmarshal(data []byte, m proto.Message) error {
	proto.Reset(m)
	var object map[string]any
	if err := json.Unmarshal(data, &object); err != nil || object == nil {
		return errMismatch
	}
	return read(object, m.ProtoReflect(), 0)
}

func read(object map[string]any, m protoreflect.Message, depth int) error {
	if depth > maxDepth {
		return errMismatch
	}
	descriptor := m.Descriptor()
	var unknown map[string]any
	for name, value := range object {
		field := fieldOf(descriptor, name)
		if field != nil {
			if value == nil {
				continue
			}
			err := set(m, field, value, depth)
			if err == nil {
				continue
			}
			if !lenient[descriptor.FullName()] {
				return err
			}
			m.Clear(field)
		} else if isSecret(descriptor, name) {
			continue
		}
		if unknown == nil {
			unknown = map[string]any{}
		}
		unknown[name] = value
	}
	extra := descriptor.Fields().ByName(extraField)
	if unknown == nil || extra == nil {
		return nil
	}
	kept, err := structOf(unknown, depth)
	if err != nil {
		return err
	}
	m.Set(extra, protoreflect.ValueOfMessage(kept.ProtoReflect()))
	return nil
}

func set(m protoreflect.Message, field protoreflect.FieldDescriptor, value any, depth int) error {
	switch {
	case field.IsMap():
		entries, ok := value.(map[string]any)
		if !ok || field.MapKey().Kind() != protoreflect.StringKind {
			return errMismatch
		}
		target := m.Mutable(field).Map()
		for name, entry := range entries {
			v, err := single(field.MapValue(), target.NewValue, entry, depth)
			if err != nil {
				return err
			}
			target.Set(protoreflect.ValueOfString(name).MapKey(), v)
		}
		return nil
	case field.IsList():
		items, ok := value.([]any)
		if !ok {
			return errMismatch
		}
		target := m.Mutable(field).List()
		for _, item := range items {
			v, err := single(field, target.NewElement, item, depth)
			if err != nil {
				return err
			}
			target.Append(v)
		}
		return nil
	}
	v, err := single(field, func() protoreflect.Value { return m.NewField(field) }, value, depth)
	if err == nil {
		m.Set(field, v)
	}
	return err
}

// single reads one value; empty makes an empty message for it.
func single(field protoreflect.FieldDescriptor, empty func() protoreflect.Value, value any, depth int) (protoreflect.Value, error) {
	switch field.Kind() { //nolint:exhaustive // The others are an error.
	case protoreflect.StringKind:
		if text, ok := value.(string); ok {
			return protoreflect.ValueOfString(text), nil
		}
	case protoreflect.BoolKind:
		if truth, ok := value.(bool); ok {
			return protoreflect.ValueOfBool(truth), nil
		}
	case protoreflect.Int32Kind:
		if number, ok := value.(float64); ok && number == math.Trunc(number) && math.Abs(number) <= math.MaxInt32 {
			return protoreflect.ValueOfInt32(int32(number)), nil
		}
	case protoreflect.MessageKind:
		target := empty()
		return target, readMessage(target.Message(), value, depth+1)
	}
	return protoreflect.Value{}, errMismatch
}

func readMessage(m protoreflect.Message, value any, depth int) error {
	switch target := m.Interface().(type) {
	case *timestamppb.Timestamp:
		text, ok := value.(string)
		if !ok {
			return errMismatch
		}
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return errMismatch
		}
		// By fields: a copy of a message is not to be made.
		target.Seconds, target.Nanos = at.Unix(), int32(at.Nanosecond()) //nolint:gosec // Less than a billion.
		return target.CheckValid()
	case *structpb.Struct:
		object, ok := value.(map[string]any)
		if !ok {
			return errMismatch
		}
		built, err := structOf(object, depth)
		if err != nil {
			return err
		}
		target.Fields = built.GetFields()
		return nil
	case *structpb.ListValue:
		list, ok := value.([]any)
		if !ok {
			return errMismatch
		}
		built, err := valueOf(list, depth)
		if err != nil {
			return err
		}
		target.Values = built.GetListValue().GetValues()
		return nil
	case *structpb.Value:
		built, err := valueOf(value, depth)
		if err != nil {
			return err
		}
		target.Kind = built.GetKind()
		return nil
	}
	object, ok := value.(map[string]any)
	if !ok {
		return errMismatch
	}
	return read(object, m, depth)
}

func structOf(object map[string]any, depth int) (*structpb.Struct, error) {
	v, err := valueOf(object, depth)
	return v.GetStructValue(), err
}

func valueOf(value any, depth int) (*structpb.Value, error) {
	if tooDeep(value, depth) {
		return nil, errMismatch
	}
	v, err := structpb.NewValue(value)
	if err != nil {
		return nil, errMismatch
	}
	return v, nil
}

func tooDeep(value any, depth int) bool {
	if depth > maxDepth {
		return true
	}
	switch v := value.(type) {
	case map[string]any:
		for _, inner := range v {
			if tooDeep(inner, depth+1) {
				return true
			}
		}
	case []any:
		for _, inner := range v {
			if tooDeep(inner, depth+1) {
				return true
			}
		}
	}
	return false
}
