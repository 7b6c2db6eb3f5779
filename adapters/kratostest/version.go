package kratostest

import "fmt"

// Version names a generation of Kratos that this package can run.
type Version string

// V05 is Kratos 0.5.x, whose flows hold one form per method.
const V05 Version = "v0.5"

// release says where a generation comes from.
type release struct {
	tag    string // version of the module github.com/ory/kratos
	module string // folder of the nested module that pins it
}

var releases = map[Version]release{
	V05: {tag: "v0.5.5-alpha.1", module: "kratosv05"},
}

func (v Version) release() (release, error) {
	r, ok := releases[v]
	if !ok {
		return release{}, fmt.Errorf("kratostest: unknown Kratos version %q", string(v))
	}
	return r, nil
}
