package node

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"slipway.dev/cluster/cri"
	"slipway.dev/cluster/outside"
)

// The test's own program is the container runtime inside the namespaces, each container's first process, and the
// container's program: it is the only static program that is surely here.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "container":
			os.Exit(cri.ContainerMain())
		case "inside":
			if err := inside(os.Args[2], os.Args[3]); err != nil {
				fmt.Println("failed:", err)
				os.Exit(1)
			}
			os.Exit(0)
		case "workload":
			fmt.Println("uid", os.Getuid(), "gid", os.Getgid(), "args", os.Args[2:])
			os.Exit(3)
		}
	}
	os.Exit(m.Run())
}

func TestAContainerRunsInNamespacesOfAnUnprivilegedUser(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	at := server.Listener.Addr().String()
	tag, err := name.NewTag(at + "/team/app:1")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "app", Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(program))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(program); err != nil {
		t.Fatal(err)
	}
	w.Close()
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tag, img); err != nil {
		t.Fatal(err)
	}
	digest, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(state, "out.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go (&outside.Door{Reach: []string{at}}).Serve(l)
	cmd := exec.Command("/proc/self/exe", "inside", at, tag.Context().Digest(digest.String()).Name())
	cmd.Dir = state
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"root: exit 3 Error: stdout F uid 0 gid 0 args [one two]",
		"other: exit 3 Error: stdout F uid 1234 gid 99 args [one two]",
		"absent: exec: `/nothing`: no such file or directory",
		"imageRef " + tag.Context().Digest(digest.String()).Name(),
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("expected `%s` in:\n%s", want, out)
		}
	}
}

func inside(_, image string) error {
	if err := mounts(); err != nil {
		return err
	}
	if err := network(); err != nil {
		return err
	}
	r, err := cri.New(cri.Options{Images: State + "/images", Containers: State + "/containers", Socket: CRISocket, Outside: Outside, Bridge: Bridge})
	if err != nil {
		return err
	}
	ctx := context.Background()
	spec := &runtimeapi.ImageSpec{Image: image}
	pulled, err := r.PullImage(ctx, &runtimeapi.PullImageRequest{Image: spec})
	if err != nil {
		return err
	}
	pod, err := r.RunPodSandbox(ctx, &runtimeapi.RunPodSandboxRequest{Config: &runtimeapi.PodSandboxConfig{Hostname: "pod", LogDirectory: "/var/log/pod",
		Linux: &runtimeapi.LinuxPodSandboxConfig{SecurityContext: &runtimeapi.LinuxSandboxSecurityContext{
			NamespaceOptions: &runtimeapi.NamespaceOption{Pid: runtimeapi.NamespaceMode_CONTAINER}}}}})
	if err != nil {
		return err
	}
	for _, c := range []struct {
		name, command string
		security      *runtimeapi.LinuxContainerSecurityContext
	}{
		{"root", "/app", &runtimeapi.LinuxContainerSecurityContext{}},
		{"other", "/app", &runtimeapi.LinuxContainerSecurityContext{RunAsUser: &runtimeapi.Int64Value{Value: 1234}, RunAsGroup: &runtimeapi.Int64Value{Value: 99}}},
		{"absent", "/nothing", &runtimeapi.LinuxContainerSecurityContext{}},
	} {
		created, err := r.CreateContainer(ctx, &runtimeapi.CreateContainerRequest{PodSandboxId: pod.PodSandboxId, Config: &runtimeapi.ContainerConfig{
			Metadata: &runtimeapi.ContainerMetadata{Name: c.name}, Image: &runtimeapi.ImageSpec{Image: pulled.ImageRef, UserSpecifiedImage: image},
			Command: []string{c.command, "workload"}, Args: []string{"one", "two"}, LogPath: c.name + ".log",
			Linux: &runtimeapi.LinuxContainerConfig{SecurityContext: c.security}}})
		if err != nil {
			return err
		}
		if _, err := r.StartContainer(ctx, &runtimeapi.StartContainerRequest{ContainerId: created.ContainerId}); err != nil {
			fmt.Printf("%s: %v\n", c.name, err)
			continue
		}
		var status *runtimeapi.ContainerStatus
		err = poll(ctx, "the container has ended", 20*time.Second, func(ctx context.Context) (bool, error) {
			answer, err := r.ContainerStatus(ctx, &runtimeapi.ContainerStatusRequest{ContainerId: created.ContainerId})
			if err != nil {
				return false, err
			}
			status = answer.Status
			return status.State == runtimeapi.ContainerState_CONTAINER_EXITED, nil
		})
		if err != nil {
			return err
		}
		written, err := os.ReadFile(status.LogPath)
		if err != nil {
			return err
		}
		_, said, _ := strings.Cut(string(written), " ")
		fmt.Printf("%s: exit %d %s: %simageRef %s\n", c.name, status.ExitCode, status.Reason, said, status.ImageRef)
	}
	_, err = r.RemovePodSandbox(ctx, &runtimeapi.RemovePodSandboxRequest{PodSandboxId: pod.PodSandboxId})
	return err
}
