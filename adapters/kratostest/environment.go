package kratostest

import (
	"os"
	"strings"
)

// environment returns the variables that Kratos runs with: what the go command
// needs, because Kratos calls it to find its assets, and the given extra ones.
//
// Nothing else gets through. Kratos lets variables such as DSN or LOG_LEVEL
// override its configuration, and a test must not depend on a developer's shell.
func environment(extra []string) []string {
	var env []string
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		switch strings.ToUpper(name) {
		case "PATH", "HOME", "TMPDIR", "TEMP", "TMP", "USERPROFILE", "LOCALAPPDATA", "APPDATA", "SYSTEMROOT",
			"GOROOT", "GOPATH", "GOCACHE", "GOMODCACHE", "GOENV", "GOPROXY", "GOSUMDB", "GOTOOLCHAIN",
			"XDG_CACHE_HOME", "XDG_CONFIG_HOME":
			env = append(env, variable)
		}
	}
	env = append(env, "GOWORK=off", "GOFLAGS=", "SQA_OPT_OUT=true") // SQA is Ory's telemetry
	return append(env, extra...)
}
