//go:build !linux

package main

import "time"

// alarm sleeps until a time.
type alarm struct{}

func newAlarm() alarm { return alarm{} }

func (alarm) at(t time.Time) { time.Sleep(time.Until(t)) }

func (alarm) stop() {}
