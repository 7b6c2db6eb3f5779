// Package kratosv01 is the adapter for Kratos 0.1, whose flows are called "requests". It has the ten operations that this
// generation has; all of its flows are browsers'.
//
// # Design
//
// A request's form says of its errors that they are errors; as the contract's messages they have no id, for Kratos 0.1 has
// none. A change of the profile, which has one form, is a settings flow with the method profile. What Kratos said stays
// beside it, in the messages' extra: a client of 0.1 finds its fields in the REST view.
//
// Only cookies authenticate: a token is not sent on. Kratos answers 401 to whoami also when its storage fails; debug, which
// is never handed on, tells the two apart, so that an outage is not taken for a missing session. It tells what does not
// exist from what is somebody else's, too; where Kratos says nothing to developers, both are denied. Kratos 0.1 does not
// enforce a session's expiry, and its logout revokes nothing: both are its own, and not mended here.
//
// A change of the profile is always sent as a browser sends it, since Kratos answers scripts with a 500 for what is wrong
// with a field, and forgets it. Success and failure are the same redirect then; a caller who wants data is answered with
// the flow as it is afterwards, which tells.
package kratosv01
