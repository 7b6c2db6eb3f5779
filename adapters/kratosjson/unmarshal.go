package kratosjson

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
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
	return decode(data, func(d *decoder) error {
		reflected := m.ProtoReflect()
		return d.message(reflected, planOf(reflected.Descriptor()), 0)
	})
}

// decoder reads JSON from its beginning to its end, once.
type decoder struct {
	jsontext.Decoder

	input bytes.Buffer
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// decode has one value read, which has to be all that there is.
func decode(data []byte, read func(*decoder) error) error {
	d := decoders.Get().(*decoder) //nolint:forcetypeassert // Nothing else is in there.
	defer decoders.Put(d)
	d.input = *bytes.NewBuffer(data)
	defer func() {
		// Nothing of it is kept.
		d.input = bytes.Buffer{}
		d.Reset(&d.input)
	}()
	// As package encoding/json reads, and so everybody whom Kratos answers.
	d.Reset(&d.input, jsontext.AllowInvalidUTF8(true))
	if err := read(d); err != nil {
		return err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return errMismatch
	}
	return nil
}

// next reads a token, which has to be of the given kind.
func (d *decoder) next(kind jsontext.Kind) (jsontext.Token, error) {
	token, err := d.ReadToken()
	if err != nil || token.Kind() != kind {
		return jsontext.Token{}, errMismatch
	}
	return token, nil
}

func (d *decoder) text() (string, error) {
	token, err := d.next(jsontext.KindString)
	if err != nil {
		return "", err
	}
	return token.String(), nil
}

// object reads an object, and has each of its values read.
func (d *decoder) object(read func(name string) error) error {
	if _, err := d.next(jsontext.KindBeginObject); err != nil {
		return err
	}
	for d.PeekKind() != jsontext.KindEndObject {
		name, err := d.text()
		if err != nil {
			return err
		}
		if err := read(name); err != nil {
			return err
		}
	}
	_, err := d.next(jsontext.KindEndObject)
	return err
}

// list reads a list, and has each of its values read.
func (d *decoder) list(read func() error) error {
	if _, err := d.next(jsontext.KindBeginArray); err != nil {
		return err
	}
	for kind := d.PeekKind(); kind != jsontext.KindEndArray; kind = d.PeekKind() {
		if kind == jsontext.KindInvalid {
			return errMismatch
		}
		if err := read(); err != nil {
			return err
		}
	}
	_, err := d.next(jsontext.KindEndArray)
	return err
}

func (d *decoder) skip() error {
	if d.SkipValue() != nil {
		return errMismatch
	}
	return nil
}

func (d *decoder) message(m protoreflect.Message, p *plan, depth int) error {
	if depth > maxDepth {
		return errMismatch
	}
	var unknown map[string]*structpb.Value
	keep := func(name string, v *structpb.Value) {
		if unknown == nil {
			unknown = map[string]*structpb.Value{}
		}
		unknown[name] = v
	}
	err := d.object(func(name string) error {
		switch field := p.fields[name]; {
		case field == nil && p.secret[name]:
			return d.skip()
		case field == nil:
			v, err := d.value(depth + 1)
			keep(name, v)
			return err
		case d.PeekKind() == jsontext.KindNull:
			return d.skip()
		case p.lenient:
			v, err := d.tryField(m, field, depth)
			if v != nil {
				keep(name, v)
			}
			return err
		default:
			return d.field(m, field, depth)
		}
	})
	if err != nil {
		return err
	}
	if unknown != nil && p.extra != nil {
		m.Set(p.extra, protoreflect.ValueOfMessage((&structpb.Struct{Fields: unknown}).ProtoReflect()))
	}
	return nil
}

// tryField reads a field, or else what is there in its place.
func (d *decoder) tryField(m protoreflect.Message, field *fieldPlan, depth int) (instead *structpb.Value, err error) {
	data, err := d.ReadValue()
	if err != nil {
		return nil, errMismatch
	}
	if decode(data, func(d *decoder) error { return d.field(m, field, depth) }) == nil {
		return nil, nil
	}
	m.Clear(field.FieldDescriptor)
	err = decode(data, func(d *decoder) error {
		instead, err = d.value(depth + 1)
		return err
	})
	return instead, err
}

func (d *decoder) field(m protoreflect.Message, field *fieldPlan, depth int) error {
	switch {
	case field.entry != nil:
		target := m.Mutable(field.FieldDescriptor).Map()
		return d.object(func(name string) error {
			v, err := d.single(field.entry, target.NewValue, depth)
			if err == nil {
				target.Set(protoreflect.ValueOfString(name).MapKey(), v)
			}
			return err
		})
	case field.list:
		target := m.Mutable(field.FieldDescriptor).List()
		return d.list(func() error {
			v, err := d.single(field, target.NewElement, depth)
			if err == nil {
				target.Append(v)
			}
			return err
		})
	}
	v, err := d.single(field, func() protoreflect.Value { return m.NewField(field.FieldDescriptor) }, depth)
	if err == nil {
		m.Set(field.FieldDescriptor, v)
	}
	return err
}

// single reads one value; empty makes an empty message for it.
func (d *decoder) single(field *fieldPlan, empty func() protoreflect.Value, depth int) (protoreflect.Value, error) {
	switch field.kind { //nolint:exhaustive // The others are an error.
	case protoreflect.StringKind:
		text, err := d.text()
		return protoreflect.ValueOfString(text), err
	case protoreflect.BoolKind:
		token, err := d.ReadToken()
		if err != nil || token.Kind() != jsontext.KindTrue && token.Kind() != jsontext.KindFalse {
			return protoreflect.Value{}, errMismatch
		}
		return protoreflect.ValueOfBool(token.Bool()), nil
	case protoreflect.Int32Kind:
		number, err := d.number()
		if err != nil || number != math.Trunc(number) || math.Abs(number) > math.MaxInt32 {
			return protoreflect.Value{}, errMismatch
		}
		return protoreflect.ValueOfInt32(int32(number)), nil
	case protoreflect.MessageKind:
		target := empty()
		return target, d.messageValue(target.Message(), field, depth+1)
	}
	return protoreflect.Value{}, errMismatch
}

func (d *decoder) messageValue(m protoreflect.Message, field *fieldPlan, depth int) error {
	switch target := m.Interface().(type) {
	case *timestamppb.Timestamp:
		text, err := d.text()
		if err != nil {
			return err
		}
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return errMismatch
		}
		// By fields: a copy of a message is not to be made.
		target.Seconds, target.Nanos = at.Unix(), int32(at.Nanosecond()) //nolint:gosec // Less than a billion.
		return target.CheckValid()
	case *structpb.Struct:
		var err error
		target.Fields, err = d.fields(depth)
		return err
	case *structpb.ListValue:
		var err error
		target.Values, err = d.values(depth)
		return err
	case *structpb.Value:
		v, err := d.value(depth)
		target.Kind = v.GetKind()
		return err
	}
	return d.message(m, field.message(), depth)
}

