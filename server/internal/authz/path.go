package authz

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// Path says where in a session a value stands, by the names that Kratos's JSON has: "id", "identity.traits.email".
type Path struct {
	text string
	// fields lead through messages of the contract; keys go on in an object that is free in form, like traits.
	fields []protowire.Number
	keys   []string
	leaf   leaf
}

// leaf says what is at the end of a path's fields.
type leaf int

const (
	leafString leaf = iota
	leafBool
	leafTime
	leafObject
	leafValue
)

// ParsePath reads a path, and says what is wrong with one that leads nowhere, or to more than a text, a number, a truth value,
// a time, or a list of such.
func ParsePath(text string) (Path, error) {
	p := Path{text: text}
	names := strings.Split(text, ".")
	if slices.Contains(names, "") {
		return p, fmt.Errorf("%q is no path of names with dots between them", text)
	}
	message := (*kratosgrpcv1.Session)(nil).ProtoReflect().Descriptor()
	for i, name := range names {
		field := message.Fields().ByName(protoreflect.Name(name))
		if field == nil {
			return p, fmt.Errorf("%q: a session has no %q", text, strings.Join(names[:i+1], "."))
		}
		if options, ok := field.Options().(*descriptorpb.FieldOptions); ok && options.GetDebugRedact() {
			return p, fmt.Errorf("%q may be a secret", text)
		}
		p.fields = append(p.fields, field.Number())
		p.keys = names[i+1:]
		switch {
		case field.IsList():
			return p, fmt.Errorf("%q leads to a list of objects", text)
		case field.Kind() == protoreflect.StringKind:
			p.leaf = leafString
		case field.Kind() == protoreflect.BoolKind:
			p.leaf = leafBool
		case field.Kind() != protoreflect.MessageKind:
			return p, fmt.Errorf("%q leads to a %s", text, field.Kind())
		default:
			switch field.Message().FullName() {
			case "google.protobuf.Timestamp":
				p.leaf = leafTime
			case "google.protobuf.Struct":
				p.leaf = leafObject
			case "google.protobuf.Value":
				p.leaf = leafValue
			default:
				message = field.Message()
				if len(p.keys) == 0 {
					return p, fmt.Errorf("%q leads to an object", text)
				}
				continue
			}
		}
		break
	}
	isFree := p.leaf == leafObject || p.leaf == leafValue
	if len(p.keys) > 0 != isFree {
		return p, fmt.Errorf("%q leads to an object, or beyond a value", text)
	}
	return p, nil
}

// String is the path as it was written.
func (p Path) String() string { return p.text }

// Value is what a path leads to: one text, or the elements of a list. The zero value is nothing.
type Value struct {
	Texts  []string
	IsList bool
}

// IsZero reports whether there is nothing, or nothing but an empty text.
func (v Value) IsZero() bool { return len(v.Texts) == 0 || !v.IsList && v.Texts[0] == "" }

// errMalformed is an encoded session that can't be read.
var errMalformed = errors.New("the encoded session is malformed")

// In is what the path leads to in an encoded session: a text, a number as in JSON, "true" or "false", a time as in RFC 3339.
// Where there is nothing, null, or an object, it is nothing.
func (p Path) In(session []byte) (Value, error) {
	at := session
	for i, number := range p.fields {
		last := i == len(p.fields)-1
		if last && p.leaf == leafBool {
			return boolIn(at, number)
		}
		field, ok, err := fieldOf(at, number)
		if err != nil || !ok {
			return Value{}, err
		}
		at = field
	}
	switch p.leaf {
	case leafString:
		return Value{Texts: []string{string(at)}}, nil
	case leafTime:
		return timeOf(at)
	case leafObject:
		return inObject(at, p.keys)
	case leafValue:
		return inValue(at, p.keys)
	case leafBool:
	}
	return Value{}, errMalformed
}

// fieldOf is the field of a message that is one of bytes.
func fieldOf(message []byte, number protowire.Number) (value []byte, ok bool, err error) {
	err = each(message, func(n protowire.Number, kind protowire.Type, field []byte) {
		if n == number && kind == protowire.BytesType {
			value, ok = field, true
		}
	})
	return value, ok, err
}

// each calls for each field of a message with its number, its type and its value, of which those of bytes have no length
// any more.
func each(message []byte, call func(protowire.Number, protowire.Type, []byte)) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return errMalformed
		}
		message = message[n:]
		if n = protowire.ConsumeFieldValue(number, kind, message); n < 0 {
			return errMalformed
		}
		value := message[:n]
		if kind == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(value)
		}
		call(number, kind, value)
		message = message[n:]
	}
	return nil
}

func boolIn(message []byte, number protowire.Number) (value Value, err error) {
	err = each(message, func(n protowire.Number, kind protowire.Type, field []byte) {
		if n == number && kind == protowire.VarintType {
			set, _ := protowire.ConsumeVarint(field)
			value = textOf(strconv.FormatBool(protowire.DecodeBool(set)))
		}
	})
	return value, err
}

