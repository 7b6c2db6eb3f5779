// Package envoytest finds a real Envoy, and configures it by server/envoy.yaml, the file that the README tells people to copy,
// with other addresses. Tests and benchmarks start it by their own ways.
package envoytest
