// Package selfservice is what adapters of several Kratos generations have in common, because Kratos's self-service API
// has kept it: which headers go upstream, how a browser is led on, how a form's outcome is set, and what an answer is
// that is not Kratos's.
//
// # Design
//
// Here stands only what is the same in every generation that uses it. What a generation says differently (its errors, its
// flows, the name of a cookie) stands in its adapter, and is handed in.
package selfservice
