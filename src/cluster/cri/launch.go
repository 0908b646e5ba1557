package cri

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	securejoin "github.com/cyphar/filepath-securejoin"
	"golang.org/x/sys/unix"
)

const (
	specFD = 3
	failFD = 4
)

// ContainerMain is the role `container`: the first process of a container's pid namespace. It lays out the file system
// and becomes the image's program. It writes to failFD what went wrong; success closes that.
func ContainerMain() int {
	// The bounding set and no_new_privs belong to the thread that calls exec.
	runtime.LockOSThread()
	syscall.CloseOnExec(specFD)
	syscall.CloseOnExec(failFD)
	fail := os.NewFile(failFD, "fail")
	code, err := becomeContainer(fail)
	if err != nil {
		fmt.Fprint(fail, err)
		return 128
	}
	return code
}

func becomeContainer(fail *os.File) (int, error) {
	var s spec
	f := os.NewFile(specFD, "spec")
	if err := json.NewDecoder(f).Decode(&s); err != nil {
		return 0, err
	}
	f.Close()
	// A nested user namespace is the process's only if it asks for another id than the mapped one: two processes then.
	nested := s.UID != 0 || s.GID != 0
	if err := s.root(); err != nil {
		return 0, err
	}
	program, err := lookPath(s.Args[0], s.Env, s.Cwd)
	if err != nil {
		return 0, err
	}
	if err := os.Chdir(s.Cwd); err != nil {
		return 0, fmt.Errorf("working folder: %w", err)
	}
	if !s.Privileged {
		if err := boundCapabilities(s.Caps); err != nil {
			return 0, err
		}
	}
	if s.NoNewPrivileges {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return 0, fmt.Errorf("no_new_privs: %w", err)
		}
	}
	if nested {
		return s.runNested(program, fail)
	}
	if err := syscall.Exec(program, s.Args, s.Env); err != nil {
		return 0, fmt.Errorf("exec `%s`: %w", program, err)
	}
	return 0, nil
}

// runNested runs the program as another user: in a user namespace that maps that id onto the only one that there is.
// This process stays as the pid namespace's first, passes signals on and ends as the program does.
func (s *spec) runNested(program string, fail *os.File) (int, error) {
	cmd := &exec.Cmd{Path: program, Args: s.Args, Env: s.Env, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, SysProcAttr: nestedUser(s.UID, s.GID)}
	signals := make(chan os.Signal, 16)
	signal.Notify(signals)
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("exec `%s`: %w", program, err)
	}
	fail.Close()
	pid := cmd.Process.Pid
	go func() {
		for sig := range signals {
			if sig != unix.SIGCHLD && sig != unix.SIGURG {
				_ = syscall.Kill(pid, sig.(syscall.Signal))
			}
		}
	}()
	for {
		var ws syscall.WaitStatus
		got, err := syscall.Wait4(-1, &ws, 0, nil)
		if errors.Is(err, syscall.EINTR) || err == nil && got != pid {
			continue
		}
		if err != nil {
			return 0, nil
		}
		if ws.Signaled() {
			return 128 + int(ws.Signal()), nil
		}
		return ws.ExitStatus(), nil
	}
}

func nestedUser(uid, gid int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: 0, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: gid, HostID: 0, Size: 1}}}
}

func boundCapabilities(keep []int) error {
	kept := map[int]bool{}
	for _, c := range keep {
		kept[c] = true
	}
	for c := 0; c <= unix.CAP_LAST_CAP; c++ {
		if kept[c] {
			continue
		}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(c), 0, 0, 0); err != nil && !errors.Is(err, unix.EINVAL) {
			return fmt.Errorf("drop capability %d: %w", c, err)
		}
	}
	return nil
}

// root mounts everything below Merged and makes that the root.
func (s *spec) root() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	if s.Lower != "" {
		if err := s.mountOverlay(); err != nil {
			return fmt.Errorf("overlay: %w", err)
		}
	} else if err := unix.Mount(s.Merged, s.Merged, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("bind the root: %w", err)
	}
	if err := s.kernelMounts(); err != nil {
		return err
	}
	for _, m := range s.Mounts {
		if err := s.bind(m); err != nil {
			return fmt.Errorf("mount at `%s`: %w", m.To, err)
		}
	}
	if !s.Privileged {
		if err := s.hide(); err != nil {
			return err
		}
	}
	cwd, err := securejoin.SecureJoin(s.Merged, s.Cwd)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(cwd, 0o755); err != nil {
		return fmt.Errorf("working folder `%s`: %w", s.Cwd, err)
	}
	if err := os.Chdir(s.Merged); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount the old root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	if s.ReadOnlyRoot {
		return remountReadOnly("/")
	}
	return nil
}

