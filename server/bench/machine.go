package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// about is where and when something was measured, and with which Envoy, if there is one.
type about struct{ date, machine, kernel, goVersion, envoy, commit string }

func describe(ctx context.Context, root string) (*about, error) {
	commit, err := output(ctx, root, "git", "describe", "--always", "--dirty", "--exclude=*")
	if err != nil {
		return nil, err
	}
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return nil, err
	}
	cpus, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return nil, err
	}
	envoy, err := envoyVersion(ctx, root)
	if err != nil {
		return nil, err
	}
	model := runtime.GOARCH
	if found := regexp.MustCompile(`(?m)^model name\s*: (.*)$`).FindSubmatch(cpus); found != nil {
		model = string(found[1])
	}
	// What follows the number is the builder's business.
	number, _, _ := strings.Cut(strings.TrimSpace(string(kernel)), "-")
	return &about{
		date:      time.Now().UTC().Format(time.DateOnly),
		machine:   fmt.Sprintf("%d × %s", runtime.NumCPU(), model),
		kernel:    number,
		goVersion: strings.Replace(runtime.Version(), "go", "Go ", 1),
		envoy:     envoy,
		commit:    strings.TrimSpace(commit),
	}, nil
}

// usage is what all processors together have spent since the machine started.
type usage struct{ busy, total time.Duration }

func machineTime() (usage, error) {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return usage{}, err
	}
	line, _, _ := strings.Cut(string(data), "\n")
	fields := strings.Fields(line)
	// cpu, user, nice, system, idle, iowait, irq, softirq, steal; what follows is in user and nice already.
	const all, tick = 9, 10 * time.Millisecond
	if len(fields) < all {
		return usage{}, errors.New("/proc/stat: what is this?")
	}
	var u usage
	for i, field := range fields[1:all] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return usage{}, err
		}
		u.total += time.Duration(n) * tick
		if i != 3 && i != 4 {
			u.busy += time.Duration(n) * tick
		}
	}
	return u, nil
}
