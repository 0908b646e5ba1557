package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"slipway.dev/cluster/child"
	"slipway.dev/cluster/cri"
	"slipway.dev/cluster/outside"
	"slipway.dev/cluster/proxy"
)

// Main is the role `node`: argument is the Config.
func Main(argument string) int {
	syscall.CloseOnExec(ReportFD)
	syscall.CloseOnExec(ListenFD)
	var cfg Config
	err := json.Unmarshal([]byte(argument), &cfg)
	if err == nil {
		err = run(&cfg)
	}
	if err == nil {
		return 0
	}
	r := Report{Failed: err.Error()}
	var no *refused
	if errors.As(err, &no) {
		r.Hint = Hint
	}
	report(r)
	return 1
}

// Hint says what to do where the kernel's policy refuses an unprivileged user namespace, or what it is for.
const Hint = `Unprivileged user namespaces have to be allowed for this program. One of:
  sudo sysctl -w user.max_user_namespaces=15000
  sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0     (Ubuntu 23.10 and newer)
In a container, its seccomp and AppArmor profiles must allow unshare and mount, and /proc must not be masked:
  docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined ...
Or do without: use a cluster of your own through its kubeconfig context.`

func run(cfg *Config) error {
	started := time.Now()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	if err := mounts(); err != nil {
		return err
	}
	if err := network(); err != nil {
		return err
	}
	report(Report{Step: "namespaces, mounts and network are there"})
	if _, err := certificates(cfg); err != nil {
		return fmt.Errorf("the cluster's certificates: %w", err)
	}
	for name, text := range map[string]string{"kubelet.yaml": kubeletConfig, "Corefile": Corefile} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return err
		}
	}
	runtime, err := cri.New(cri.Options{Images: State + "/images", Containers: State + "/containers", Socket: CRISocket,
		Outside: Outside, Bridge: Bridge, RegistryCA: cfg.RegistryCA})
	if err != nil {
		return fmt.Errorf("the container runtime: %w", err)
	}
	ended := make(chan error, 16)
	go func() { ended <- fmt.Errorf("the container runtime ended: %w", runtime.Serve()) }()

	etcdProcess, err := startAll(ended, etcd(), apiserver(cfg))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	api, err := newAPI(pkiPath("admin.kubeconfig"))
	if err != nil {
		return err
	}
	ready := make(chan error, 1)
	go func() {
		err := api.waitReady(ctx)
		if err == nil {
			report(Report{Step: "the API server answers"})
			_, err = startAll(ended, controllerManager(), scheduler(), kubelet())
		}
		if err == nil {
			err = api.prepare(ctx)
		}
		if err == nil {
			_, err = startAll(ended, coredns())
		}
		if err == nil {
			var p *proxy.Proxy
			if p, err = proxy.New(pkiPath("proxy.kubeconfig"), fmt.Sprintf("127.0.0.1:%d", APIPort), APIService, Bridge); err == nil {
				go func() { ended <- fmt.Errorf("the Service proxy ended: %w", p.Run(ctx)) }()
			}
		}
		if err == nil {
			err = api.waitNode(ctx, started)
		}
		ready <- err
	}()
	go func() { ended <- forward() }()
	for {
		select {
		case err := <-ready:
			if err != nil {
				return err
			}
			report(Report{Ready: true})
		case err := <-ended:
			return err
		case <-stop:
			runtime.StopAll(2 * time.Second)
			_ = etcdProcess.Signal(syscall.SIGTERM)
			select {
			case <-etcdProcess.Done():
			case <-time.After(3 * time.Second):
			}
			return nil
		}
	}
}

// startAll starts components; the end of any of them, whatever its exit code, is the cluster's end.
func startAll(ended chan<- error, all ...component) (*child.Child, error) {
	var first *child.Child
	for _, c := range all {
		p, err := c.start()
		if err != nil {
			return nil, fmt.Errorf("starting %s: %w", c.role, err)
		}
		if first == nil {
			first = p
		}
		go func() {
			code := p.ExitCode()
			ended <- fmt.Errorf("%s ended with exit code %d; the end of its log:\n%s", c.role, code, tail(c.logPath(), 12))
		}()
	}
	return first, nil
}

func tail(path string, lines int) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	return "  " + strings.Join(all[max(0, len(all)-lines):], "\n  ")
}

// forward joins the connections to the host's port, whose listener was made outside, to the API server.
func forward() error {
	f := os.NewFile(ListenFD, "listener")
	l, err := net.FileListener(f)
	if err != nil {
		return err
	}
	f.Close()
	for {
		c, err := l.Accept()
		if err != nil {
			return fmt.Errorf("the API server's port on the host: %w", err)
		}
		go func() {
			api, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", APIPort))
			if err != nil {
				c.Close()
				return
			}
			outside.Join(c, api)
		}()
	}
}
