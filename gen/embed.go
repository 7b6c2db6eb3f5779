// Package gen embeds the generated OpenAPI description of the REST view. The Go packages below it are generated from
// proto/ by `make generate`.
package gen

import _ "embed"

// OpenAPI is the OpenAPI 2.0 description of the REST view, as JSON.
//
//go:embed openapi/kratosgrpc.swagger.json
var OpenAPI []byte
