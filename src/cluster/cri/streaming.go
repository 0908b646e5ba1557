package cri

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"

	"slipway.dev/cluster/child"
	"slipway.dev/cluster/outside"
)

// Exec answers where the stream is to be had.
func (r *Runtime) Exec(_ context.Context, q *runtimeapi.ExecRequest) (*runtimeapi.ExecResponse, error) {
	if _, err := r.running(q.ContainerId); err != nil {
		return nil, err
	}
	return r.streams.GetExec(q)
}

// Attach answers where the stream is to be had.
func (r *Runtime) Attach(_ context.Context, q *runtimeapi.AttachRequest) (*runtimeapi.AttachResponse, error) {
	if _, err := r.running(q.ContainerId); err != nil {
		return nil, err
	}
	return r.streams.GetAttach(q)
}

// PortForward answers where the stream is to be had.
func (r *Runtime) PortForward(_ context.Context, q *runtimeapi.PortForwardRequest) (*runtimeapi.PortForwardResponse, error) {
	if _, err := r.sandbox(q.PodSandboxId); err != nil {
		return nil, err
	}
	return r.streams.GetPortForward(q)
}

func (r *Runtime) running(id string) (*container, error) {
	c, err := r.container(id)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.state != runtimeapi.ContainerState_CONTAINER_RUNNING {
		return nil, fmt.Errorf("container `%s` is not running", id)
	}
	return c, nil
}

// spawn starts a command in a running container, as the container's user.
func (c *container) spawn(command []string, in, out, errs *os.File, tty bool) (*child.Child, error) {
	pid := strconv.Itoa(c.process.Pid)
	fds := map[int]*os.File{}
	defer func() { closeAll(fds) }()
	for kind, name := range map[int]string{unix.CLONE_NEWNET: "net", unix.CLONE_NEWIPC: "ipc", unix.CLONE_NEWUTS: "uts", unix.CLONE_NEWPID: "pid", unix.CLONE_NEWNS: "mnt"} {
		f, err := os.Open("/proc/" + pid + "/ns/" + name)
		if err != nil {
			return nil, err
		}
		fds[kind] = f
	}
	env := slices.Clone(c.spec.Env)
	if tty && !c.config.Tty {
		env = append(env, "TERM=xterm")
	}
	attributes := &syscall.SysProcAttr{}
	if c.spec.UID != 0 || c.spec.GID != 0 {
		attributes = nestedUser(c.spec.UID, c.spec.GID)
	}
	attributes.Setsid, attributes.Setctty = true, tty
	var p *child.Child
	err := inNamespaces(fds, func() error {
		program, err := lookPath(command[0], env, c.spec.Cwd)
		if err != nil {
			return err
		}
		if !c.spec.Privileged {
			if err := boundCapabilities(c.spec.Caps); err != nil {
				return err
			}
		}
		if c.spec.NoNewPrivileges {
			if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
				return err
			}
		}
		p, err = child.Start(&exec.Cmd{Path: program, Args: command, Env: env, Dir: c.spec.Cwd, Stdin: in, Stdout: out, Stderr: errs, SysProcAttr: attributes})
		return err
	})
	return p, err
}

// ExecSync runs a probe or a hook.
func (r *Runtime) ExecSync(ctx context.Context, q *runtimeapi.ExecSyncRequest) (*runtimeapi.ExecSyncResponse, error) {
	var out, errs bytes.Buffer
	if q.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(q.Timeout)*time.Second)
		defer cancel()
	}
	err := r.exec(ctx, q.ContainerId, q.Cmd, nil, &out, &errs, false, nil)
	answer := &runtimeapi.ExecSyncResponse{Stdout: out.Bytes(), Stderr: errs.Bytes()}
	if code, ok := err.(utilexec.CodeExitError); ok {
		answer.ExitCode = int32(code.Code)
		return answer, nil
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, deadline(fmt.Sprintf("the command did not end within %d s", q.Timeout))
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}

func (r *Runtime) exec(ctx context.Context, id string, command []string, in io.Reader, out, errs io.Writer, tty bool, resize <-chan remotecommand.TerminalSize) error {
	c, err := r.running(id)
	if err != nil {
		return err
	}
	if tty {
		return c.execTerminal(ctx, command, in, out, resize)
	}
	var pumps sync.WaitGroup
	var theirs [3]*os.File
	var ours []*os.File
	defer func() {
		for _, f := range ours {
			f.Close()
		}
	}()
	for i, w := range []io.Writer{nil, out, errs} {
		if i == 0 && in == nil || i > 0 && w == nil {
			continue
		}
		pr, pw, err := os.Pipe()
		if err != nil {
			return err
		}
		if i == 0 {
			theirs[0] = pr
			ours = append(ours, pw)
			go func() {
				_, _ = io.Copy(pw, in)
				pw.Close()
			}()
			continue
		}
		theirs[i] = pw
		ours = append(ours, pr)
		pumps.Go(func() { _, _ = io.Copy(w, pr) })
	}
	p, err := c.spawn(command, theirs[0], theirs[1], theirs[2], false)
	for _, f := range theirs {
		if f != nil {
			f.Close()
		}
	}
	if err != nil {
		return err
	}
	if err := wait(ctx, p); err != nil {
		return err
	}
	// A process that the command left behind may hold the pipes open: what is there now is what the command wrote.
	drained := make(chan struct{})
	go func() { pumps.Wait(); close(drained) }()
	select {
	case <-drained:
	case <-time.After(time.Second):
	}
	return exitError(p.ExitCode())
}

