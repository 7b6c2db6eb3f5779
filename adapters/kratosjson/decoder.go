package kratosjson

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// decoder reads JSON from its beginning to its end, once.
type decoder struct {
	jsontext.Decoder

	input bytes.Buffer
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// decode has one value read, which has to be all that there is.
func decode(data []byte, read func(d *decoder, out []byte) ([]byte, error)) ([]byte, error) {
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
	out, err := read(d, make([]byte, 0, len(data)))
	if err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errMismatch
	}
	return out, nil
}

// next reads a value, which has to be of the given kind. It is good until the next one is read.
func (d *decoder) next(kind jsontext.Kind) (jsontext.Value, error) {
	value, err := d.ReadValue()
	if err != nil || value.Kind() != kind {
		return nil, errMismatch
	}
	return value, nil
}

func (d *decoder) token(kind jsontext.Kind) error {
	token, err := d.ReadToken()
	if err != nil || token.Kind() != kind {
		return errMismatch
	}
	return nil
}

func (d *decoder) skip() error {
	if d.SkipValue() != nil {
		return errMismatch
	}
	return nil
}

// object reads an object, and has each of its values read, whose names are quoted still.
func (d *decoder) object(out []byte, read func(out []byte, name jsontext.Value) ([]byte, error)) ([]byte, error) {
	if err := d.token(jsontext.KindBeginObject); err != nil {
		return nil, err
	}
	for d.PeekKind() != jsontext.KindEndObject {
		name, err := d.next(jsontext.KindString)
		if err != nil {
			return nil, err
		}
		if out, err = read(out, name); err != nil {
			return nil, err
		}
	}
	return out, d.token(jsontext.KindEndObject)
}

// list reads a list, and has each of its values read.
func (d *decoder) list(out []byte, read func(out []byte) ([]byte, error)) ([]byte, error) {
	if err := d.token(jsontext.KindBeginArray); err != nil {
		return nil, err
	}
	for kind := d.PeekKind(); kind != jsontext.KindEndArray; kind = d.PeekKind() {
		if kind == jsontext.KindInvalid {
			return nil, errMismatch
		}
		var err error
		if out, err = read(out); err != nil {
			return nil, err
		}
	}
	return out, d.token(jsontext.KindEndArray)
}
