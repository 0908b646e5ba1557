// Package node is the inside of a cluster: the first process of its namespaces. It lays out mounts and network, makes the
// certificates, starts Kubernetes' own components as processes, serves the container runtime and the Service proxy, and
// ends everything when one of them ends.
package node

import (
	"encoding/json"
	"fmt"
	"os"
)

// Addresses that are the same in every cluster: each has a network namespace of its own.
const (
	Bridge      = "10.44.0.1"
	PodNetwork  = "10.44.0.0/16"
	Services    = "10.0.0.0/24"
	APIService  = "10.0.0.1"
	DNS         = "10.0.0.10"
	APIPort     = 6443
	KubeletPort = 10250
	Name        = "slipway"
	// State is where the state folder appears inside.
	State = "/run/slipway"
)

// Files that the parent hands over.
const (
	ReportFD = 3
	ListenFD = 4
)

// Config is what `up` tells the inside, as JSON in the argument.
type Config struct {
	// SANs are further names for the API server's certificate.
	SANs []string `json:"sans"`
	// APIAddress is where the host reaches the API server.
	APIAddress string `json:"apiAddress"`
	// AuthenticationConfig, when set, is the name of a file in the state folder.
	AuthenticationConfig string `json:"authenticationConfig"`
	// RegistryCA, when set, is the name of a PEM file in the state folder.
	RegistryCA string `json:"registryCA"`
}

// Report is one line from the inside to `up`.
type Report struct {
	Step   string `json:"step,omitempty"`
	Ready  bool   `json:"ready,omitempty"`
	Failed string `json:"failed,omitempty"`
	Hint   string `json:"hint,omitempty"`
}

func report(r Report) {
	b, err := json.Marshal(r)
	if err != nil {
		return
	}
	_, _ = reportFile.Write(append(b, '\n'))
}

var reportFile = os.NewFile(ReportFD, "report")

// refused is an operation that the kernel or its policy did not allow.
type refused struct {
	what string
	err  error
}

func (r *refused) Error() string { return fmt.Sprintf("%s was refused: %v", r.what, r.err) }
func (r *refused) Unwrap() error { return r.err }