func wait(ctx context.Context, p *child.Child) error {
	select {
	case <-p.Done():
		return nil
	case <-ctx.Done():
		_ = p.Signal(syscall.SIGKILL)
		<-p.Done()
		return ctx.Err()
	}
}

func exitError(code int) error {
	if code == 0 {
		return nil
	}
	return utilexec.CodeExitError{Err: fmt.Errorf("command terminated with exit code %d", code), Code: code}
}

func (c *container) execTerminal(ctx context.Context, command []string, in io.Reader, out io.Writer, resize <-chan remotecommand.TerminalSize) error {
	controller, terminal, err := openTerminal()
	if err != nil {
		return err
	}
	defer controller.Close()
	p, err := c.spawn(command, terminal, terminal, terminal, true)
	terminal.Close()
	if err != nil {
		return err
	}
	followSize(controller, resize)
	if in != nil {
		go func() { _, _ = io.Copy(controller, in) }()
	}
	drained := make(chan struct{})
	go func() {
		if out != nil {
			_, _ = io.Copy(out, controller)
		}
		close(drained)
	}()
	if err := wait(ctx, p); err != nil {
		return err
	}
	select {
	case <-drained:
	case <-time.After(time.Second):
	}
	return exitError(p.ExitCode())
}

func followSize(controller *os.File, resize <-chan remotecommand.TerminalSize) {
	go func() {
		for size := range resize {
			_ = control(controller, func(fd int) error {
				return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: size.Height, Col: size.Width})
			})
		}
	}()
}

// control runs an ioctl without taking the file out of the poller, as Fd would.
func control(f *os.File, do func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	return errors.Join(raw.Control(func(fd uintptr) { inner = do(int(fd)) }), inner)
}

// openTerminal makes a pair of pseudo-terminals in the cluster's own mount namespace.
func openTerminal() (controller, terminal *os.File, err error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open /dev/ptmx: %w", err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		unix.Close(fd)
		return nil, nil, err
	}
	// The other end by the open file, not by its path, which may belong to another instance of devpts.
	other, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)
	if errno != 0 {
		unix.Close(fd)
		return nil, nil, errno
	}
	return os.NewFile(uintptr(fd), "ptmx"), os.NewFile(other, "pts"), nil
}

// streamRuntime is what the streaming server calls.
type streamRuntime struct{ r *Runtime }

func (s streamRuntime) Exec(ctx context.Context, id string, command []string, in io.Reader, out, errs io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize) error {
	return s.r.exec(ctx, id, command, in, writer(out), writer(errs), tty, resize)
}

// writer keeps an absent stream a nil interface.
func writer(w io.WriteCloser) io.Writer {
	if w == nil {
		return nil
	}
	return w
}

func (s streamRuntime) Attach(ctx context.Context, id string, in io.Reader, out, errs io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize) error {
	c, err := s.r.running(id)
	if err != nil {
		return err
	}
	if c.terminal != nil {
		followSize(c.terminal, resize)
	}
	if in != nil {
		to := c.stdin
		if c.terminal != nil {
			to = c.terminal
		}
		if to != nil {
			go func() {
				_, err := io.Copy(to, in)
				if err == nil && c.config.StdinOnce && c.terminal == nil {
					to.Close()
				}
			}()
		}
	}
	defer c.log.attach(&listener{writer(out), writer(errs)})()
	select {
	case <-c.ended:
	case <-ctx.Done():
	}
	return nil
}

func (s streamRuntime) PortForward(ctx context.Context, id string, port int32, stream io.ReadWriteCloser) error {
	b, err := s.r.sandbox(id)
	if err != nil {
		return err
	}
	s.r.mu.Lock()
	fds := map[int]*os.File{unix.CLONE_NEWNET: b.fds[unix.CLONE_NEWNET]}
	ready := b.ready
	s.r.mu.Unlock()
	if !ready {
		return fmt.Errorf("pod sandbox `%s` has ended", id)
	}
	var c net.Conn
	err = inNamespaces(fds, func() error {
		var err error
		c, err = new(net.Dialer).DialContext(ctx, "tcp4", fmt.Sprintf("127.0.0.1:%d", port))
		return err
	})
	if err != nil {
		return err
	}
	outside.JoinStream(c, stream)
	return nil
}
