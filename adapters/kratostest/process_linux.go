package kratostest

import "syscall"

// endWithParent has the kernel kill the child when its parent dies, even if that
// was killed itself and could not clean up. The group of its own keeps Ctrl-C in
// a terminal from reaching the child before the parent has decided what to do.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
