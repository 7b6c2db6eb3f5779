//go:build !linux

package redistest

import "syscall"

// endWithParent has nothing to offer here: only Linux can tie a child's life to its parent's.
func endWithParent() *syscall.SysProcAttr { return nil }
