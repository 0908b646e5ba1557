package roles

import "golang.org/x/sys/unix"

var oldChown = []uint32{unix.SYS_CHOWN, unix.SYS_LCHOWN}
