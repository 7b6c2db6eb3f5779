package kratosjson

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Marshal writes a message as Kratos would. It writes the same message always in the same way.
func Marshal(m proto.Message) ([]byte, error) {
	return appendMessage(make([]byte, 0, usualSize), m.ProtoReflect())
}

// usualSize is that of a session.
const usualSize = 2 << 10

// MarshalList writes the messages of a repeated field as a list.
func MarshalList[M proto.Message](list []M) ([]byte, error) {
	out := []byte{'['}
	for i, m := range list {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendMessage(out, m.ProtoReflect()); err != nil {
			return nil, err
		}
	}
	return append(out, ']'), nil
}

func appendMessage(out []byte, m protoreflect.Message) ([]byte, error) {
	switch m := m.Interface().(type) {
	case *timestamppb.Timestamp:
		if err := m.CheckValid(); err != nil {
			return nil, err
		}
		return append(m.AsTime().AppendFormat(append(out, '"'), time.RFC3339Nano), '"'), nil
	case *structpb.Struct:
		return appendFields(out, m.GetFields())
	case *structpb.ListValue:
		return appendValues(out, m.GetValues())
	case *structpb.Value:
		return appendValue(out, m)
	}

	p := planOf(m.Descriptor())
	var err error
	out = append(out, '{')
	first := true
	for _, field := range p.inOrder {
		if !field.always && !m.Has(field.FieldDescriptor) {
			continue
		}
		out, first = appendComma(out, first), false
		if out, err = appendField(append(out, field.quoted...), field, m.Get(field.FieldDescriptor)); err != nil {
			return nil, err
		}
	}
	if p.extra == nil || !m.Has(p.extra) {
		return append(out, '}'), nil
	}
	kept, ok := m.Get(p.extra).Message().Interface().(*structpb.Struct)
	if !ok {
		return nil, fmt.Errorf("%s is no Struct", p.extra.FullName())
	}
	for _, name := range sortedKeys(kept.GetFields()) {
		if p.secret[name] {
			continue
		}
		if field := p.fields[name]; field != nil && (field.always || m.Has(field.FieldDescriptor)) {
			// The field says the same, or what somebody has set in its place.
			continue
		}
		out, first = appendComma(out, first), false
		if out, err = appendEntry(out, name, kept.GetFields()[name]); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

func appendComma(out []byte, first bool) []byte {
	if first {
		return out
	}
	return append(out, ',')
}

func appendField(out []byte, field *fieldPlan, value protoreflect.Value) ([]byte, error) {
	var err error
	switch {
	case field.entry != nil:
		entries := map[string]protoreflect.Value{}
		value.Map().Range(func(name protoreflect.MapKey, entry protoreflect.Value) bool {
			entries[name.String()] = entry
			return true
		})
		out = append(out, '{')
		for i, name := range sortedKeys(entries) {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(appendText(out, name), ':')
			if out, err = appendSingle(out, field.entry, entries[name]); err != nil {
				return nil, err
			}
		}
		return append(out, '}'), nil
	case field.list:
		out = append(out, '[')
		for i := range value.List().Len() {
			if i > 0 {
				out = append(out, ',')
			}
			if out, err = appendSingle(out, field, value.List().Get(i)); err != nil {
				return nil, err
			}
		}
		return append(out, ']'), nil
	}
	return appendSingle(out, field, value)
}

func appendSingle(out []byte, field *fieldPlan, value protoreflect.Value) ([]byte, error) {
	switch field.kind { //nolint:exhaustive // The others are an error.
	case protoreflect.StringKind:
		return appendText(out, value.String()), nil
	case protoreflect.BoolKind:
		return strconv.AppendBool(out, value.Bool()), nil
	case protoreflect.Int32Kind:
		return strconv.AppendInt(out, value.Int(), 10), nil
	case protoreflect.BytesKind:
		if field.raw {
			return appendJSON(out, json.RawMessage(value.Bytes()))
		}
		return append(base64.StdEncoding.AppendEncode(append(out, '"'), value.Bytes()), '"'), nil
	case protoreflect.MessageKind:
		return appendMessage(out, value.Message())
	}
	return nil, fmt.Errorf("%s: fields of %s can't be written", field.FullName(), field.kind)
}

// appendValue writes what may be anything.
func appendValue(out []byte, v *structpb.Value) ([]byte, error) {
	switch kind := v.GetKind().(type) {
	case *structpb.Value_StructValue:
		return appendFields(out, kind.StructValue.GetFields())
	case *structpb.Value_ListValue:
		return appendValues(out, kind.ListValue.GetValues())
	case *structpb.Value_StringValue:
		return appendText(out, kind.StringValue), nil
	case *structpb.Value_BoolValue:
		return strconv.AppendBool(out, kind.BoolValue), nil
	case *structpb.Value_NumberValue:
		// Some numbers are none in JSON.
		return appendJSON(out, kind.NumberValue)
	default:
		return append(out, "null"...), nil
	}
}

func appendFields(out []byte, fields map[string]*structpb.Value) ([]byte, error) {
	var err error
	out = append(out, '{')
	for i, name := range sortedKeys(fields) {
		if out, err = appendEntry(appendComma(out, i == 0), name, fields[name]); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

func appendEntry(out []byte, name string, v *structpb.Value) ([]byte, error) {
	return appendValue(append(appendText(out, name), ':'), v)
}

func appendValues(out []byte, values []*structpb.Value) ([]byte, error) {
	var err error
	out = append(out, '[')
	for i, v := range values {
		if out, err = appendValue(appendComma(out, i == 0), v); err != nil {
			return nil, err
		}
	}
	return append(out, ']'), nil
}

// appendText writes a text as Kratos does: what would mean something in HTML is escaped.
func appendText(out []byte, text string) []byte {
	begin := len(out)
	out, err := jsontext.AppendQuote(out, text)
	if err != nil || strings.ContainsAny(text, "<>&\u2028\u2029") {
		// Of a text it can write everything.
		quoted, _ := json.Marshal(text)
		return append(out[:begin], quoted...)
	}
	return out
}

func appendJSON(out []byte, value any) ([]byte, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return append(out, encoded...), nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for name := range m {
		keys = append(keys, name)
	}
	slices.Sort(keys)
	return keys
}
