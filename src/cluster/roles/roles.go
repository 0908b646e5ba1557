// Package roles runs Kubernetes' own programs. Each needs a process of its own: they install signal handlers, feature
// gates and log settings that can be set only once.
package roles

import (
	"context"
	"fmt"
	"net/url"
	"os"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	_ "github.com/coredns/coredns/plugin/bind"       // directive of our Corefile
	_ "github.com/coredns/coredns/plugin/cache"      // directive of our Corefile
	_ "github.com/coredns/coredns/plugin/errors"     // directive of our Corefile
	_ "github.com/coredns/coredns/plugin/kubernetes" // directive of our Corefile
	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	"slipway.dev/cluster/node"
)

// Main runs the role, if it is one of these.
func Main(role string, args []string) (code int, known bool) {
	switch role {
	case "etcd":
		return report(etcd(args[0], args[1])), true
	case "coredns":
		return report(coredns()), true
	case "apiserver":
		return run(apiserver.NewAPIServerCommand(), args), true
	case "controller-manager":
		return run(controllers.NewControllerManagerCommand(), args), true
	case "scheduler":
		return run(scheduler.NewSchedulerCommand(), args), true
	case "kubelet":
		if err := pretendChown(); err != nil {
			return report(err), true
		}
		return run(kubelet.NewKubeletCommand(context.Background()), args), true
	}
	return 0, false
}

func run(cmd *cobra.Command, args []string) int {
	// The kubelet parses os.Args itself.
	os.Args = append([]string{os.Args[0]}, args...)
	cmd.SetArgs(args)
	return cli.Run(cmd)
}

func report(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// etcd serves on the namespace's loopback, to holders of a certificate of its own authority: a pod in the host's network
// shares that loopback.
func etcd(dir, certificates string) error {
	cfg := embed.NewConfig()
	cfg.Dir = dir
	client := url.URL{Scheme: "https", Host: "127.0.0.1:2379"}
	peer := url.URL{Scheme: "https", Host: "127.0.0.1:2380"}
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	cfg.ClientTLSInfo.CertFile, cfg.ClientTLSInfo.KeyFile = certificates+"/server.crt", certificates+"/server.key"
	cfg.ClientTLSInfo.TrustedCAFile, cfg.ClientTLSInfo.ClientCertAuth = certificates+"/ca.crt", true
	cfg.PeerTLSInfo = cfg.ClientTLSInfo
	// The gateway would be a client without a client certificate.
	cfg.EnableGRPCGateway = false
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	cfg.UnsafeNoFsync = true
	cfg.LogLevel = "warn"
	e, err := embed.StartEtcd(cfg)
	if err != nil {
		return err
	}
	return <-e.Err()
}

func coredns() error {
	dnsserver.Quiet = true
	text, err := os.ReadFile(node.State + "/Corefile")
	if err != nil {
		return err
	}
	instance, err := caddy.Start(caddy.CaddyfileInput{Filepath: "Corefile", Contents: text, ServerTypeName: "dns"})
	if err != nil {
		return err
	}
	instance.Wait()
	return nil
}
