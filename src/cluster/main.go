// Command slipway-cluster is a Kubernetes cluster of one node, without root: Kubernetes' own components, and a small
// container runtime and Service proxy of ours. One binary, a role per process (README.md says why).
package main

import (
	"fmt"
	"os"

	"slipway.dev/cluster/cri"
	"slipway.dev/cluster/node"
	"slipway.dev/cluster/roles"
	"slipway.dev/cluster/up"
)

const usage = `usage: slipway-cluster up --state DIR [--api-port N] [--proxy URL] [--registry-ca FILE] [--reach HOST:PORT]...
                          [--san NAME]... [--authentication-config FILE]

Starts the cluster that lives in DIR and keeps it until it gets SIGINT or SIGTERM. Its kubeconfig is DIR/kubeconfig.
`

func main() {
	role, args := "", []string(nil)
	if len(os.Args) > 1 {
		role, args = os.Args[1], os.Args[2:]
	}
	switch role {
	case "up":
		os.Exit(up.Main(args))
	case "node":
		os.Exit(node.Main(args[0]))
	case "container":
		os.Exit(cri.ContainerMain())
	}
	if code, known := roles.Main(role, args); known {
		os.Exit(code)
	}
	fmt.Fprint(os.Stderr, usage)
	os.Exit(2)
}
