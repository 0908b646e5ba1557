// Package cri is the container runtime below the kubelet: a server of the Container Runtime Interface for images from OCI
// registries, and processes in namespaces, for one unprivileged user with one mapped id.
package cri

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/cri-streaming/pkg/streaming"
)

// Options are the places that the runtime uses.
type Options struct {
	Images, Containers string
	Socket             string
	Outside            string
	Bridge             string
	RegistryCA         string
}

// Runtime serves the kubelet. Its state of containers is in memory: they cannot outlive it, since it is in the first
// process of their pid namespace.
type Runtime struct {
	runtimeapi.UnimplementedRuntimeServiceServer
	runtimeapi.UnimplementedImageServiceServer
	options Options
	images  *images
	overlay bool
	streams streaming.Server

	mu         sync.Mutex
	sandboxes  map[string]*sandbox
	containers map[string]*container
	addresses  map[string]bool
	next       uint32
}

// New prepares the folders. Nothing of an earlier run's containers is of use: they are removed.
func New(o Options) (*Runtime, error) {
	if err := os.RemoveAll(o.Containers); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Containers, 0o700); err != nil {
		return nil, err
	}
	store, err := openImages(o)
	if err != nil {
		return nil, err
	}
	r := &Runtime{options: o, images: store, sandboxes: map[string]*sandbox{}, containers: map[string]*container{}, addresses: map[string]bool{}, next: 1}
	r.overlay = overlayWorks(o.Containers)
	config := streaming.DefaultConfig
	config.Addr = "127.0.0.1:0"
	r.streams, err = streaming.NewServer(config, streamRuntime{r})
	return r, err
}

// Serve answers the kubelet on the socket until it fails.
func (r *Runtime) Serve() error {
	l, err := net.Listen("unix", r.options.Socket)
	if err != nil {
		return err
	}
	failed := make(chan error, 2)
	go func() { failed <- r.streams.Start(true) }()
	s := grpc.NewServer(grpc.MaxRecvMsgSize(16<<20), grpc.MaxSendMsgSize(16<<20))
	runtimeapi.RegisterRuntimeServiceServer(s, r)
	runtimeapi.RegisterImageServiceServer(s, r)
	go func() { failed <- s.Serve(l) }()
	return <-failed
}

// StopAll asks every container to end and waits at most limit.
func (r *Runtime) StopAll(limit time.Duration) {
	r.mu.Lock()
	var running []*container
	for _, c := range r.containers {
		if c.state == runtimeapi.ContainerState_CONTAINER_RUNNING {
			running = append(running, c)
		}
	}
	r.mu.Unlock()
	deadline := time.After(limit)
	for _, c := range running {
		_ = c.process.Signal(c.stopSignal)
	}
	for _, c := range running {
		select {
		case <-c.ended:
		case <-deadline:
			return
		}
	}
}

// Version names the runtime.
func (r *Runtime) Version(context.Context, *runtimeapi.VersionRequest) (*runtimeapi.VersionResponse, error) {
	return &runtimeapi.VersionResponse{Version: "0.1.0", RuntimeName: "slipway", RuntimeVersion: "0.1.0", RuntimeApiVersion: "v1"}, nil
}

// Status is ready as long as the server answers: there is no part that could be down by itself.
func (r *Runtime) Status(context.Context, *runtimeapi.StatusRequest) (*runtimeapi.StatusResponse, error) {
	return &runtimeapi.StatusResponse{Status: &runtimeapi.RuntimeStatus{Conditions: []*runtimeapi.RuntimeCondition{
		{Type: runtimeapi.RuntimeReady, Status: true}, {Type: runtimeapi.NetworkReady, Status: true},
	}}}, nil
}

// UpdateRuntimeConfig tells the pods' address range, which is fixed here.
func (r *Runtime) UpdateRuntimeConfig(context.Context, *runtimeapi.UpdateRuntimeConfigRequest) (*runtimeapi.UpdateRuntimeConfigResponse, error) {
	return &runtimeapi.UpdateRuntimeConfigResponse{}, nil
}

func missing(kind, id string) error {
	return notFound(fmt.Sprintf("%s `%s` is not there", kind, id))
}
