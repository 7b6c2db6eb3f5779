package server

import (
	"fmt"
	"strconv"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// incoming is a request on its way in. When a request can't be decoded, gRPC answers by itself, with an error that has
// no reason, and nothing that comes after can change that. So the codec tells gRPC that all is well, and the truth is
// kept here for [registrar].
type incoming struct {
	message any
	err     error
}

// codec is protobuf's, but for how it takes an incoming.
type codec struct {
	encoding.CodecV2
}

func newCodec() codec { return codec{encoding.GetCodecV2(proto.Name)} }

// Unmarshal implements encoding.CodecV2.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	in, ok := v.(*incoming)
	switch {
	case !ok:
		return c.CodecV2.Unmarshal(data, v)
	case data.Len() > maxMessageBytes:
		in.err = newStatus(&adapters.Error{
			Reason:  kratosgrpcv1.ErrorReason_ERROR_REASON_MESSAGE_TOO_LARGE,
			Message: fmt.Sprintf("the request is larger than %d bytes", maxMessageBytes),
		}, map[string]string{metaLimit: strconv.Itoa(maxMessageBytes)})
	case c.CodecV2.Unmarshal(data, in.message) != nil:
		in.err = newStatus(malformed("", "the request can't be decoded"), nil)
	}
	return nil
}
