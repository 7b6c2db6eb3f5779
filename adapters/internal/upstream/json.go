package upstream

import (
	"errors"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

var unmarshal = protojson.UnmarshalOptions{DiscardUnknown: true}

// Unmarshal reads JSON of Kratos into a message of the contract, whose JSON names are Kratos's own. Null and absent are
// the same; fields that the contract does not have are ignored.
func Unmarshal(data []byte, m proto.Message) error {
	if err := unmarshal.Unmarshal(data, m); err != nil {
		// The error quotes the input, in which there may be a secret.
		return errors.New("the JSON is malformed, or not of the form that this operation answers")
	}
	return nil
}

// Decode reads the answer's body into a message. What can't be read is not Kratos's answer: see [Response.NotKratos].
func (r *Response) Decode(m proto.Message) error {
	if err := Unmarshal(r.Body, m); err != nil {
		return r.NotKratos(err)
	}
	return nil
}
