package node

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"slipway.dev/cluster/child"
	"slipway.dev/cluster/pki"
)

// Paths inside the namespace.
const (
	CRISocket = "/run/cri.sock"
	Outside   = State + "/out.sock"
)

func pkiPath(name string) string { return filepath.Join(State, "pki", name) }

// certificates makes every identity of the cluster.
func certificates(cfg *Config) (*pki.Dir, error) {
	d, err := pki.Open(pkiPath(""))
	if err != nil {
		return nil, err
	}
	if err := d.SigningKey("sa"); err != nil {
		return nil, err
	}
	hosts := append([]string{"127.0.0.1", Bridge, APIService, "localhost", "kubernetes", "kubernetes.default",
		"kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}, cfg.SANs...)
	if err := d.Server("apiserver", hosts); err != nil {
		return nil, err
	}
	if err := d.Server("kubelet-serving", []string{Bridge, Name}); err != nil {
		return nil, err
	}
	// etcd has an authority of its own: whoever holds a certificate of the cluster's must not reach past the API server.
	e, err := pki.Open(pkiPath("etcd"))
	if err != nil {
		return nil, err
	}
	if err := e.Server("server", []string{"127.0.0.1"}); err != nil {
		return nil, err
	}
	if err := e.Client("client", "apiserver"); err != nil {
		return nil, err
	}
	for _, c := range []struct{ name, user, group string }{
		{"admin", "slipway-admin", "system:masters"},
		{"controller-manager", "system:kube-controller-manager", ""},
		{"scheduler", "system:kube-scheduler", ""},
		{"kubelet", "system:node:" + Name, "system:nodes"},
		{"apiserver-kubelet", "kube-apiserver-kubelet-client", "system:masters"},
		{"proxy", "system:kube-proxy", ""},
		{"coredns", "system:coredns", ""},
	} {
		var groups []string
		if c.group != "" {
			groups = []string{c.group}
		}
		if err := d.Client(c.name, c.user, groups...); err != nil {
			return nil, err
		}
		if err := d.Kubeconfig(pkiPath(c.name+".kubeconfig"), fmt.Sprintf("https://127.0.0.1:%d", APIPort), c.name); err != nil {
			return nil, err
		}
	}
	return d, d.Kubeconfig(filepath.Join(State, "kubeconfig"), "https://"+cfg.APIAddress, "admin")
}

const kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: ` + Bridge + `
port: 10250
readOnlyPort: 0
healthzPort: 0
containerRuntimeEndpoint: unix://` + CRISocket + `
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: ` + State + `/pki/ca.crt}
authorization: {mode: Webhook}
tlsCertFile: ` + State + `/pki/kubelet-serving.crt
tlsPrivateKeyFile: ` + State + `/pki/kubelet-serving.key
clusterDNS: [` + DNS + `]
clusterDomain: cluster.local
resolvConf: ""
cgroupsPerQOS: false
enforceNodeAllocatable: []
failSwapOn: false
failCgroupV1: false
localStorageCapacityIsolation: false
makeIPTablesUtilChains: false
evictionHard: {memory.available: "0%", nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%", imagefs.inodesFree: "0%"}
imageGCHighThresholdPercent: 100
serializeImagePulls: false
registerNode: true
nodeStatusUpdateFrequency: 10s
syncFrequency: 10s
fileCheckFrequency: 20s
featureGates: {KubeletInUserNamespace: true}
`

// Corefile is CoreDNS's configuration. Only the cluster's own names are answered: the way out is the proxy, by name.
const Corefile = `.:53 {
    bind ` + DNS + `
    errors
    kubernetes cluster.local in-addr.arpa {
        kubeconfig ` + State + `/pki/coredns.kubeconfig
        pods insecure
        ttl 5
    }
    cache 5
}
`

type component struct {
	role string
	args []string
}

func etcd() component {
	return component{role: "etcd", args: []string{State + "/etcd", pkiPath("etcd")}}
}

func apiserver(cfg *Config) component {
	args := []string{
		"--etcd-servers=https://127.0.0.1:2379", "--etcd-cafile=" + pkiPath("etcd/ca.crt"),
		"--etcd-certfile=" + pkiPath("etcd/client.crt"), "--etcd-keyfile=" + pkiPath("etcd/client.key"),
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", APIPort),
		"--tls-cert-file=" + pkiPath("apiserver.crt"), "--tls-private-key-file=" + pkiPath("apiserver.key"),
		"--client-ca-file=" + pkiPath("ca.crt"),
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--service-cluster-ip-range=" + Services,
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + pkiPath("sa.pub"), "--service-account-signing-key-file=" + pkiPath("sa.key"),
		"--allow-privileged=true",
		"--kubelet-certificate-authority=" + pkiPath("ca.crt"),
		"--kubelet-client-certificate=" + pkiPath("apiserver-kubelet.crt"), "--kubelet-client-key=" + pkiPath("apiserver-kubelet.key"),
		"--kubelet-preferred-address-types=InternalIP",
		"--endpoint-reconciler-type=none",
		"-v=1",
	}
	if cfg.AuthenticationConfig != "" {
		args = append(args, "--authentication-config="+filepath.Join(State, cfg.AuthenticationConfig))
	}
	return component{role: "apiserver", args: args}
}

func controllerManager() component {
	kc := pkiPath("controller-manager.kubeconfig")
	return component{role: "controller-manager", args: []string{
		"--kubeconfig=" + kc, "--authentication-kubeconfig=" + kc, "--authorization-kubeconfig=" + kc,
		"--service-account-private-key-file=" + pkiPath("sa.key"), "--root-ca-file=" + pkiPath("ca.crt"),
		"--use-service-account-credentials=true", "--leader-elect=false", "--bind-address=127.0.0.1",
		"--controllers=*,-node-ipam-controller", "--kube-api-qps=300", "--kube-api-burst=600",
	}}
}

func scheduler() component {
	kc := pkiPath("scheduler.kubeconfig")
	return component{role: "scheduler", args: []string{"--kubeconfig=" + kc, "--authentication-kubeconfig=" + kc,
		"--authorization-kubeconfig=" + kc, "--leader-elect=false", "--bind-address=127.0.0.1"}}
}

func kubelet() component {
	return component{role: "kubelet", args: []string{"--config=" + State + "/kubelet.yaml",
		"--kubeconfig=" + pkiPath("kubelet.kubeconfig"), "--hostname-override=" + Name, "--node-ip=" + Bridge}}
}

func coredns() component { return component{role: "coredns"} }

// start runs a component as a process of its own, with its output in logs/ROLE.log.
func (c component) start() (*child.Child, error) {
	log, err := os.Create(c.logPath())
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command("/proc/self/exe", append([]string{c.role}, c.args...)...)
	cmd.Args[0] = "slipway-cluster"
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Dir = State
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + State}
	return child.Start(cmd)
}

func (c component) logPath() string { return filepath.Join(State, "logs", c.role+".log") }