func (d *decoder) number() (float64, error) {
	token, err := d.next(jsontext.KindNumber)
	if err != nil {
		return 0, err
	}
	number, err := strconv.ParseFloat(token.String(), 64)
	if err != nil {
		return 0, errMismatch
	}
	return number, nil
}

// value reads what may be anything.
func (d *decoder) value(depth int) (*structpb.Value, error) {
	if depth > maxDepth {
		return nil, errMismatch
	}
	switch d.PeekKind() {
	case jsontext.KindBeginObject:
		fields, err := d.fields(depth)
		return structpb.NewStructValue(&structpb.Struct{Fields: fields}), err
	case jsontext.KindBeginArray:
		values, err := d.values(depth)
		return structpb.NewListValue(&structpb.ListValue{Values: values}), err
	case jsontext.KindString:
		text, err := d.text()
		return structpb.NewStringValue(text), err
	case jsontext.KindNumber:
		number, err := d.number()
		return structpb.NewNumberValue(number), err
	case jsontext.KindTrue, jsontext.KindFalse:
		token, err := d.ReadToken()
		if err != nil {
			return nil, errMismatch
		}
		return structpb.NewBoolValue(token.Bool()), nil
	case jsontext.KindNull:
		return structpb.NewNullValue(), d.skip()
	default:
		return nil, errMismatch
	}
}

func (d *decoder) fields(depth int) (map[string]*structpb.Value, error) {
	fields := map[string]*structpb.Value{}
	err := d.object(func(name string) (err error) {
		fields[name], err = d.value(depth + 1)
		return err
	})
	return fields, err
}

func (d *decoder) values(depth int) ([]*structpb.Value, error) {
	values := []*structpb.Value{}
	err := d.list(func() error {
		v, err := d.value(depth + 1)
		values = append(values, v)
		return err
	})
	return values, err
}
