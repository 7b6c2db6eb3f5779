// Package adapters is the port between kratosgrpc's contract and an upstream Kratos: one role interface per flow,
// composed into [Adapter], and one package per Kratos generation that implements it.
//
// # The path of a call
//
//	server (gRPC service) ── request message, Exchange ──▶ adapter ── HTTP request ──▶ internal/upstream ──▶ Kratos
//	server (gRPC service) ◀── response message or *Error ── adapter ◀── HTTP response ── internal/upstream ◀── Kratos
//
// An adapter takes a request message of the contract and the [Exchange] that carries what HTTP carries in headers: the
// caller's credential and cookies in, new cookies out. It makes one request of it in its generation's terms, and
// translates the answer into the contract's message or into an [*Error].
//
// # Packages
//
//   - kratosv01: Kratos 0.1 ("requests"), of which there are recordings.
//   - kratosv05: Kratos 0.5 ("flows" with methods).
//   - kratosv1: Kratos 1.x ("ui nodes").
//   - detect: finds out which of them is behind a URL.
//   - kratosjson: the contract's messages as the JSON that Kratos speaks, both ways.
//   - internal/uinodes: methods as ui nodes, and back.
//   - internal/selfservice: what the generations have in common.
//   - internal/upstream: the one HTTP client, shared by all generations. Its care.go says what becomes of a request while Kratos is
//     slow or down, and which may be made twice; internal/selfservice says which those are.
//   - adaptertest: the conformance suite that every adapter passes.
//   - kratosreplay: answers as a real Kratos was recorded to, where none can be run.
//   - kratostest: builds and starts a real Kratos, for tests and for trying things out.
//
// # Design
//
// Adapters speak the contract's protobuf messages: there is no third model between the two wire formats. They never
// import gRPC: what goes wrong is an [*Error] whose reason is an enum of the contract, and package server alone knows
// which status that is. What a generation can't do is [errors.ErrUnsupported], so that a missing operation can never
// look like an empty success.
package adapters
