// Package kratosv1 is the adapter for Kratos 1.x and later, whose flows describe their forms as a list of "ui nodes". It
// has every operation of the contract: those of Kratos 0.5, and those that 1.x adds.
//
// # Design
//
// A flow's ui stays as Kratos says it, unknown elements and fields included. Its nodes become methods besides, for clients
// of 0.5: those of a group are the form of the method of that name, and those of the default group, which Kratos shows once
// for all methods, are part of every form, as they were in 0.5. See package uinodes.
//
// As methods, registration is one step, with traits and password in one form, although Kratos 1.x asks for the traits first
// and for the password then: it takes both at once as well, and 0.5 has no second step. See registration_form.go.
//
// Completions are sent as JSON, in which traits lose nothing: forms can say neither null nor an empty array, nor objects
// in arrays. What comes as a form goes on as one, though, for what its texts stand for only the identity's schema knows. The
// media type has a charset parameter, for Kratos takes a body that is exactly "application/json" as a wish
// to be answered in JSON; with the parameter it reads the body all the same, and lets the Accept header decide, which comes
// from the caller. So a browser that wants HTML is sent on, and a script in it that wants JSON gets data, as with 0.5.
//
// Browser flows are started as pages, and answer a redirect, unless the caller itself has asked for JSON: then the flow is
// the answer. Resources are asked for as JSON.
//
// An API flow takes no cookies. Kratos refuses them on completion, before anything else, and says so as a message of the
// flow; the adapter then sends the form again without.
package kratosv1
