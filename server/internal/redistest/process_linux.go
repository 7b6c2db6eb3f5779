package redistest

import "syscall"

// endWithParent has the kernel end Redis when the test's process does, even if that could not clean up.
func endWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
