package cri

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"slipway.dev/cluster/child"
)

type container struct {
	id       string
	sandbox  *sandbox
	config   *runtimeapi.ContainerConfig
	image    *image
	dir      string
	spec     *spec
	created  time.Time
	attempts sync.Mutex

	// guarded by Runtime.mu
	state      runtimeapi.ContainerState
	started    time.Time
	finished   time.Time
	exit       int32
	reason     string
	message    string
	process    *child.Child
	stopSignal syscall.Signal
	log        *logWriter
	stdin      *os.File
	terminal   *os.File
	ended      chan struct{}
}

// CreateContainer decides everything that can be wrong before anything runs.
func (r *Runtime) CreateContainer(_ context.Context, q *runtimeapi.CreateContainerRequest) (*runtimeapi.CreateContainerResponse, error) {
	s, err := r.sandbox(q.PodSandboxId)
	if err != nil {
		return nil, err
	}
	img := r.images.find(q.Config.GetImage().GetImage())
	if img == nil {
		return nil, missing("image", q.Config.GetImage().GetImage())
	}
	c := &container{id: newID(), sandbox: s, config: q.Config, image: img, created: time.Now(),
		state: runtimeapi.ContainerState_CONTAINER_CREATED, ended: make(chan struct{})}
	c.dir = filepath.Join(r.options.Containers, c.id)
	if c.stopSignal, err = stopSignal(q.Config.StopSignal, img.Config.StopSignal); err != nil {
		return nil, err
	}
	if c.spec, err = r.newSpec(c); err != nil {
		return nil, err
	}
	for _, d := range []string{"upper", "work", "root"} {
		if err := os.MkdirAll(filepath.Join(c.dir, d), 0o755); err != nil {
			return nil, err
		}
	}
	if !r.overlay {
		if err := copyTree(c.spec.Lower, c.spec.Merged); err != nil {
			return nil, fmt.Errorf("copy the image's files: %w", err)
		}
		c.spec.Lower = ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.containers[c.id] = c
	return &runtimeapi.CreateContainerResponse{ContainerId: c.id}, nil
}

func stopSignal(asked runtimeapi.Signal, image string) (syscall.Signal, error) {
	text := image
	if asked != runtimeapi.Signal_SIGNAL_RUNTIME_DEFAULT {
		text = strings.TrimPrefix(asked.String(), "SIGNAL_")
	}
	if text == "" {
		return syscall.SIGTERM, nil
	}
	var number int
	if _, err := fmt.Sscanf(text, "%d", &number); err == nil && number > 0 && number < 65 {
		return syscall.Signal(number), nil
	}
	if !strings.HasPrefix(text, "SIG") {
		text = "SIG" + text
	}
	if n := unix.SignalNum(text); n != 0 {
		return n, nil
	}
	return 0, fmt.Errorf("stop signal `%s` is not known", text)
}

func (r *Runtime) container(id string) (*container, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.containers[id]; c != nil {
		return c, nil
	}
	return nil, missing("container", id)
}

// StartContainer starts the process. What goes wrong before the image's own program runs ends the container with
// reason StartError, as other runtimes do.
func (r *Runtime) StartContainer(_ context.Context, q *runtimeapi.StartContainerRequest) (*runtimeapi.StartContainerResponse, error) {
	c, err := r.container(q.ContainerId)
	if err != nil {
		return nil, err
	}
	c.attempts.Lock()
	defer c.attempts.Unlock()
	r.mu.Lock()
	state, ready := c.state, c.sandbox.ready
	r.mu.Unlock()
	if state != runtimeapi.ContainerState_CONTAINER_CREATED {
		return nil, fmt.Errorf("container `%s` was started already", c.id)
	}
	if !ready {
		return nil, fmt.Errorf("the pod of container `%s` has ended", c.id)
	}
	path := ""
	if c.config.LogPath != "" {
		path = filepath.Join(c.sandbox.config.LogDirectory, c.config.LogPath)
	}
	if c.log, err = openLog(path); err != nil {
		return nil, err
	}
	if err := r.launch(c); err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		c.started, c.finished = time.Now(), time.Now()
		c.state, c.exit, c.reason, c.message = runtimeapi.ContainerState_CONTAINER_EXITED, 128, "StartError", err.Error()
		c.log.close()
		close(c.ended)
		return nil, err
	}
	return &runtimeapi.StartContainerResponse{}, nil
}

