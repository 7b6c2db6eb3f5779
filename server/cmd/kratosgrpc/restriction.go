package main

import (
	"errors"

	"github.com/alecthomas/kong"
)

// errEmpty is for what restricts who may call, if it is given and says nothing: a variable of somebody's script was not set, and
// the server would be open.
var errEmpty = errors.New("it is empty: if nothing is meant, leave it out")

// popRestriction is what is given.
func popRestriction(ctx *kong.DecodeContext) (said string, err error) {
	if err = ctx.Scan.PopValueInto("value", &said); err == nil && said == "" {
		err = errEmpty
	}
	return said, err
}

// restriction is a flag that must not be empty if it is there, not even in the environment.
type restriction string

// Decode implements kong.MapperValue.
func (r *restriction) Decode(ctx *kong.DecodeContext) error {
	said, err := popRestriction(ctx)
	if err != nil {
		return err
	}
	*r = restriction(said)
	return nil
}

// restrictions are a flag that can be repeated, or list values with commas, and in which none must be empty.
type restrictions []string

// Decode implements kong.MapperValue.
func (r *restrictions) Decode(ctx *kong.DecodeContext) error {
	said, err := popRestriction(ctx)
	if err != nil {
		return err
	}
	*r = append(*r, kong.SplitEscaped(said, ',')...)
	return nil
}
