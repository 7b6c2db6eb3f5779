package kratosjson

import (
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// maxDepth bounds how deep an answer nests: much deeper than Kratos's own, and not as deep as to overflow a stack.
const maxDepth = 100

// errMismatch quotes nothing: there may be secrets in the input.
var errMismatch = errors.New("the JSON is malformed, or not of the form that this operation answers")

// Unmarshal reads a JSON object into a message, of which nothing stays that it held before. Its errors never quote the
// input.
//
// What is read is written as protobuf first, for which a message has fast code; setting fields one by one, by reflection,
// takes twice as long.
func Unmarshal(data []byte, m proto.Message) error {
	proto.Reset(m)
	encoded, err := Encode(data, m.ProtoReflect().Descriptor())
	if err != nil {
		return err
	}
	if proto.Unmarshal(encoded, m) != nil {
		return errMismatch
	}
	return nil
}

// Encode reads a JSON object as Unmarshal does, into a message that is encoded.
func Encode(data []byte, message protoreflect.MessageDescriptor) ([]byte, error) {
	return decode(data, func(d *decoder, out []byte) ([]byte, error) { return d.message(out, planOf(message), 0) })
}

// message writes an object as the fields of a message.
func (d *decoder) message(out []byte, p *plan, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, errMismatch
	}
	// unknown are the entries of the Struct of what there is no field for.
	var unknown []byte
	out, err := d.object(out, func(out []byte, name jsontext.Value) ([]byte, error) {
		var err error
		switch field := p.field(name); {
		case field == nil && p.isSecret(name):
			return out, d.skip()
		case field == nil:
			unknown, err = d.entry(unknown, name, depth)
			return out, err
		case d.PeekKind() == jsontext.KindNull:
			return out, d.skip()
		case p.lenient:
			out, unknown, err = d.tryField(out, unknown, name, field, depth)
			return out, err
		default:
			return d.field(out, field, depth)
		}
	})
	if err != nil || unknown == nil || p.extra == nil {
		return out, err
	}
	out = protowire.AppendTag(out, p.extra.Number(), protowire.BytesType)
	return protowire.AppendBytes(out, unknown), nil
}

// tryField writes a field, or else what is there in its place as an entry of what is unknown.
func (d *decoder) tryField(out, unknown []byte, name jsontext.Value, field *fieldPlan, depth int) (fields, entries []byte, err error) {
	// The name is not good any more once a value is read.
	name = name.Clone()
	data, err := d.ReadValue()
	if err != nil {
		return nil, nil, errMismatch
	}
	if written, err := decode(data, func(d *decoder, out []byte) ([]byte, error) { return d.field(out, field, depth) }); err == nil {
		return append(out, written...), unknown, nil
	}
	entry, err := decode(data, func(d *decoder, out []byte) ([]byte, error) { return d.entry(out, name, depth) })
	return out, append(unknown, entry...), err
}

func (d *decoder) field(out []byte, field *fieldPlan, depth int) ([]byte, error) {
	switch {
	case field.entry != nil:
		return d.object(out, func(out []byte, name jsontext.Value) ([]byte, error) {
			return nested(out, field.Number(), func(out []byte) ([]byte, error) {
				return d.single(appendString(out, entryKey, name), field.entry, depth)
			})
		})
	case field.list:
		return d.list(out, func(out []byte) ([]byte, error) { return d.single(out, field, depth) })
	}
	return d.single(out, field, depth)
}

// single writes one value with its field's number.
func (d *decoder) single(out []byte, field *fieldPlan, depth int) ([]byte, error) {
	switch field.kind { //nolint:exhaustive // The others are an error.
	case protoreflect.StringKind:
		text, err := d.next(jsontext.KindString)
		if err != nil {
			return nil, err
		}
		return appendString(out, field.Number(), text), nil
	case protoreflect.BoolKind:
		truth, err := d.truth()
		if err != nil {
			return nil, err
		}
		return protowire.AppendVarint(protowire.AppendTag(out, field.Number(), protowire.VarintType), protowire.EncodeBool(truth)), nil
	case protoreflect.Int32Kind:
		number, err := d.number()
		if err != nil || number != math.Trunc(number) || math.Abs(number) > math.MaxInt32 {
			return nil, errMismatch
		}
		return protowire.AppendVarint(protowire.AppendTag(out, field.Number(), protowire.VarintType), uint64(int64(number))), nil //nolint:gosec // That is how protobuf writes one below zero.
	case protoreflect.MessageKind:
		return nested(out, field.Number(), func(out []byte) ([]byte, error) { return d.inner(out, field, depth+1) })
	}
	return nil, errMismatch
}

