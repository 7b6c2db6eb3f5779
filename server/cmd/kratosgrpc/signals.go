package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// hurry is closed when the process is told again to stop.
type hurry <-chan struct{}

// untilSignal returns a context that ends when the process is told to stop, by SIGTERM or Ctrl-C, and what is closed when it
// is told so again, by somebody who means at once. The third time the process just ends.
func untilSignal() (context.Context, hurry) {
	ctx, stop := context.WithCancel(context.Background())
	again := make(chan struct{})
	told := make(chan os.Signal, 2)
	signal.Notify(told, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-told
		stop()
		<-told
		close(again)
		signal.Stop(told)
	}()
	return ctx, again
}