// streams are the container's ends of its standard streams, and what is to be done with ours.
type streams struct {
	theirs  [3]*os.File
	outputs map[string]*os.File
}

func (c *container) openStreams() (*streams, error) {
	s := &streams{outputs: map[string]*os.File{}}
	if c.config.Tty {
		controller, terminal, err := openTerminal()
		if err != nil {
			return nil, err
		}
		c.terminal = controller
		s.theirs = [3]*os.File{terminal, terminal, terminal}
		s.outputs["stdout"] = controller
		return s, nil
	}
	in, err := os.Open("/dev/null")
	if c.config.Stdin {
		var w *os.File
		if in, w, err = os.Pipe(); err == nil {
			c.stdin = w
		}
	}
	if err != nil {
		return nil, err
	}
	s.theirs[0] = in
	for i, name := range []string{"stdout", "stderr"} {
		pr, pw, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		s.theirs[i+1] = pw
		s.outputs[name] = pr
	}
	return s, nil
}

// launch starts ContainerMain in new pid and mount namespaces within the pod's, and waits until it has become the
// image's program.
func (r *Runtime) launch(c *container) error {
	s, err := c.openStreams()
	if err != nil {
		return err
	}
	defer func() {
		for _, f := range s.theirs {
			f.Close()
		}
	}()
	encoded, err := json.Marshal(c.spec)
	if err != nil {
		return err
	}
	specR, specW, err := os.Pipe()
	if err != nil {
		return err
	}
	failR, failW, err := os.Pipe()
	if err != nil {
		return err
	}
	defer failR.Close()
	cmd := exec.Command("/proc/self/exe", "container")
	cmd.Args[0] = "slipway-cluster"
	cmd.Env = []string{}
	cmd.Dir = "/"
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.theirs[0], s.theirs[1], s.theirs[2]
	cmd.ExtraFiles = []*os.File{specR, failW}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS, Setsid: true, Setctty: c.config.Tty}
	var process *child.Child
	err = inNamespaces(c.sandbox.fds, func() error {
		var err error
		process, err = child.Start(cmd)
		return err
	})
	specR.Close()
	failW.Close()
	if err != nil {
		specW.Close()
		return err
	}
	_, err = specW.Write(encoded)
	specW.Close()
	if err == nil {
		var why []byte
		if why, err = io.ReadAll(failR); err == nil && len(why) > 0 {
			err = fmt.Errorf("%s", why)
		}
	}
	if err != nil {
		_ = process.Signal(syscall.SIGKILL)
		<-process.Done()
		return err
	}
	r.mu.Lock()
	c.process, c.started, c.state = process, time.Now(), runtimeapi.ContainerState_CONTAINER_RUNNING
	r.mu.Unlock()
	var pumps sync.WaitGroup
	for name, f := range s.outputs {
		pumps.Go(func() {
			c.log.pump(name, f)
			f.Close()
		})
	}
	go func() {
		code := process.ExitCode()
		pumps.Wait()
		c.log.close()
		if c.stdin != nil {
			c.stdin.Close()
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		c.finished, c.exit, c.state = time.Now(), int32(code), runtimeapi.ContainerState_CONTAINER_EXITED
		c.reason = "Completed"
		if code != 0 {
			c.reason = "Error"
		}
		close(c.ended)
	}()
	return nil
}

func (c *container) kill() {
	if c.process != nil {
		_ = c.process.Signal(syscall.SIGKILL)
		<-c.ended
	}
}

// StopContainer sends the stop signal, and kills after the timeout.
func (r *Runtime) StopContainer(ctx context.Context, q *runtimeapi.StopContainerRequest) (*runtimeapi.StopContainerResponse, error) {
	c, err := r.container(q.ContainerId)
	if err != nil {
		return &runtimeapi.StopContainerResponse{}, nil
	}
	r.mu.Lock()
	running := c.state == runtimeapi.ContainerState_CONTAINER_RUNNING
	if c.state == runtimeapi.ContainerState_CONTAINER_CREATED {
		c.state, c.finished = runtimeapi.ContainerState_CONTAINER_EXITED, time.Now()
	}
	r.mu.Unlock()
	if !running {
		return &runtimeapi.StopContainerResponse{}, nil
	}
	if q.Timeout > 0 {
		_ = c.process.Signal(c.stopSignal)
		select {
		case <-c.ended:
			return &runtimeapi.StopContainerResponse{}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Duration(q.Timeout) * time.Second):
		}
	}
	c.kill()
	return &runtimeapi.StopContainerResponse{}, nil
}