func textOf(text string) Value { return Value{Texts: []string{text}} }

func timeOf(message []byte) (Value, error) {
	var seconds, nanos int64
	err := each(message, func(n protowire.Number, kind protowire.Type, field []byte) {
		if kind != protowire.VarintType {
			return
		}
		set, _ := protowire.ConsumeVarint(field)
		switch int(n) {
		case 1:
			seconds = int64(set) //nolint:gosec // As protobuf has it.
		case 2:
			nanos = int64(set) //nolint:gosec // As protobuf has it.
		}
	})
	return textOf(time.Unix(seconds, nanos).UTC().Format(time.RFC3339Nano)), err
}

// The fields of google.protobuf.Struct, of an entry of its map, of google.protobuf.Value and of google.protobuf.ListValue.
const (
	structEntry = 1
	entryKey    = 1
	entryValue  = 2
	valueNumber = 2
	valueText   = 3
	valueBool   = 4
	valueStruct = 5
	valueList   = 6
	listElement = 1
)

// inObject is what a path of keys leads to in a google.protobuf.Struct.
func inObject(object []byte, keys []string) (value Value, err error) {
	var inner []byte
	found := false
	malformed := each(object, func(n protowire.Number, _ protowire.Type, entry []byte) {
		if n != structEntry || err != nil {
			return
		}
		var key []byte
		if key, _, err = fieldOf(entry, entryKey); err == nil && string(key) == keys[0] {
			inner, found, err = fieldOf(entry, entryValue)
		}
	})
	if malformed != nil {
		err = malformed
	}
	if err != nil || !found {
		return Value{}, err
	}
	return inValue(inner, keys[1:])
}

// inValue is what a path of keys leads to in a google.protobuf.Value.
func inValue(message []byte, keys []string) (value Value, err error) {
	malformed := each(message, func(n protowire.Number, kind protowire.Type, field []byte) {
		switch {
		case n == valueStruct && len(keys) > 0:
			value, err = inObject(field, keys)
		case len(keys) > 0:
		case n == valueList:
			value, err = inList(field)
		case n == valueText && kind == protowire.BytesType:
			value = textOf(string(field))
		case n == valueBool && kind == protowire.VarintType:
			set, _ := protowire.ConsumeVarint(field)
			value = textOf(strconv.FormatBool(protowire.DecodeBool(set)))
		case n == valueNumber && kind == protowire.Fixed64Type:
			bits, _ := protowire.ConsumeFixed64(field)
			value = textOf(strconv.FormatFloat(math.Float64frombits(bits), 'f', -1, 64))
		}
	})
	if malformed != nil {
		return Value{}, malformed
	}
	return value, err
}

// inList are the elements of a google.protobuf.ListValue, or nothing if one of them is more than a text.
func inList(list []byte) (value Value, err error) {
	value.IsList = true
	malformed := each(list, func(n protowire.Number, _ protowire.Type, element []byte) {
		if n != listElement || err != nil {
			return
		}
		var one Value
		if one, err = inValue(element, nil); err != nil {
			return
		}
		if len(one.Texts) != 1 || one.IsList {
			value.IsList = false
			return
		}
		value.Texts = append(value.Texts, one.Texts[0])
	})
	if malformed != nil || err != nil || !value.IsList {
		return Value{}, errors.Join(malformed, err)
	}
	return value, nil
}

// Session is an encoded session, and what every verdict needs of it.
type Session struct {
	ID, AAL string
	// Inactive says that Kratos has it, but that it is none any more.
	Inactive bool
	encoded  []byte
}

// The fields of kratosgrpc.v1.WhoamiResponse and kratosgrpc.v1.Session that are read by number.
const (
	responseSession = 1
	sessionID       = 1
	sessionActive   = 2
	sessionAAL      = 7
)

// ReadSession finds the session in an encoded kratosgrpc.v1.WhoamiResponse.
func ReadSession(response []byte) (*Session, error) {
	encoded, ok, err := fieldOf(response, responseSession)
	if err != nil || !ok {
		return nil, errMalformed
	}
	s := &Session{encoded: encoded}
	err = each(encoded, func(n protowire.Number, kind protowire.Type, field []byte) {
		switch {
		case n == sessionID && kind == protowire.BytesType:
			s.ID = string(field)
		case n == sessionAAL && kind == protowire.BytesType:
			s.AAL = string(field)
		case n == sessionActive && kind == protowire.VarintType:
			active, _ := protowire.ConsumeVarint(field)
			s.Inactive = !protowire.DecodeBool(active)
		}
	})
	if err == nil && s.ID == "" {
		err = errMalformed
	}
	return s, err
}

// at is what the path leads to in a session.
func (s *Session) at(p Path) (Value, error) { return p.In(s.encoded) }
