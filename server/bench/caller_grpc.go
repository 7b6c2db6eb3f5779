package main

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// rawCodec hands messages on as they are on the wire, so that callers spend nothing on decoding what they don't read.
type rawCodec struct{}

// Name implements encoding.CodecV2.
func (rawCodec) Name() string { return "proto" }

// Marshal implements encoding.CodecV2. All requests are empty ones.
func (rawCodec) Marshal(any) (mem.BufferSlice, error) { return nil, nil }

// Unmarshal implements encoding.CodecV2. It keeps how long the answer is, or the answer itself.
func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	switch v := v.(type) {
	case *int:
		*v = data.Len()
	case *[]byte:
		*v = data.Materialize()
	default:
		return fmt.Errorf("there is no answer into %T", v)
	}
	return nil
}

type grpcCaller struct {
	conn *grpc.ClientConn
	// asked are the contexts of its calls, each with another token, which it takes in turn.
	asked []context.Context //nolint:containedctx // Made once, so that a call costs what a call costs.
	next  int
}

func dialGRPC(address string) (*grpc.ClientConn, error) {
	return grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(rawCodec{})),
	)
}

func grpcCallers(ctx context.Context, address string, conns, n int, tokens credentials) (all []caller, closeAll func(), err error) {
	var dialed []*grpc.ClientConn
	closeAll = func() {
		for _, conn := range dialed {
			_ = conn.Close()
		}
	}
	for range min(n, conns) {
		conn, err := dialGRPC(address)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		dialed = append(dialed, conn)
	}
	for i := range n {
		c := &grpcCaller{conn: dialed[i%len(dialed)]}
		for _, token := range tokens(i) {
			c.asked = append(c.asked, withToken(ctx, token))
		}
		all = append(all, c)
	}
	return all, closeAll, nil
}

func withToken(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "x-session-token", token)
}

func (c *grpcCaller) call() error {
	c.next = (c.next + 1) % len(c.asked)
	var length int
	if err := c.conn.Invoke(c.asked[c.next], kratosgrpcv1.SessionService_Whoami_FullMethodName, nil, &length); err != nil {
		return err
	}
	if length < leastAnswer {
		return fmt.Errorf("an answer of %d bytes", length)
	}
	return nil
}
