// Package server serves the contract over gRPC and, by grpc-gateway, over REST, in front of an adapters.Adapter.
//
// # The path of a call
//
//	gRPC client ─────────────────────────────▶ gRPC server ─▶ interceptors ─▶ service ─▶ adapter ─▶ Kratos
//	REST client ─▶ rest.go ─▶ gateway (mux) ─▶ (in memory)      (same)         (same)
//
// A REST request goes through a gRPC server that is made like the one for gRPC calls, over a connection in memory, so that
// there is one set of interceptors, limits and logs and no way around them. GET /sessions/whoami alone goes by the
// interceptors and the log themselves (rest_whoami.go): the connection would take more than all the rest.
//
//   - server.go: listeners, start and drain. config.go: what can be configured.
//   - calllog.go: one log line a call. interceptors.go: request id, recovery, validation, deadline.
//   - login.go … errorservice.go: one file a service. A method hands its request to the adapter through call.go. Whoami goes
//     by way of package internal/sessions, which asks Kratos as seldom as is safe; call.go tells it what has changed.
//   - redis.go: which Redis replicas share; package internal/sessions/shared is what they do with it.
//   - authz.go: Envoy's external authorization. What it is in requests and answers of Envoy stands in package internal/authz.
//   - upstream.go: which adapter it is, which can change while the server runs. batch.go: many lookups in one call; watch.go:
//     one that goes on.
//   - metadata.go: which of a call's metadata reaches the adapter, and what of its answer comes back.
//   - errors.go: the only place that makes a status.
//   - rest.go: the HTTP handler; rest_request.go, rest_body.go, rest_response.go, rest_paging.go, rest_error.go: how the
//     REST view differs from protobuf's JSON mapping, which is where Kratos's own API does. What JSON a message is stands in
//     package adapters/kratosjson.
//   - ratelimit.go, identifier.go: how often somebody may ask, or something be tried.
//   - clientaddr.go: who the client is, for Kratos's list of devices. cors.go: whose scripts may ask.
//   - connage.go: how old connections of REST get.
//   - tls.go: TLS on both ports. caller.go: who calls, as its certificate says; access.go and policy.go: whether it may.
//   - health.go, steady.go: health, driven by Kratos's readiness. limits.go: what clients may do. drain.go: how the server stops.
//
// # Credentials
//
// Of a call's metadata (over REST: its headers), these are read and nothing else: authorization, x-session-token,
// cookie, accept, x-request-id and, for Whoami, cache-control; and, for Kratos's list of devices, user-agent and
// grpcgateway-user-agent, and x-forwarded-for where a trusted proxy says it. One credential goes upstream: a bearer token in
// authorization if there is one, else x-session-token, else the cookies, and of those only Kratos's own. With a token no
// cookie is sent, and none comes back. An answer's metadata holds set-cookie, one entry a cookie, and
// x-kratos-authenticated-identity-id; nothing else of Kratos's headers.
//
// accept is Kratos's own switch for browser flows: with application/json, which is the default over gRPC, what is wrong
// with a request is a status; with text/html Kratos sends the browser to its error UI, which is a redirect. Where it is
// said, and not the default, Kratos 1.x answers the start of a browser flow with the flow.
//
// Between the REST view and the server in memory there is some more: who calls, whether the body was a form, where the client
// is and what it calls itself, and the status that Kratos answered with. The server that gRPC clients reach neither reads
// the former nor says the latter.
//
// # Design
//
// What Kratos answers to a form is data: success, the flow with its messages, or a redirect, as the oneof outcome.
// Everything else is a google.rpc.Status with one ErrorInfo. The REST view turns both back into Kratos's own status
// codes and bodies: at the paths of Kratos 0.5 into 0.5's, whatever is behind, and at those of 1.x, which the Update RPCs
// have, into the ones that Kratos has just answered.
//
// "Kratos is down" is UNAVAILABLE, and never UNAUTHENTICATED: only Kratos can say that there is no session.
package server
