// Package child starts processes and is the only place that waits for them.
//
// The first process of the cluster's pid namespace inherits every orphan, so it has to reap with wait4(-1), and that
// cannot live beside os/exec's own Wait. Everything inside the namespace (components, containers, execs) starts here.
package child

import (
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
)

// Child is a started process; Done yields its exit status once.
type Child struct {
	Pid  int
	done chan struct{}
	ws   syscall.WaitStatus
}

var (
	mu      sync.Mutex
	waiting = map[int]*Child{}
	once    sync.Once
)

// Start starts cmd, whose standard streams must be nil or files. The caller never calls cmd.Wait.
func Start(cmd *exec.Cmd) (*Child, error) {
	once.Do(reap)
	mu.Lock()
	defer mu.Unlock()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &Child{Pid: cmd.Process.Pid, done: make(chan struct{})}
	_ = cmd.Process.Release()
	waiting[c.Pid] = c
	return c, nil
}

// Done is closed when the process has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// ExitCode waits and gives the exit code as a shell would: 128 + the signal for a death by signal.
func (c *Child) ExitCode() int {
	<-c.done
	if c.ws.Signaled() {
		return 128 + int(c.ws.Signal())
	}
	return c.ws.ExitStatus()
}

// Signal sends sig unless the process has been reaped: its number is not another process's while mu is held.
func (c *Child) Signal(sig syscall.Signal) error {
	mu.Lock()
	defer mu.Unlock()
	if waiting[c.Pid] != c {
		return os.ErrProcessDone
	}
	return syscall.Kill(c.Pid, sig)
}

func reap() {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGCHLD)
	go func() {
		for range ch {
			for reapOne() {
			}
		}
	}()
}

func reapOne() bool {
	mu.Lock()
	defer mu.Unlock()
	var ws syscall.WaitStatus
	pid, err := syscall.Wait4(-1, &ws, syscall.WNOHANG, nil)
	if err == syscall.EINTR {
		return true
	}
	if err != nil || pid <= 0 {
		return false
	}
	if c := waiting[pid]; c != nil {
		delete(waiting, pid)
		c.ws = ws
		close(c.done)
	}
	return true
}