// RemoveContainer kills what still runs, and forgets it.
func (r *Runtime) RemoveContainer(_ context.Context, q *runtimeapi.RemoveContainerRequest) (*runtimeapi.RemoveContainerResponse, error) {
	c, err := r.container(q.ContainerId)
	if err != nil {
		return &runtimeapi.RemoveContainerResponse{}, nil
	}
	c.kill()
	r.mu.Lock()
	delete(r.containers, c.id)
	r.mu.Unlock()
	if err := forceRemove(c.dir); err != nil {
		return nil, err
	}
	return &runtimeapi.RemoveContainerResponse{}, nil
}

// ListContainers lists by id, pod, state and labels.
func (r *Runtime) ListContainers(_ context.Context, q *runtimeapi.ListContainersRequest) (*runtimeapi.ListContainersResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	answer := &runtimeapi.ListContainersResponse{}
	f := q.GetFilter()
	for _, c := range r.containers {
		if f.GetId() != "" && f.GetId() != c.id || f.GetPodSandboxId() != "" && f.GetPodSandboxId() != c.sandbox.id ||
			f.GetState() != nil && f.GetState().State != c.state || !matches(c.config.Labels, f.GetLabelSelector()) {
			continue
		}
		answer.Containers = append(answer.Containers, &runtimeapi.Container{Id: c.id, PodSandboxId: c.sandbox.id, Metadata: c.config.Metadata,
			Image: c.config.Image, ImageRef: c.image.ID, ImageId: c.image.ID, State: c.state, CreatedAt: c.created.UnixNano(),
			Labels: c.config.Labels, Annotations: c.config.Annotations})
	}
	return answer, nil
}

// ContainerStatus tells the image by the digest of its manifest: what a pod's status shows as imageID.
func (r *Runtime) ContainerStatus(_ context.Context, q *runtimeapi.ContainerStatusRequest) (*runtimeapi.ContainerStatusResponse, error) {
	c, err := r.container(q.ContainerId)
	if err != nil {
		return nil, err
	}
	reference := c.image.ID
	if len(c.image.Digests) > 0 {
		reference = c.image.digestFor(c.config.GetImage().GetUserSpecifiedImage())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	status := &runtimeapi.ContainerStatus{Id: c.id, Metadata: c.config.Metadata, State: c.state, CreatedAt: c.created.UnixNano(),
		Image: &runtimeapi.ImageSpec{Image: c.config.GetImage().GetUserSpecifiedImage()}, ImageRef: reference, ImageId: c.image.ID,
		ExitCode: c.exit, Reason: c.reason, Message: c.message, Labels: c.config.Labels, Annotations: c.config.Annotations,
		Mounts: c.config.Mounts}
	if status.Image.Image == "" {
		status.Image = c.config.Image
	}
	if !c.started.IsZero() {
		status.StartedAt = c.started.UnixNano()
	}
	if !c.finished.IsZero() {
		status.FinishedAt = c.finished.UnixNano()
	}
	if c.config.LogPath != "" {
		status.LogPath = filepath.Join(c.sandbox.config.LogDirectory, c.config.LogPath)
	}
	return &runtimeapi.ContainerStatusResponse{Status: status}, nil
}

// ReopenContainerLog is called after a rotation.
func (r *Runtime) ReopenContainerLog(_ context.Context, q *runtimeapi.ReopenContainerLogRequest) (*runtimeapi.ReopenContainerLogResponse, error) {
	c, err := r.container(q.ContainerId)
	if err != nil {
		return nil, err
	}
	if c.log == nil {
		return nil, fmt.Errorf("container `%s` has not been started", c.id)
	}
	return &runtimeapi.ReopenContainerLogResponse{}, c.log.reopen()
}

// UpdateContainerResources cannot enforce anything, as creation cannot: without cgroups limits are only noted.
func (r *Runtime) UpdateContainerResources(_ context.Context, q *runtimeapi.UpdateContainerResourcesRequest) (*runtimeapi.UpdateContainerResourcesResponse, error) {
	if _, err := r.container(q.ContainerId); err != nil {
		return nil, err
	}
	return &runtimeapi.UpdateContainerResourcesResponse{}, nil
}
