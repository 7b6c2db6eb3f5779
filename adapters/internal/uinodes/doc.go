// Package uinodes converts between the two ways in which Kratos describes a flow's forms: Kratos 0.x has one form a
// method, Kratos 1.x has one list of elements, its "ui nodes", in which each element says which method it is for.
//
// # Design
//
// What every method has in common, such as the anti-CSRF token, is one node of the group default, as in Kratos 1.x; the
// choice of an OpenID Connect provider needs nothing filled in and has the token only. A form has a button for each of its
// methods: the submit input called method. It is no field of a method, since it is the completion that says which method
// it is by.
//
// What a list of nodes has no place for stands where HTML has one: a method that is sent elsewhere than the others has
// the attribute formaction on its button, and formmethod likewise. What the contract has no field for is with the button
// as well: that of a form among its attributes, that of a method beside them. A message that concerns one method says so
// in group.
//
// From methods to nodes and back nothing is lost but what neither needs: a password that was typed in, fields that are
// called like the button, and methods called default or nothing at all, of which there are none. From nodes to methods only
// inputs survive: fields can't say images, links, texts and scripts.
package uinodes
