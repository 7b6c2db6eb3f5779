package main

import (
	"context"
	"fmt"
)

// caller makes one call after the other. It belongs to one goroutine.
type caller interface {
	// call asks and waits for the answer, which it looks at no closer than to see that it is as long as answers are.
	call() error
}

const (
	// connections is over how many connections gRPC callers share. With HTTP/1.1 each caller has one of its own.
	connections = 4
	// tokensEach is how many tokens each caller asks for in turn. No two callers have one in common: those who ask for
	// the same one at the same time would share a question to Kratos.
	tokensEach = 32
)

// credentials are each caller's tokens.
type credentials func(caller int) []string

// madeUp are tokens for a Kratos that takes any.
func madeUp(caller int) []string {
	tokens := make([]string, tokensEach)
	for i := range tokens {
		tokens[i] = fmt.Sprintf("ory_st_0123456789abcdefghijkl%04d%06d", caller, i)
	}
	return tokens
}

// always is one and the same token, for all callers.
func always(token string) credentials {
	return func(int) []string { return []string{token} }
}

// callers are n callers of a subject, and what closes their connections.
func (s *subject) callers(ctx context.Context, n int) ([]caller, func(), error) {
	if s.asks.overHTTP() {
		return s.httpCallers(n)
	}
	return s.grpcCallers(ctx, connections, n)
}

// wrongLength is what is wrong with an answer that is not as long as answers are.
func (s *subject) wrongLength(length int) error {
	if length == s.answerBytes {
		return nil
	}
	return fmt.Errorf("an answer of %d bytes, want %d", length, s.answerBytes)
}
