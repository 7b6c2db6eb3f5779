package server

import (
	"context"
	"slices"

	"google.golang.org/grpc"
)

// registrar registers services so that every error leaves through [explained].
type registrar struct {
	server *grpc.Server
}

// RegisterService implements grpc.ServiceRegistrar.
func (r registrar) RegisterService(desc *grpc.ServiceDesc, impl any) {
	own := *desc
	own.Methods = slices.Clone(desc.Methods)
	for i, method := range own.Methods {
		own.Methods[i].Handler = func(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			res, err := method.Handler(srv, ctx, explaining(decode), interceptor)
			if err != nil {
				return nil, explained(err)
			}
			return res, nil
		}
	}
	r.server.RegisterService(&own, impl)
}

// explaining has a decoder say what is wrong with a request, rather than have gRPC answer for itself.
func explaining(decode func(any) error) func(any) error {
	return func(v any) error {
		in := &incoming{message: v}
		if err := decode(in); err != nil {
			return err
		}
		return in.err
	}
}
