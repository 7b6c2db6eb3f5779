package kratostest

import (
	_ "embed"
	"fmt"
)

// Version names a generation of Kratos that this package can run.
type Version string

const (
	// V05 is Kratos 0.5.x, whose flows hold one form per method.
	V05 Version = "v0.5"
	// V13 is Kratos 1.3.x, whose flows hold one form made of nodes.
	V13 Version = "v1.3"
)

// release says where a generation comes from and what is special about it.
type release struct {
	tag        string // version of the module github.com/ory/kratos
	module     string // folder of the nested module that pins it
	versionVar string // the variable that holds its version, within that module

	// assets is true if it reads assets from its sources while it runs, and
	// calls the go command to find them.
	assets bool

	// schema is the identity schema: an e-mail address to sign in with, a nested
	// name, and one optional trait of every other JSON type, so that tests meet
	// typed values. The traits are the same in all generations.
	schema []byte

	// config returns the configuration file. Both addresses have a port, and dir
	// is where the files are.
	config func(o Options, public, admin address, dir string) object

	// args returns what only this generation wants to be started with; nil for nothing.
	args func(o Options) []string
}

var (
	//go:embed identity.schema.json
	schemaV05 []byte
	//go:embed identity_v13.schema.json
	schemaV13 []byte

	releases = map[Version]release{
		V05: {
			tag:        tagV05,
			module:     "kratosv05",
			versionVar: "internal/clihelpers.BuildVersion",
			assets:     true,
			schema:     schemaV05,
			config:     configV05,
		},
		V13: {
			tag:        tagV13,
			module:     "kratosv13",
			versionVar: "driver/config.Version",
			schema:     schemaV13,
			config:     configV13,
			args:       argsV13,
		},
	}
)

func (v Version) release() (release, error) {
	r, ok := releases[v]
	if !ok {
		return release{}, fmt.Errorf("kratostest: unknown Kratos version %q", string(v))
	}
	return r, nil
}
