// Package kratosjson is the contract's messages as the JSON that Kratos speaks, both ways: names are those of the proto
// files, times are RFC 3339, and numbers are numbers.
//
// # Design
//
// Kratos adds fields from release to release, and clients must not lose them on the way. What a message has no field for
// goes into its field `extra`, as JSON, and on the way back stands where it stood. Null and absent are the same, and so
// are an empty list and none.
//
// It is not protojson, which can't do that, and which writes 64 bit numbers as text. It is strict like it: a field with a
// value of another type is an error, since an answer that is half understood must not pass for one. The attributes of a
// form's elements alone are lenient, for an element of an unknown type is for the client to leave out, and no reason to
// lose the form: what does not fit there goes into `extra` too.
//
// An error's `debug` is left out in both directions: it holds stack traces.
package kratosjson
