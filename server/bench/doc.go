// Command bench is `make bench`: it measures what whoami costs by way of kratosgrpc, beside what that is compared with, and
// writes the answer to RESULTS.md, and to the README, which quotes it.
//
// # What is measured
//
// Each of these is a process of its own, on one machine, in one run:
//
//   - Kratos 1.3.1 itself: the real one (package kratostest), in production mode, with an account and a session. Its data is
//     in SQLite.
//   - ReverseProxy: httputil.ReverseProxy in front of a stub of Kratos, as it is by itself, but for its connections: it keeps
//     as many as there are callers, where net/http would keep two and open new ones all the time.
//   - bare grpc-go: a grpc-go server with its defaults that answers Whoami with a session that it has. What gRPC itself costs.
//   - kratosgrpc: the program itself, built as `make build` does, in front of the stub, with a cache and without one, over gRPC
//     and over REST; with the cache, also Envoy's Check, for which the bare server has an answer too.
//   - Envoy: a real one in front of an app that does nothing but answer, with server/envoy.yaml, the configuration that people
//     copy. Once it asks that kratosgrpc with the cache by Check, and once it lacks the filter that asks, and is the same
//     otherwise. Where Envoy is not installed, this is left out, and the table says so; the Makefile installs it.
//   - the stub: answers any token with one session, which a Kratos 1.3.1 has answered once. It costs next to nothing, so that
//     what is measured is what stands in front of it. It is a double because a real Kratos would be all that one sees.
//
// Before anything is measured, all are asked once: the gRPC servers have to answer the same messages, and Envoy has to let those
// pass who may, and nobody else, if it asks. While they are measured, all answers have to be as long as that one.
//
// kratosgrpc keeps 32 MiB of heap that it does not use, so that the garbage collector seldom runs (cmd/kratosgrpc/heap.go).
// The targets are about a bare server and a proxy without; with the same ballast they stand beside, so that nobody has to wonder.
// By itself the proxy allocates 32 KiB for each answer. Tuned with a BufferPool it does not: that one stands beside too, with the
// ballast and without.
//
// # How
//
// Closed loops of 32 callers and of one, each of which makes its next call when it has its answer, tell how much there is to be
// had. An open loop, in which calls fall due at a fixed rate whether or not those before have been answered, tells how long one
// waits: latency counts from when a call was due and not from when it was sent, so that a server that stalls is told with all
// the calls it has kept waiting (no coordinated omission). Where a server can't keep up with the rate, its latency is that of
// a queue that grows.
//
// No two callers ask for the same token, since callers that do share one question to Kratos; each has 32 of its own. An
// exception is Kratos itself, where all ask for the one session. With a cache, all tokens are put into it before anything is
// measured, and a run fails in which the stub is asked for one of them after that.
//
// CPU per call is the processor time of the server's process, as the kernel accounts for it, over the number of calls. It is
// the figure that suffers least from what else the machine does. Where Envoy asks kratosgrpc, it is the time of both.
//
// Envoy is judged by the open loop, at a rate that leaves it time: what a Check adds to a request, and not how long a queue is.
// Both get the same requests by the same client, one after the other in each round. Envoy has as many threads as it takes by
// itself, one for each processor.
//
// Callers are goroutines of this process. Those of gRPC are grpc-go's clients, over 4 connections, which take answers as they
// are on the wire. Those of HTTP/1.1 can't share connections, so that each has its own; they are fasthttp's, since net/http's
// client costs as much as a server. Over one protocol all callers are the same and cost the same, of whichever server they
// ask; what they cost stands in the table, since on a small machine they have the processors that the server lacks: requests/s
// of two servers differ by less than the servers do. gRPC's callers cost more than HTTP's, which is to kratosgrpc's
// disadvantage where it is compared with the proxy.
//
// # On a machine that does other things too
//
// Subjects take turns for short times, for many rounds, every other round in the opposite order. A ratio is one of two figures
// of the same round, and what is told is the median of the rounds' ratios, with the lowest and the highest. How much of the
// machine other programs took is told too.
//
// By default all processes share all processors, as programs do. With -pin, the server that is measured has the first
// processor alone and all others have the rest: calls cost less that way, as nothing moves between processors, and a server
// shows what it can do with one, as long as its callers keep up. That a gRPC call costs its caller as much as it costs the
// bare server is why this is not the default: two servers would be told alike that only wait for their callers.
//
// # Profiles
//
// With -profile, and by itself for a server that misses a target, or would if the target were about one of those that stand beside,
// a CPU profile is taken of the server under load. It is another process than the one that was measured, of the same program with
// one more file (profiled.go), put there as it is built.
package main
