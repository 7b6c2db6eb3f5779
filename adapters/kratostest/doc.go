// Package kratostest runs the real Ory Kratos, so that the adapters are tested
// against the server they translate for and not against somebody's memory of it.
//
// Kratos is built from source with the Go toolchain: no container engine, no
// download of binaries. Each supported release is pinned by a Go module of its
// own (kratosv05/go.mod for 0.5.x, kratosv13/go.mod for 1.3.x). It has to be one:
// Kratos needs several hundred dependencies and a few replace directives, and
// none of them may decide a version in the module that people import.
//
//	k := kratostest.StartT(t, kratostest.Options{})
//	res, err := http.Get(k.PublicURL + "/self-service/login/api")
//
// [Start] does the same outside of tests. The first build takes about two
// minutes; the binary then stays in the user's cache folder and a start takes
// less than a second.
//
// A Kratos started here keeps to itself: random ports on the loopback address,
// its own database, random secrets, no telemetry, and no call to the internet
// (see [Options.Online]). It ends with [Kratos.Stop]; on Linux it also ends when
// this process does, however that happens.
package kratostest
