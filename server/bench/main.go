package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if runsAsSubject() {
		return
	}
	var o options
	flag.DurationVar(&o.duration, "duration", time.Second, "how long to measure a subject under one load, in one round")
	flag.DurationVar(&o.warmUp, "warm-up", 250*time.Millisecond, "how long to load it before that")
	flag.IntVar(&o.rounds, "rounds", 9, "how often to measure everything; what is told are medians")
	flag.IntVar(&o.rate, "rate", 500, "calls a second of the open loop")
	flag.IntVar(&o.sessions, "sessions", 1_000_000, "how many sessions to keep, to see what memory they take")
	flag.StringVar(&o.benchTime, "bench-time", "2s", "how long to measure the decision in-process, as go test -benchtime takes it")
	flag.BoolVar(&o.pin, "pin", false, "give the server that is measured the first processor, and all others the rest")
	flag.StringVar(&o.out, "out", "RESULTS.md", "file to write the results to; empty for none")
	flag.StringVar(&o.readme, "readme", "../../README.md", "file whose quotation of them to renew; empty for none")
	flag.StringVar(&o.profile, "profile", "", "only take a CPU profile, of the server of this subject, under load")
	flag.StringVar(&o.only, "only", "", "only measure the subjects whose name matches this expression, and write no file")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, &o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has run.
	}
}
