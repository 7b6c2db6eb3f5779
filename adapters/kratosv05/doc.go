// Package kratosv05 is the adapter for Kratos 0.5 ("flows" with methods), whose operations name the contract.
//
// # Design
//
// Completions are always sent form-encoded. Kratos 0.5 reads JSON bodies as if they were forms, with flat keys, and in
// doing so drops nested objects and mangles arrays; forms it reads in full, typed by the identity's JSON Schema. What
// Kratos derives from a body's media type, whether it answers errors as JSON, it derives as well from the Accept header,
// which comes from the caller.
//
// An API flow takes no cookies. Kratos 0.5 refuses them on completion, before anything else, and says so as a message of
// the flow; the adapter then sends the form again without.
//
// The link methods of recovery and verification are closed to API flows in 0.5: without the anti-CSRF cookie they are
// refused for want of it, and with it because of it. The adapter completes them by a browser flow of its own, see
// link.go.
package kratosv05
