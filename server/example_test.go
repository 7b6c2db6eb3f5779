package server_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv05"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server"
)

// A service that is behind Kratos asks whose session a token is.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	kratos := httptest.NewServer(http.HandlerFunc(answerWhoami))
	defer kratos.Close()

	// The server, as `kratosgrpc serve` runs it.
	adapter, err := kratosv05.New(kratos.URL)
	if err != nil {
		log.Fatal(err)
	}
	config := server.DefaultConfig()
	config.DrainDelay = 0
	config.GRPCAddr, config.HTTPAddr = "127.0.0.1:0", "127.0.0.1:0"
	config.Logger = slog.New(slog.DiscardHandler)
	s, err := server.New(config, adapter)
	if err != nil {
		log.Fatal(err)
	}
	stopped := make(chan error)
	go func() { stopped <- s.Run(ctx) }()

	// The client.
	conn, err := grpc.NewClient(s.GRPCAddr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	sessions := kratosgrpcv1.NewSessionServiceClient(conn)
	for _, token := range []string{"ada's token", "a guess"} {
		asCaller := metadata.AppendToOutgoingContext(ctx, "x-session-token", token)
		res, err := sessions.Whoami(asCaller, &kratosgrpcv1.WhoamiRequest{})
		if err != nil {
			for _, detail := range status.Convert(err).Details() {
				if info, ok := detail.(*errdetails.ErrorInfo); ok {
					fmt.Println(status.Code(err), info.GetReason())
				}
			}
			continue
		}
		fmt.Println(res.GetSession().GetIdentity().GetTraits().GetFields()["email"].GetStringValue())
	}

	stop()
	if err := <-stopped; err != nil {
		log.Fatal(err)
	}
	// Output:
	// ada@example.org
	// Unauthenticated NO_ACTIVE_SESSION
}

// answerWhoami stands in for Kratos.
func answerWhoami(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Session-Token") != "ada's token" {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprint(w, `{"error":{"code":401,"status":"Unauthorized","message":"no session"}}`)
		return
	}
	_, _ = fmt.Fprint(w, stubSession)
}
