package cri

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	securejoin "github.com/cyphar/filepath-securejoin"
	"golang.org/x/sys/unix"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"slipway.dev/cluster/child"
)

// spec is what ContainerMain is told: everything is decided already.
type spec struct {
	// Lower, Upper and Work are overlay's folders; an empty Lower means that Merged holds a copy.
	Lower, Upper, Work, Merged string
	ReadOnlyRoot               bool
	Mounts                     []mount
	Args, Env                  []string
	Cwd                        string
	UID, GID                   int
	Caps                       []int
	Privileged                 bool
	NoNewPrivileges            bool
	Masked, ReadOnly           []string
}

type mount struct {
	From, To string
	ReadOnly bool
}

// defaultCaps is the set that other runtimes leave a container.
var defaultCaps = []string{"CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP",
	"SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE"}

var capNumbers = map[string]int{"CHOWN": unix.CAP_CHOWN, "DAC_OVERRIDE": unix.CAP_DAC_OVERRIDE, "DAC_READ_SEARCH": unix.CAP_DAC_READ_SEARCH,
	"FOWNER": unix.CAP_FOWNER, "FSETID": unix.CAP_FSETID, "KILL": unix.CAP_KILL, "SETGID": unix.CAP_SETGID, "SETUID": unix.CAP_SETUID,
	"SETPCAP": unix.CAP_SETPCAP, "LINUX_IMMUTABLE": unix.CAP_LINUX_IMMUTABLE, "NET_BIND_SERVICE": unix.CAP_NET_BIND_SERVICE,
	"NET_BROADCAST": unix.CAP_NET_BROADCAST, "NET_ADMIN": unix.CAP_NET_ADMIN, "NET_RAW": unix.CAP_NET_RAW, "IPC_LOCK": unix.CAP_IPC_LOCK,
	"IPC_OWNER": unix.CAP_IPC_OWNER, "SYS_MODULE": unix.CAP_SYS_MODULE, "SYS_RAWIO": unix.CAP_SYS_RAWIO, "SYS_CHROOT": unix.CAP_SYS_CHROOT,
	"SYS_PTRACE": unix.CAP_SYS_PTRACE, "SYS_PACCT": unix.CAP_SYS_PACCT, "SYS_ADMIN": unix.CAP_SYS_ADMIN, "SYS_BOOT": unix.CAP_SYS_BOOT,
	"SYS_NICE": unix.CAP_SYS_NICE, "SYS_RESOURCE": unix.CAP_SYS_RESOURCE, "SYS_TIME": unix.CAP_SYS_TIME, "SYS_TTY_CONFIG": unix.CAP_SYS_TTY_CONFIG,
	"MKNOD": unix.CAP_MKNOD, "LEASE": unix.CAP_LEASE, "AUDIT_WRITE": unix.CAP_AUDIT_WRITE, "AUDIT_CONTROL": unix.CAP_AUDIT_CONTROL,
	"SETFCAP": unix.CAP_SETFCAP, "MAC_OVERRIDE": unix.CAP_MAC_OVERRIDE, "MAC_ADMIN": unix.CAP_MAC_ADMIN, "SYSLOG": unix.CAP_SYSLOG,
	"WAKE_ALARM": unix.CAP_WAKE_ALARM, "BLOCK_SUSPEND": unix.CAP_BLOCK_SUSPEND, "AUDIT_READ": unix.CAP_AUDIT_READ, "PERFMON": unix.CAP_PERFMON,
	"BPF": unix.CAP_BPF, "CHECKPOINT_RESTORE": unix.CAP_CHECKPOINT_RESTORE}

