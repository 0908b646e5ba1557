package roles

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pretendChown makes every chown of this process and its children succeed without effect.
//
// One user id is mapped here, so all files are that one's and a chown to another id is refused; but the kubelet gives a
// volume's files to the pod's runAsUser and fsGroup. A container that runs as another user has that id mapped onto the
// one that there is, so it sees the files as its own: what the kubelet wants is true already.
func pretendChown() error {
	calls := append([]uint32{unix.SYS_FCHOWN, unix.SYS_FCHOWNAT}, oldChown...)
	program := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}}
	for i, nr := range calls {
		program = append(program, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: uint8(len(calls) - i), K: nr})
	}
	program = append(program,
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO})
	f := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&f)))
	if errno != 0 {
		return fmt.Errorf("the filter for chown: %w", errno)
	}
	return nil
}