func (s *spec) target(path string, isDir bool) (string, error) {
	full, err := securejoin.SecureJoin(s.Merged, path)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(full); err == nil {
		return full, nil
	}
	if isDir {
		return full, os.MkdirAll(full, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		return "", err
	}
	f, err := os.OpenFile(full, os.O_CREATE, 0o644)
	if err != nil {
		return "", err
	}
	return full, f.Close()
}

func (s *spec) bind(m mount) error {
	info, err := os.Stat(m.From)
	if errors.Is(err, fs.ErrNotExist) {
		// As other runtimes do for a hostPath without a type.
		if err = os.MkdirAll(m.From, 0o755); err == nil {
			info, err = os.Stat(m.From)
		}
	}
	if err != nil {
		return err
	}
	to, err := s.target(m.To, info.IsDir())
	if err != nil {
		return err
	}
	if err := unix.Mount(m.From, to, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	if m.ReadOnly {
		return remountReadOnly(to)
	}
	return nil
}

// remountReadOnly keeps the flags that a user namespace may not take off.
func remountReadOnly(path string) error {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return err
	}
	flags := uintptr(unix.MS_BIND | unix.MS_REMOUNT | unix.MS_RDONLY)
	for from, to := range map[int64]uintptr{unix.ST_NOSUID: unix.MS_NOSUID, unix.ST_NODEV: unix.MS_NODEV, unix.ST_NOEXEC: unix.MS_NOEXEC,
		unix.ST_NOATIME: unix.MS_NOATIME, unix.ST_NODIRATIME: unix.MS_NODIRATIME, unix.ST_RELATIME: unix.MS_RELATIME} {
		if st.Flags&from != 0 {
			flags |= to
		}
	}
	if err := unix.Mount("", path, "", flags, ""); err != nil {
		return fmt.Errorf("make `%s` read-only: %w", path, err)
	}
	return nil
}

// kernelMounts are /proc, /sys and a small /dev.
func (s *spec) kernelMounts() error {
	proc, err := s.target("/proc", true)
	if err != nil {
		return err
	}
	if err := unix.Mount("proc", proc, "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	sys, err := s.target("/sys", true)
	if err != nil {
		return err
	}
	if err := unix.Mount("sysfs", sys, "sysfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC|unix.MS_RDONLY, ""); err != nil {
		// In the host's network the namespace's owner may differ: then the cluster's own view, read-only.
		if err := unix.Mount("/sys", sys, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			return fmt.Errorf("mount /sys: %w", err)
		}
		if err := remountReadOnly(sys); err != nil {
			return err
		}
	}
	dev, err := s.target("/dev", true)
	if err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", dev, "tmpfs", unix.MS_NOSUID, "mode=0755,size=64k"); err != nil {
		return fmt.Errorf("mount /dev: %w", err)
	}
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		to := filepath.Join(dev, name)
		f, err := os.OpenFile(to, os.O_CREATE, 0o666)
		if err != nil {
			return err
		}
		f.Close()
		if err := unix.Mount("/dev/"+name, to, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("bind /dev/%s: %w", name, err)
		}
	}
	for _, m := range []struct{ kind, name, data string }{
		{"devpts", "pts", "newinstance,ptmxmode=0666,mode=0620"}, {"tmpfs", "shm", "mode=1777,size=64m"}, {"mqueue", "mqueue", ""}} {
		to := filepath.Join(dev, m.name)
		if err := os.Mkdir(to, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.kind, to, m.kind, unix.MS_NOSUID|unix.MS_NOEXEC, m.data); err != nil {
			return fmt.Errorf("mount /dev/%s: %w", m.name, err)
		}
	}
	for name, to := range map[string]string{"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx"} {
		if err := os.Symlink(to, filepath.Join(dev, name)); err != nil {
			return err
		}
	}
	return nil
}

// hide covers the paths that the kubelet wants masked or read-only; what the kernel does not have needs no cover.
func (s *spec) hide() error {
	for _, p := range s.ReadOnly {
		full := filepath.Join(s.Merged, p)
		if err := unix.Mount(full, full, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			if errors.Is(err, unix.ENOENT) {
				continue
			}
			return fmt.Errorf("cover `%s`: %w", p, err)
		}
		if err := remountReadOnly(full); err != nil {
			return err
		}
	}
	for _, p := range s.Masked {
		full := filepath.Join(s.Merged, p)
		info, err := os.Stat(full)
		if err != nil {
			continue
		}
		if info.IsDir() {
			err = unix.Mount("tmpfs", full, "tmpfs", unix.MS_RDONLY, "size=0k")
		} else {
			err = unix.Mount("/dev/null", full, "", unix.MS_BIND, "")
		}
		if err != nil {
			return fmt.Errorf("mask `%s`: %w", p, err)
		}
	}
	return nil
}

// lookPath finds a program as the container sees its file system, by the container's own PATH.
func lookPath(program string, env []string, cwd string) (string, error) {
	candidates := []string{program}
	if !strings.Contains(program, "/") {
		candidates = nil
		for _, kv := range env {
			if dirs, ok := strings.CutPrefix(kv, "PATH="); ok {
				for _, d := range filepath.SplitList(dirs) {
					candidates = append(candidates, filepath.Join(d, program))
				}
			}
		}
	} else if !filepath.IsAbs(program) {
		candidates = []string{filepath.Join(cwd, program)}
	}
	denied := false
	for _, c := range candidates {
		info, err := os.Stat(c)
		if err != nil || info.IsDir() {
			continue
		}
		if info.Mode()&0o111 == 0 {
			denied = true
			continue
		}
		return c, nil
	}
	if denied {
		return "", fmt.Errorf("exec: `%s`: permission denied: the file is not executable", program)
	}
	if strings.Contains(program, "/") {
		return "", fmt.Errorf("exec: `%s`: no such file or directory", program)
	}
	return "", fmt.Errorf("exec: `%s`: executable file not found in $PATH", program)
}
