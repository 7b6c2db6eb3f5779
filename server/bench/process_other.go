//go:build !linux

package main

import (
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// Elsewhere there is no exact account of what another process takes, and that is what this is about.
var errNotHere = fmt.Errorf("bench measures on Linux only: %w", errors.ErrUnsupported)

func cpuTimeOf(int) (time.Duration, error) { return 0, errNotHere }

func startOn(*exec.Cmd, []int) (<-chan struct{}, error) { return nil, errNotHere }

func confine([]int) error { return errNotHere }
