// Package kratosv1 is the adapter for Kratos 1.x, whose flows describe their forms as a list of "ui nodes". Its requests
// and answers are those of Kratos 0.5, which name the contract.
//
// # Design
//
// Nodes become methods: those of a group are the form of the method of that name, and those of the default group, which
// Kratos shows once for all methods, are part of every form, as they were in 0.5. See nodes.go.
//
// Registration is one step here, with traits and password in one form, although Kratos 1.x asks for the traits first and
// for the password then: it takes both at once as well, and the contract has no second step. See registration_form.go.
//
// Completions are sent as JSON, in which traits lose nothing: forms can say neither null nor an empty array, nor objects
// in arrays. The media type has a charset parameter, for Kratos takes a body that is exactly "application/json" as a wish
// to be answered in JSON; with the parameter it reads the body all the same, and lets the Accept header decide, which comes
// from the caller. So a browser that wants HTML is sent on, and a script in it that wants JSON gets data, as with 0.5.
//
// Elsewhere the operation decides what to ask for, as only one of the two can be translated: resources are asked for as
// JSON, navigations as HTML.
//
// An API flow takes no cookies. Kratos refuses them on completion, before anything else, and says so as a message of the
// flow; the adapter then sends the form again without.
package kratosv1
