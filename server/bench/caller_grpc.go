package main

import (
	"context"
	"fmt"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// rawCodec hands messages on as they are on the wire, so that callers spend nothing on encoding what is always the same, and
// on decoding what they don't read.
type rawCodec struct{}

// Name implements encoding.CodecV2.
func (rawCodec) Name() string { return "proto" }

// Marshal implements encoding.CodecV2.
func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	encoded, ok := v.([]byte)
	if !ok {
		return nil, fmt.Errorf("a %T is not encoded", v)
	}
	return mem.BufferSlice{mem.SliceBuffer(encoded)}, nil
}

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

// grpcCall is a call that is made again and again. All of it is made before, so that a call costs what a call costs.
type grpcCall struct {
	ctx     context.Context //nolint:containedctx // It has the call's metadata.
	method  string
	message []byte
}

// grpcCall is how a subject is asked about a token.
func (s *subject) grpcCall(ctx context.Context, token string) (*grpcCall, error) {
	if s.asks == whoamiGRPC {
		ctx = metadata.AppendToOutgoingContext(ctx, "x-session-token", token)
		return &grpcCall{ctx: ctx, method: kratosgrpcv1.SessionService_Whoami_FullMethodName}, nil
	}
	message, err := proto.Marshal(checkOf(token))
	return &grpcCall{ctx: ctx, method: authv3.Authorization_Check_FullMethodName, message: message}, err
}

// checkOf is what Envoy asks about a browser's request.
func checkOf(token string) *authv3.CheckRequest {
	return &authv3.CheckRequest{Attributes: &authv3.AttributeContext{Request: &authv3.AttributeContext_Request{
		Http: &authv3.AttributeContext_HttpRequest{
			Id: "12345678901234567890", Method: "GET", Path: "/orders?page=2", Host: "app.example.org", Scheme: "https", Protocol: "HTTP/1.1",
			Headers: map[string]string{
				":authority": "app.example.org", ":method": "GET", ":path": "/orders?page=2", ":scheme": "https",
				"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "accept-language": "en-GB,en;q=0.5",
				"accept-encoding": "gzip, deflate, br", "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
				"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "cookie": "a=b; theme=dark", "x-forwarded-for": "192.0.2.1",
				"x-forwarded-proto": "https", "x-request-id": "6d1f6d8e-7f0f-9f0e-8d0a-1b7f0f6d1f6d", "x-session-token": token,
			},
		},
	}}}
}

func dialGRPC(address string) (*grpc.ClientConn, error) {
	return grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(rawCodec{})),
	)
}

// grpcCaller makes its calls in turn.
type grpcCaller struct {
	subject *subject
	conn    *grpc.ClientConn
	calls   []*grpcCall
	next    int
}

func (s *subject) grpcCallers(ctx context.Context, connections, n int) (all []caller, closeAll func(), err error) {
	var conns []*grpc.ClientConn
	closeAll = func() {
		for _, conn := range conns {
			_ = conn.Close()
		}
	}
	defer func() {
		if err != nil {
			closeAll()
		}
	}()
	for range min(n, connections) {
		conn, err := dialGRPC(s.address)
		if err != nil {
			return nil, nil, err
		}
		conns = append(conns, conn)
	}
	for i := range n {
		c := &grpcCaller{subject: s, conn: conns[i%len(conns)]}
		for _, token := range s.credentials(i) {
			call, err := s.grpcCall(ctx, token)
			if err != nil {
				return nil, nil, err
			}
			c.calls = append(c.calls, call)
		}
		all = append(all, c)
	}
	return all, closeAll, nil
}

func (c *grpcCaller) call() error {
	c.next = (c.next + 1) % len(c.calls)
	call := c.calls[c.next]
	var length int
	if err := c.conn.Invoke(call.ctx, call.method, call.message, &length); err != nil {
		return err
	}
	return c.subject.wrongLength(length)
}

// askOnce is the answer to one call.
func (s *subject) askOnce(ctx context.Context, token string) ([]byte, error) {
	conn, err := dialGRPC(s.address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	call, err := s.grpcCall(ctx, token)
	if err != nil {
		return nil, err
	}
	var answer []byte
	return answer, conn.Invoke(call.ctx, call.method, call.message, &answer)
}
