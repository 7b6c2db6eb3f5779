// Package replay holds the suite that shows releases of Kratos which can't be started here to both views, REST and gRPC: what
// a real one answered, see package kratosreplay, has to come out as it went in.
//
// # What is compared
//
// Each recorded request is sent to the REST view as it was recorded, and made of it a call over gRPC. Upstream, the request
// has to arrive that Kratos had; and of the answer the status, Location, the headers that clients read, and the body have
// to be Kratos's. Null and absent are the same, and so are an empty list and none; nothing else may be missing, and nothing
// besides may be there. What is meant to differ stands in one table, in differences_test.go, with its reason.
//
// # Inventions
//
// Kratos extends its answers from release to release. So the same is done with answers to which is added, wherever that is
// possible, what no release has: see inventions_test.go.
package replay