// inner writes what is in a field of messages.
func (d *decoder) inner(out []byte, field *fieldPlan, depth int) ([]byte, error) {
	switch field.Message().FullName() {
	case "google.protobuf.Timestamp":
		return d.timestamp(out)
	case "google.protobuf.Struct":
		return d.structure(out, depth)
	case "google.protobuf.ListValue":
		return d.values(out, depth)
	case "google.protobuf.Value":
		return d.value(out, depth)
	}
	return d.message(out, field.message(), depth)
}

func (d *decoder) timestamp(out []byte) ([]byte, error) {
	text, err := d.next(jsontext.KindString)
	if err != nil {
		return nil, err
	}
	at := new(time.Time)
	if err := at.UnmarshalJSON(text); err != nil || at.Year() < 1 {
		return nil, errMismatch
	}
	written := timestamppb.Timestamp{Seconds: at.Unix(), Nanos: int32(at.Nanosecond())} //nolint:gosec // Less than a billion.
	if written.CheckValid() != nil {
		return nil, errMismatch
	}
	out = protowire.AppendVarint(protowire.AppendTag(out, timestampSeconds, protowire.VarintType), uint64(written.GetSeconds()))   //nolint:gosec // That is how protobuf writes one below zero.
	return protowire.AppendVarint(protowire.AppendTag(out, timestampNanos, protowire.VarintType), uint64(written.GetNanos())), nil //nolint:gosec // It is not below zero.
}

func (d *decoder) truth() (bool, error) {
	value, err := d.ReadValue()
	if err != nil || value.Kind() != jsontext.KindTrue && value.Kind() != jsontext.KindFalse {
		return false, errMismatch
	}
	return value.Kind() == jsontext.KindTrue, nil
}

func (d *decoder) number() (float64, error) {
	value, err := d.next(jsontext.KindNumber)
	if err != nil {
		return 0, err
	}
	number, err := strconv.ParseFloat(string(value), 64)
	if err != nil {
		return 0, errMismatch
	}
	return number, nil
}

// value writes what may be anything as a google.protobuf.Value.
func (d *decoder) value(out []byte, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, errMismatch
	}
	switch d.PeekKind() {
	case jsontext.KindBeginObject:
		return nested(out, valueStruct, func(out []byte) ([]byte, error) { return d.structure(out, depth) })
	case jsontext.KindBeginArray:
		return nested(out, valueList, func(out []byte) ([]byte, error) { return d.values(out, depth) })
	case jsontext.KindString:
		text, err := d.next(jsontext.KindString)
		if err != nil {
			return nil, err
		}
		return appendString(out, valueString, text), nil
	case jsontext.KindNumber:
		number, err := d.number()
		if err != nil {
			return nil, err
		}
		return protowire.AppendFixed64(protowire.AppendTag(out, valueNumber, protowire.Fixed64Type), math.Float64bits(number)), nil
	case jsontext.KindTrue, jsontext.KindFalse:
		truth, err := d.truth()
		if err != nil {
			return nil, err
		}
		return protowire.AppendVarint(protowire.AppendTag(out, valueBool, protowire.VarintType), protowire.EncodeBool(truth)), nil
	case jsontext.KindNull:
		return protowire.AppendVarint(protowire.AppendTag(out, valueNull, protowire.VarintType), 0), d.skip()
	default:
		return nil, errMismatch
	}
}

// structure writes an object as a google.protobuf.Struct.
func (d *decoder) structure(out []byte, depth int) ([]byte, error) {
	return d.object(out, func(out []byte, name jsontext.Value) ([]byte, error) { return d.entry(out, name, depth) })
}

// entry writes one of a Struct's entries, the value of which is next.
func (d *decoder) entry(out []byte, name jsontext.Value, depth int) ([]byte, error) {
	return nested(out, structFields, func(out []byte) ([]byte, error) {
		return nested(appendString(out, entryKey, name), entryValue, func(out []byte) ([]byte, error) { return d.value(out, depth+1) })
	})
}

// values writes a list as a google.protobuf.ListValue.
func (d *decoder) values(out []byte, depth int) ([]byte, error) {
	return d.list(out, func(out []byte) ([]byte, error) {
		return nested(out, listValues, func(out []byte) ([]byte, error) { return d.value(out, depth+1) })
	})
}
