package cri

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// sandbox is a pod's shared part: its namespaces, kept by open files, without a process.
type sandbox struct {
	id      string
	config  *runtimeapi.PodSandboxConfig
	created time.Time
	ready   bool
	address string
	link    string
	host    bool
	fds     map[int]*os.File
	dir     string
}

func newID() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

func (s *sandbox) namespaceOptions() *runtimeapi.NamespaceOption {
	return s.config.GetLinux().GetSecurityContext().GetNamespaceOptions()
}

// RunPodSandbox makes the pod's namespaces and its link to the bridge.
func (r *Runtime) RunPodSandbox(_ context.Context, q *runtimeapi.RunPodSandboxRequest) (*runtimeapi.RunPodSandboxResponse, error) {
	s := &sandbox{id: newID(), config: q.Config, created: time.Now(), ready: true}
	s.dir = filepath.Join(r.options.Containers, s.id)
	options := s.namespaceOptions()
	if userns := options.GetUsernsOptions(); userns != nil && userns.Mode == runtimeapi.NamespaceMode_POD {
		return nil, cannot("`hostUsers: false`: the local cluster has one mapped user id, so it cannot give a pod user ids of its own")
	}
	if options.GetPid() == runtimeapi.NamespaceMode_POD {
		return nil, cannot("`shareProcessNamespace: true` is not supported by the local cluster")
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(q.Config.LogDirectory, 0o755); q.Config.LogDirectory != "" && err != nil {
		return nil, err
	}
	s.host = options.GetNetwork() == runtimeapi.NamespaceMode_NODE
	if err := s.writeFiles(); err != nil {
		return nil, err
	}
	if err := r.connect(s); err != nil {
		_ = os.RemoveAll(s.dir)
		return nil, fmt.Errorf("the pod's network: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sandboxes[s.id] = s
	return &runtimeapi.RunPodSandboxResponse{PodSandboxId: s.id}, nil
}

func (s *sandbox) hostname() string {
	if s.config.Hostname != "" {
		return s.config.Hostname
	}
	return "slipway"
}

func (s *sandbox) writeFiles() error {
	var b strings.Builder
	dns := s.config.GetDnsConfig()
	for _, server := range dns.GetServers() {
		fmt.Fprintf(&b, "nameserver %s\n", server)
	}
	if len(dns.GetSearches()) > 0 {
		fmt.Fprintf(&b, "search %s\n", strings.Join(dns.GetSearches(), " "))
	}
	if len(dns.GetOptions()) > 0 {
		fmt.Fprintf(&b, "options %s\n", strings.Join(dns.GetOptions(), " "))
	}
	if err := os.WriteFile(filepath.Join(s.dir, "resolv.conf"), []byte(b.String()), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, "hostname"), []byte(s.hostname()+"\n"), 0o644)
}

// connect makes the namespaces; a pod in the host's network has the cluster's.
func (r *Runtime) connect(s *sandbox) error {
	flags := unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS
	if s.host {
		flags = unix.CLONE_NEWIPC
		s.address = r.options.Bridge
	}
	fds, err := newNamespaces(flags, func() error {
		if s.host {
			return nil
		}
		if err := unix.Sethostname([]byte(s.hostname())); err != nil {
			return err
		}
		sysctls := map[string]string{"net.ipv4.ip_unprivileged_port_start": "0"}
		for k, v := range s.config.GetLinux().GetSysctls() {
			sysctls[k] = v
		}
		for k, v := range sysctls {
			if err := os.WriteFile("/proc/sys/"+strings.ReplaceAll(k, ".", "/"), []byte(v), 0); err != nil {
				return fmt.Errorf("sysctl `%s`: %w", k, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.fds = fds
	if s.host {
		return nil
	}
	s.address = r.takeAddress()
	s.link = "veth" + s.id[:10]
	if err := s.wire(); err != nil {
		r.release(s)
		return err
	}
	return nil
}

func (s *sandbox) wire() error {
	bridge, err := netlink.LinkByName("pods")
	if err != nil {
		return err
	}
	ns := s.fds[unix.CLONE_NEWNET]
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: s.link, MasterIndex: bridge.Attrs().Index}, PeerName: "eth0", PeerNamespace: netlink.NsFd(ns.Fd())}
	if err := netlink.LinkAdd(veth); err != nil {
		return fmt.Errorf("add a pair of links: %w", err)
	}
	if err := netlink.LinkSetUp(veth); err != nil {
		return err
	}
	h, err := netlink.NewHandleAt(netns.NsHandle(ns.Fd()))
	if err != nil {
		return err
	}
	defer h.Close()
	lo, err := h.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := h.LinkSetUp(lo); err != nil {
		return err
	}
	eth, err := h.LinkByName("eth0")
	if err != nil {
		return err
	}
	address, err := netlink.ParseAddr(s.address + "/16")
	if err != nil {
		return err
	}
	if err := h.AddrAdd(eth, address); err != nil {
		return err
	}
	if err := h.LinkSetUp(eth); err != nil {
		return err
	}
	gateway, _, err := net.ParseCIDR("10.44.0.1/16")
	if err != nil {
		return err
	}
	return h.RouteAdd(&netlink.Route{LinkIndex: eth.Attrs().Index, Gw: gateway})
}

// takeAddress gives addresses in turn, so that one that was just freed is not another pod's at once.
func (r *Runtime) takeAddress() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		r.next = r.next%65533 + 1
		a := fmt.Sprintf("10.44.%d.%d", r.next>>8, r.next&0xff)
		if a != r.options.Bridge && !r.addresses[a] {
			r.addresses[a] = true
			return a
		}
	}
}

func (r *Runtime) release(s *sandbox) {
	if s.link != "" {
		if link, err := netlink.LinkByName(s.link); err == nil {
			_ = netlink.LinkDel(link)
		}
		s.link = ""
	}
	closeAll(s.fds)
	s.fds = nil
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.addresses, s.address)
}

func (r *Runtime) sandbox(id string) (*sandbox, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.sandboxes[id]; s != nil {
		return s, nil
	}
	return nil, missing("pod sandbox", id)
}

func (r *Runtime) containersOf(id string) (of []*container) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.containers {
		if c.sandbox.id == id {
			of = append(of, c)
		}
	}
	return of
}

// StopPodSandbox ends what still runs in the pod and takes its network away.
func (r *Runtime) StopPodSandbox(_ context.Context, q *runtimeapi.StopPodSandboxRequest) (*runtimeapi.StopPodSandboxResponse, error) {
	s, err := r.sandbox(q.PodSandboxId)
	if err != nil {
		return &runtimeapi.StopPodSandboxResponse{}, nil
	}
	for _, c := range r.containersOf(s.id) {
		c.kill()
	}
	r.mu.Lock()
	was := s.ready
	s.ready = false
	r.mu.Unlock()
	if was {
		r.release(s)
	}
	return &runtimeapi.StopPodSandboxResponse{}, nil
}

// RemovePodSandbox forgets the pod.
func (r *Runtime) RemovePodSandbox(ctx context.Context, q *runtimeapi.RemovePodSandboxRequest) (*runtimeapi.RemovePodSandboxResponse, error) {
	if _, err := r.StopPodSandbox(ctx, &runtimeapi.StopPodSandboxRequest{PodSandboxId: q.PodSandboxId}); err != nil {
		return nil, err
	}
	for _, c := range r.containersOf(q.PodSandboxId) {
		if _, err := r.RemoveContainer(ctx, &runtimeapi.RemoveContainerRequest{ContainerId: c.id}); err != nil {
			return nil, err
		}
	}
	r.mu.Lock()
	s := r.sandboxes[q.PodSandboxId]
	delete(r.sandboxes, q.PodSandboxId)
	r.mu.Unlock()
	if s != nil {
		_ = os.RemoveAll(s.dir)
	}
	return &runtimeapi.RemovePodSandboxResponse{}, nil
}

func (s *sandbox) state() runtimeapi.PodSandboxState {
	if s.ready {
		return runtimeapi.PodSandboxState_SANDBOX_READY
	}
	return runtimeapi.PodSandboxState_SANDBOX_NOTREADY
}

// PodSandboxStatus tells the pod's address.
func (r *Runtime) PodSandboxStatus(_ context.Context, q *runtimeapi.PodSandboxStatusRequest) (*runtimeapi.PodSandboxStatusResponse, error) {
	s, err := r.sandbox(q.PodSandboxId)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	status := &runtimeapi.PodSandboxStatus{Id: s.id, Metadata: s.config.Metadata, State: s.state(), CreatedAt: s.created.UnixNano(),
		Network: &runtimeapi.PodSandboxNetworkStatus{Ip: s.address}, Labels: s.config.Labels, Annotations: s.config.Annotations,
		Linux: &runtimeapi.LinuxPodSandboxStatus{Namespaces: &runtimeapi.Namespace{Options: s.namespaceOptions()}}}
	return &runtimeapi.PodSandboxStatusResponse{Status: status, Timestamp: time.Now().UnixNano()}, nil
}

// ListPodSandbox lists by id, state and labels.
func (r *Runtime) ListPodSandbox(_ context.Context, q *runtimeapi.ListPodSandboxRequest) (*runtimeapi.ListPodSandboxResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	answer := &runtimeapi.ListPodSandboxResponse{}
	f := q.GetFilter()
	for _, s := range r.sandboxes {
		if f.GetId() != "" && f.GetId() != s.id || f.GetState() != nil && f.GetState().State != s.state() || !matches(s.config.Labels, f.GetLabelSelector()) {
			continue
		}
		answer.Items = append(answer.Items, &runtimeapi.PodSandbox{Id: s.id, Metadata: s.config.Metadata, State: s.state(),
			CreatedAt: s.created.UnixNano(), Labels: s.config.Labels, Annotations: s.config.Annotations})
	}
	return answer, nil
}

func matches(labels, selector map[string]string) bool {
	for k, v := range selector {
		if labels[k] != v {
			return false
		}
	}
	return true
}
