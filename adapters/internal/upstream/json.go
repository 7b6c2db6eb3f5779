package upstream

import (
	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratosjson"
)

// Unmarshal reads JSON of Kratos into a message of the contract, whose JSON names are Kratos's own.
func Unmarshal(data []byte, m proto.Message) error { return kratosjson.Unmarshal(data, m) }

// Decode reads the answer's body into a message. What can't be read is not Kratos's answer: see [Response.NotKratos].
func (r *Response) Decode(m proto.Message) error {
	if err := Unmarshal(r.Body, m); err != nil {
		return r.NotKratos(err)
	}
	return nil
}
