package cri

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// inNamespaces runs f on a thread of its own that has entered the given namespaces, and throws the thread away.
// Processes that f starts are in them too. (None is started with Pdeathsig: that fires when this thread ends.)
func inNamespaces(fds map[int]*os.File, f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		done <- func() error {
			if err := unix.Unshare(unix.CLONE_FS); err != nil {
				return fmt.Errorf("unshare the thread's root: %w", err)
			}
			// The mount namespace comes last: after it the thread sees another file system.
			for _, kind := range []int{unix.CLONE_NEWNET, unix.CLONE_NEWIPC, unix.CLONE_NEWUTS, unix.CLONE_NEWPID, unix.CLONE_NEWNS} {
				if fd := fds[kind]; fd != nil {
					if err := unix.Setns(int(fd.Fd()), kind); err != nil {
						return fmt.Errorf("enter namespace `%s`: %w", fd.Name(), err)
					}
				}
			}
			return f()
		}()
	}()
	return <-done
}

// newNamespaces makes network, IPC and UTS namespaces and gives files that keep them.
func newNamespaces(flags int, setup func() error) (map[int]*os.File, error) {
	type result struct {
		fds map[int]*os.File
		err error
	}
	done := make(chan result, 1)
	go func() {
		runtime.LockOSThread()
		fds := map[int]*os.File{}
		err := func() error {
			if err := unix.Unshare(flags); err != nil {
				return fmt.Errorf("make the pod's namespaces: %w", err)
			}
			for kind, name := range map[int]string{unix.CLONE_NEWNET: "net", unix.CLONE_NEWIPC: "ipc", unix.CLONE_NEWUTS: "uts"} {
				if flags&kind == 0 {
					continue
				}
				f, err := os.Open("/proc/thread-self/ns/" + name)
				if err != nil {
					return err
				}
				fds[kind] = f
			}
			return setup()
		}()
		done <- result{fds, err}
	}()
	r := <-done
	if r.err != nil {
		closeAll(r.fds)
		return nil, r.err
	}
	return r.fds, nil
}

func closeAll(fds map[int]*os.File) {
	for _, f := range fds {
		f.Close()
	}
}
