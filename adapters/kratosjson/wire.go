package kratosjson

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/encoding/protowire"
)

// The numbers of fields of protobuf's own messages.
const (
	entryKey   protowire.Number = 1
	entryValue protowire.Number = 2

	timestampSeconds protowire.Number = 1
	timestampNanos   protowire.Number = 2

	structFields protowire.Number = 1
	listValues   protowire.Number = 1

	valueNull   protowire.Number = 1
	valueNumber protowire.Number = 2
	valueString protowire.Number = 3
	valueBool   protowire.Number = 4
	valueStruct protowire.Number = 5
	valueList   protowire.Number = 6
)

// nested writes a field of messages, of which write writes one.
func nested(out []byte, number protowire.Number, write func([]byte) ([]byte, error)) ([]byte, error) {
	out = protowire.AppendTag(out, number, protowire.BytesType)
	begin := len(out)
	out, err := write(out)
	if err != nil {
		return nil, err
	}
	return withLength(out, begin), nil
}

// withLength puts, before what stands from begin on, how long that is.
func withLength(out []byte, begin int) []byte {
	var length [10]byte
	return slices.Insert(out, begin, protowire.AppendVarint(length[:0], uint64(len(out)-begin))...) //nolint:gosec // It is not below zero.
}

// appendString writes a field of texts, of which text is one in quotes.
func appendString(out []byte, number protowire.Number, text jsontext.Value) []byte {
	out = protowire.AppendTag(out, number, protowire.BytesType)
	if inner := text[1 : len(text)-1]; isPlain(inner) {
		return protowire.AppendBytes(out, inner)
	}
	begin := len(out)
	// It has been read, so it is well formed. What is no UTF-8 has become so, and that is said by the error.
	out, _ = jsontext.AppendUnquote(out, text)
	return withLength(out, begin)
}

// isPlain tells whether a text means itself.
func isPlain(text []byte) bool {
	for _, c := range text {
		if c == '\\' || c >= 0x80 {
			return false
		}
	}
	return true
}