func capabilities(asked *runtimeapi.Capability) ([]int, error) {
	keep := map[string]bool{}
	for _, c := range defaultCaps {
		keep[c] = true
	}
	apply := func(names []string, value bool) error {
		for _, n := range names {
			n = strings.TrimPrefix(strings.ToUpper(n), "CAP_")
			if n == "ALL" {
				for c := range capNumbers {
					keep[c] = value
				}
				continue
			}
			if _, known := capNumbers[n]; !known {
				return fmt.Errorf("capability `%s` is not known", n)
			}
			keep[n] = value
		}
		return nil
	}
	// ALL first, so that `drop: [ALL], add: [X]` and `add: [ALL], drop: [X]` both mean what they say.
	add, drop := asked.GetAddCapabilities(), asked.GetDropCapabilities()
	isAll := func(n string) bool { return strings.EqualFold(n, "ALL") }
	if slices.ContainsFunc(add, isAll) {
		if err := apply([]string{"ALL"}, true); err != nil {
			return nil, err
		}
		add = slices.DeleteFunc(slices.Clone(add), isAll)
	}
	if slices.ContainsFunc(drop, isAll) {
		if err := apply([]string{"ALL"}, false); err != nil {
			return nil, err
		}
		drop = slices.DeleteFunc(slices.Clone(drop), isAll)
	}
	if err := errors.Join(apply(add, true), apply(drop, false)); err != nil {
		return nil, err
	}
	var numbers []int
	for c, k := range keep {
		if k {
			numbers = append(numbers, capNumbers[c])
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

func (r *Runtime) newSpec(c *container) (*spec, error) {
	cfg, img := c.config, c.image.Config
	security := cfg.GetLinux().GetSecurityContext()
	s := &spec{Lower: r.images.rootfs(c.image.ID), Upper: filepath.Join(c.dir, "upper"), Work: filepath.Join(c.dir, "work"),
		Merged: filepath.Join(c.dir, "root"), ReadOnlyRoot: security.GetReadonlyRootfs(), Privileged: security.GetPrivileged(),
		NoNewPrivileges: security.GetNoNewPrivs(), Masked: security.GetMaskedPaths(), ReadOnly: security.GetReadonlyPaths()}
	switch {
	case len(cfg.Command) > 0:
		s.Args = append(slices.Clone(cfg.Command), cfg.Args...)
	case len(cfg.Args) > 0:
		s.Args = append(slices.Clone(img.Entrypoint), cfg.Args...)
	default:
		s.Args = append(slices.Clone(img.Entrypoint), img.Cmd...)
	}
	if len(s.Args) == 0 {
		return nil, errors.New("neither the image nor the pod says what to run: set `command`")
	}
	s.Cwd = cfg.WorkingDir
	if s.Cwd == "" {
		s.Cwd = img.WorkingDir
	}
	if s.Cwd == "" {
		s.Cwd = "/"
	}
	s.Env = environment(img.Env, cfg.Envs, c.sandbox.hostname(), cfg.Tty)
	var err error
	if s.UID, s.GID, err = user(s.Lower, img.User, security); err != nil {
		return nil, err
	}
	if s.Caps, err = capabilities(security.GetCapabilities()); err != nil {
		return nil, err
	}
	if len(cfg.Devices) > 0 || len(cfg.CDIDevices) > 0 {
		return nil, cannot("devices are not supported by the local cluster")
	}
	// Ours first: a mount of the pod at the same place wins.
	s.Mounts = []mount{{From: filepath.Join(c.sandbox.dir, "resolv.conf"), To: "/etc/resolv.conf", ReadOnly: s.ReadOnlyRoot},
		{From: filepath.Join(c.sandbox.dir, "hostname"), To: "/etc/hostname", ReadOnly: s.ReadOnlyRoot}}
	for _, m := range cfg.Mounts {
		if m.Image != nil && m.Image.Image != "" {
			return nil, cannot(fmt.Sprintf("the image volume at `%s` is not supported by the local cluster", m.ContainerPath))
		}
		s.Mounts = append(s.Mounts, mount{From: m.HostPath, To: m.ContainerPath, ReadOnly: m.Readonly})
	}
	return s, nil
}

func environment(image []string, pod []*runtimeapi.KeyValue, hostname string, tty bool) []string {
	var names []string
	values := map[string]string{}
	set := func(k, v string) {
		if _, known := values[k]; !known {
			names = append(names, k)
		}
		values[k] = v
	}
	set("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	set("HOSTNAME", hostname)
	if tty {
		set("TERM", "xterm")
	}
	for _, kv := range image {
		k, v, _ := strings.Cut(kv, "=")
		set(k, v)
	}
	for _, kv := range pod {
		set(kv.Key, string(kv.Value))
	}
	env := make([]string, 0, len(names)+1)
	for _, n := range names {
		env = append(env, n+"="+values[n])
	}
	return env
}

// user resolves who the process is, as numbers, from the pod and the image, with the image's own passwd and group.
func user(root, image string, security *runtimeapi.LinuxContainerSecurityContext) (uid, gid int, err error) {
	name, group, hasGroup := strings.Cut(image, ":")
	if security.GetRunAsUsername() != "" {
		name, hasGroup = security.GetRunAsUsername(), false
	}
	if u := security.GetRunAsUser(); u != nil {
		name = strconv.FormatInt(u.Value, 10)
	}
	uid, numeric := number(name)
	if name == "" {
		uid, numeric = 0, true
	}
	fields, err := database(root, "/etc/passwd", func(f []string) bool {
		return len(f) >= 4 && (numeric && f[2] == strconv.Itoa(uid) || !numeric && f[0] == name)
	})
	if err != nil {
		return 0, 0, err
	}
	if fields != nil {
		uid, _ = number(fields[2])
		gid, _ = number(fields[3])
	} else if !numeric {
		return 0, 0, fmt.Errorf("user `%s` is not in the image's /etc/passwd", name)
	}
	if hasGroup && group != "" {
		n, isNumber := number(group)
		if !isNumber {
			fields, err := database(root, "/etc/group", func(f []string) bool { return len(f) >= 3 && f[0] == group })
			if err != nil {
				return 0, 0, err
			}
			if fields == nil {
				return 0, 0, fmt.Errorf("group `%s` is not in the image's /etc/group", group)
			}
			n, _ = number(fields[2])
		}
		gid = n
	}
	if g := security.GetRunAsGroup(); g != nil {
		gid = int(g.Value)
	}
	return uid, gid, nil
}

func number(text string) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 31)
	return int(n), err == nil
}

func database(root, path string, matches func([]string) bool) ([]string, error) {
	full, err := securejoin.SecureJoin(root, path)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(full)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Split(strings.TrimRight(line, "\n"), ":"); matches(f) {
			return f, nil
		}
	}
	return nil, nil
}

// overlayWorks tries the real thing: kernels and file systems differ in what they allow inside a user namespace.
func overlayWorks(dir string) bool {
	base, err := os.MkdirTemp(dir, "overlay-")
	if err != nil {
		return false
	}
	defer forceRemove(base)
	for _, d := range []string{"lower", "upper", "work", "root"} {
		if err := os.Mkdir(filepath.Join(base, d), 0o755); err != nil {
			return false
		}
	}
	s := spec{Lower: base + "/lower", Upper: base + "/upper", Work: base + "/work", Merged: base + "/root"}
	if err := s.mountOverlay(); err != nil {
		return false
	}
	defer func() { _ = unix.Unmount(s.Merged, unix.MNT_DETACH) }()
	return os.WriteFile(s.Merged+"/file", []byte("x"), 0o644) == nil
}

func (s *spec) mountOverlay() error {
	return unix.Mount("overlay", s.Merged, "overlay", 0, "userxattr,lowerdir="+s.Lower+",upperdir="+s.Upper+",workdir="+s.Work)
}

// copyTree copies with hard links and modes kept.
func copyTree(from, to string) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	cmd := exec.Command("cp", "-a", "--reflink=auto", from+"/.", to)
	cmd.Stderr = w
	p, err := child.Start(cmd)
	w.Close()
	if err != nil {
		return err
	}
	said, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if code := p.ExitCode(); code != 0 {
		return fmt.Errorf("`cp` ended with %d: %s", code, said)
	}
	return nil
}

// forceRemove removes a tree whose folders may refuse it, as overlay's work folder does.
func forceRemove(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(p, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}
