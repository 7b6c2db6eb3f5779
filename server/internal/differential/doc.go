// Package differential holds the suite that tells the REST view from Kratos 0.5, or fails to: the same lives of
// accounts, once against a real Kratos 0.5.5 and once against kratosgrpc in front of another one, compared step by step.
//
// A step is one HTTP request. Its status, its JSON body, Location, Content-Type and
// X-Kratos-Authenticated-Identity-Id have to be the same and, for browsers, each Set-Cookie with its attributes. Null,
// absent, empty and false are the same; ids, times, tokens and addresses are masked. What is meant to differ stands in
// one table, in differences_test.go, with its reason.
package differential
