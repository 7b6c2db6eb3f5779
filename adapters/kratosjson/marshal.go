package kratosjson

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Marshal writes a message as Kratos would. It writes the same message always in the same way.
func Marshal(m proto.Message) ([]byte, error) { return appendMessage(nil, m.ProtoReflect()) }

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
		return appendJSON(out, m.AsMap())
	case *structpb.ListValue:
		return appendJSON(out, m.AsSlice())
	case *structpb.Value:
		return appendJSON(out, m.AsInterface())
	}

	var err error
	out = append(out, '{')
	first := true
	member := func(name string) {
		if !first {
			out = append(out, ',')
		}
		first = false
		out = append(strconv.AppendQuote(out, name), ':')
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if field.Name() == extraField || aside[field.FullName()] || (!m.Has(field) && !always[field.FullName()]) {
			continue
		}
		member(key(field))
		if out, err = appendField(out, field, m.Get(field)); err != nil {
			return nil, err
		}
	}
	extra := fields.ByName(extraField)
	if extra == nil || !m.Has(extra) {
		return append(out, '}'), nil
	}
	kept, ok := m.Get(extra).Message().Interface().(*structpb.Struct)
	if !ok {
		return nil, fmt.Errorf("%s is no Struct", extra.FullName())
	}
	for _, name := range sortedKeys(kept.GetFields()) {
		if isSecret(m.Descriptor(), name) {
			continue
		}
		if field := fieldOf(m.Descriptor(), name); field != nil && (m.Has(field) || always[field.FullName()]) {
			// The field says the same, or what somebody has set in its place.
			continue
		}
		if !first {
			out = append(out, ',')
		}
		first = false
		if out, err = appendJSON(out, name); err != nil {
			return nil, err
		}
		out = append(out, ':')
		if out, err = appendJSON(out, kept.GetFields()[name].AsInterface()); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

func appendField(out []byte, field protoreflect.FieldDescriptor, value protoreflect.Value) ([]byte, error) {
	var err error
	switch {
	case field.IsMap():
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
			if out, err = appendJSON(out, name); err != nil {
				return nil, err
			}
			out = append(out, ':')
			if out, err = appendSingle(out, field.MapValue(), entries[name]); err != nil {
				return nil, err
			}
		}
		return append(out, '}'), nil
	case field.IsList():
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

func appendSingle(out []byte, field protoreflect.FieldDescriptor, value protoreflect.Value) ([]byte, error) {
	switch field.Kind() { //nolint:exhaustive // The others are an error.
	case protoreflect.StringKind:
		return appendJSON(out, value.String())
	case protoreflect.BoolKind:
		return strconv.AppendBool(out, value.Bool()), nil
	case protoreflect.Int32Kind:
		return strconv.AppendInt(out, value.Int(), 10), nil
	case protoreflect.BytesKind:
		if raw[field.FullName()] {
			return appendJSON(out, json.RawMessage(value.Bytes()))
		}
		return append(base64.StdEncoding.AppendEncode(append(out, '"'), value.Bytes()), '"'), nil
	case protoreflect.MessageKind:
		return appendMessage(out, value.Message())
	}
	return nil, fmt.Errorf("%s: fields of %s can't be written", field.FullName(), field.Kind())
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
