// Package up is the outside of a cluster: it makes the namespaces, keeps the way in (the API server's port) and the way
// out, says what happens, and takes everything down with it.
package up

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"slipway.dev/cluster/node"
	"slipway.dev/cluster/outside"
)

// list is a flag that may be given more than once.
type list []string

func (l *list) String() string     { return strings.Join(*l, ",") }
func (l *list) Set(v string) error { *l = append(*l, v); return nil }

type options struct {
	state, proxy, registryCA, authentication string
	port                                     int
	reach, sans                              list
}

// Main is the role `up`.
func Main(args []string) int {
	var o options
	f := flag.NewFlagSet("slipway-cluster up", flag.ContinueOnError)
	f.StringVar(&o.state, "state", "", "folder in which the cluster lives; made if absent")
	f.IntVar(&o.port, "api-port", 0, "port of the API server on the host's loopback; 0 takes a free one")
	f.StringVar(&o.proxy, "proxy", "", "HTTP proxy that is the cluster's way out, http://HOST:PORT")
	f.StringVar(&o.registryCA, "registry-ca", "", "PEM file of authorities to trust for registries besides the system's")
	f.StringVar(&o.authentication, "authentication-config", "", "AuthenticationConfiguration for the API server")
	f.Var(&o.reach, "reach", "HOST:PORT that is dialled directly, not through the proxy; may be repeated")
	f.Var(&o.sans, "san", "further name for the API server's certificate; may be repeated")
	if err := f.Parse(args); err != nil {
		return 2
	}
	if o.state == "" || f.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "slipway-cluster up: `--state DIR` is needed, and nothing besides options")
		return 2
	}
	if err := run(&o); err != nil {
		fmt.Fprintf(os.Stderr, "slipway-cluster: %v\n", err)
		return 1
	}
	return 0
}

func run(o *options) error {
	// Pdeathsig of the namespaces' first process fires when the thread that started it ends, so that has to be this one.
	runtime.LockOSThread()
	started := time.Now()
	if err := os.MkdirAll(o.state, 0o700); err != nil {
		return err
	}
	lock, err := lockState(o.state)
	if err != nil {
		return err
	}
	defer lock.Close()
	cfg := node.Config{SANs: o.sans}
	if cfg.RegistryCA, err = keep(o.state, "registry-ca.pem", o.registryCA); err != nil {
		return err
	}
	if cfg.AuthenticationConfig, err = keep(o.state, "authentication.yaml", o.authentication); err != nil {
		return err
	}
	door := &outside.Door{Reach: o.reach}
	if o.proxy != "" {
		if door.Proxy, err = url.Parse(o.proxy); err != nil || door.Proxy.Scheme != "http" || door.Proxy.Port() == "" {
			return fmt.Errorf("`--proxy`: expected http://HOST:PORT, got `%s`", o.proxy)
		}
	}
	out, err := listenUnix(filepath.Join(o.state, "out.sock"))
	if err != nil {
		return err
	}
	defer out.Close()
	go func() { _ = door.Serve(out) }()
	api, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", o.port))
	if err != nil {
		return fmt.Errorf("`--api-port`: %w", err)
	}
	cfg.APIAddress = api.Addr().String()
	listener, err := api.(*net.TCPListener).File()
	if err != nil {
		return err
	}
	api.Close()
	reports, w, err := os.Pipe()
	if err != nil {
		return err
	}
	argument, err := json.Marshal(cfg)
	if err != nil {
		return err
	}
	cmd := exec.Command("/proc/self/exe", "node", string(argument))
	cmd.Args[0] = "slipway-cluster"
	cmd.Dir = o.state
	cmd.ExtraFiles = []*os.File{w, listener}
	log, err := os.Create(filepath.Join(o.state, "node.log"))
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
		Setpgid:     true,
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if err := cmd.Start(); err != nil {
		if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
			return fmt.Errorf("making the namespaces was refused: %w\n%s", err, node.Hint)
		}
		return err
	}
	w.Close()
	listener.Close()
	stopped := make(chan struct{})
	defer close(stopped)
	asked := make(chan struct{})
	go func() {
		select {
		case <-signals:
			close(asked)
			_ = cmd.Process.Signal(syscall.SIGTERM)
		case <-stopped:
		}
	}()
	failed := follow(reports, started, o.state)
	err = cmd.Wait()
	select {
	case <-asked:
		return nil
	default:
	}
	if failed != "" {
		return errors.New(failed)
	}
	return fmt.Errorf("the cluster ended (%v); what it wrote is in `%s`", err, log.Name())
}

// follow prints what the inside reports until that ends, and gives the reason of a failure.
func follow(reports *os.File, started time.Time, state string) (failed string) {
	s := bufio.NewScanner(reports)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var r node.Report
		if json.Unmarshal(s.Bytes(), &r) != nil {
			continue
		}
		after := time.Since(started).Seconds()
		switch {
		case r.Failed != "":
			failed = r.Failed
			if r.Hint != "" {
				failed += "\n" + r.Hint
			}
		case r.Ready:
			fmt.Printf("%5.1f s  the node is ready\n", after)
			fmt.Printf("KUBECONFIG=%s\n", filepath.Join(state, "kubeconfig"))
		default:
			fmt.Printf("%5.1f s  %s\n", after, r.Step)
		}
	}
	return failed
}

func lockState(state string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(state, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("the cluster in `%s` is running already: stop it, or take another `--state`", state)
	}
	return f, nil
}

// keep copies a file that the inside reads into the state folder; the inside sees no other folder of ours for sure.
func keep(state, name, from string) (string, error) {
	if from == "" {
		return "", nil
	}
	b, err := os.ReadFile(from)
	if err != nil {
		return "", err
	}
	return name, os.WriteFile(filepath.Join(state, name), b, 0o600)
}

// listenUnix listens by a path relative to the folder, since a socket's path must be shorter than 108 bytes.
func listenUnix(path string) (net.Listener, error) {
	_ = os.Remove(path)
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	l, err := net.Listen("unix", fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path)))
	if err != nil {
		return nil, err
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	return l, os.Chmod(path, 0o600)
}
