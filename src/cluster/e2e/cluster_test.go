// Package e2e judges the running cluster with kubectl, which we did not write. It runs where SLIPWAY_TEST_CLUSTER names
// the built program and SLIPWAY_TEST_KUBECTL a kubectl.
package e2e

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
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
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

var (
	program    = os.Getenv("SLIPWAY_TEST_CLUSTER")
	kubectl    = os.Getenv("SLIPWAY_TEST_KUBECTL")
	state      string
	registryAt string
	image      string
	stop       func() error
	running    *exec.Cmd
)

func TestMain(m *testing.M) {
	if program == "" || kubectl == "" {
		fmt.Println("skipped: SLIPWAY_TEST_CLUSTER and SLIPWAY_TEST_KUBECTL are not set")
		os.Exit(0)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	base, err := os.MkdirTemp("", "slipway-cluster-")
	if err != nil {
		log.Print(err)
		return 1
	}
	defer os.RemoveAll(base)
	state = filepath.Join(base, "state")
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	registryAt = server.Listener.Addr().String()
	if image, err = push(base); err != nil {
		log.Print(err)
		return 1
	}
	if stop, err = start(); err != nil {
		log.Print(err)
		return 1
	}
	code := m.Run()
	if err := stop(); err != nil {
		log.Print(err)
		return 1
	}
	return code
}

// push builds the workload and gives its reference by digest.
func push(base string) (string, error) {
	binary := filepath.Join(base, "app")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./app")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range []tar.Header{{Name: "app", Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(content))},
		{Name: "etc/passwd", Typeflag: tar.TypeReg, Mode: 0o644, Size: 0}, {Name: "tmp", Typeflag: tar.TypeDir, Mode: 0o1777}} {
		if err := w.WriteHeader(&h); err != nil {
			return "", err
		}
		if h.Size > 0 {
			if _, err := w.Write(content); err != nil {
				return "", err
			}
		}
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil })
	if err != nil {
		return "", err
	}
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return "", err
	}
	img, err = mutate.ConfigFile(img, &v1.ConfigFile{OS: "linux", Architecture: "amd64", RootFS: mustRootFS(img),
		Config: v1.Config{Entrypoint: []string{"/app"}, Env: []string{"PATH=/"}}})
	if err != nil {
		return "", err
	}
	tag, err := name.NewTag(registryAt + "/team/app:1")
	if err != nil {
		return "", err
	}
	if err := remote.Write(tag, img); err != nil {
		return "", err
	}
	digest, err := img.Digest()
	return tag.Context().Digest(digest.String()).Name(), err
}

func mustRootFS(img v1.Image) v1.RootFS {
	c, err := img.ConfigFile()
	if err != nil {
		panic(err)
	}
	return c.RootFS
}

// start runs the cluster until it says that the node is ready.
func start() (stop func() error, err error) {
	cmd := exec.Command(program, "up", "--state", state, "--reach", registryAt)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	running = cmd
	s := bufio.NewScanner(out)
	for s.Scan() {
		fmt.Println(s.Text())
		if strings.HasPrefix(s.Text(), "KUBECONFIG=") {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return func() error {
				if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
					return err
				}
				return cmd.Wait()
			}, nil
		}
	}
	return nil, fmt.Errorf("the cluster did not start: %v", cmd.Wait())
}

// kube runs kubectl and gives what it printed, both streams.
func kube(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, kubectl, append([]string{"--kubeconfig", filepath.Join(state, "kubeconfig")}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = []string{"HOME=" + state, "PATH=" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func must(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, err := kube(t, stdin, args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func contains(t *testing.T, got, want string) {
	t.Helper()
	if !strings.Contains(got, want) {
		t.Errorf("expected `%s` in:\n%s", want, got)
	}
}

// namespace gives each test one of its own.
func namespace(t *testing.T) string {
	n := strings.ToLower(strings.NewReplacer("Test", "", "/", "-").Replace(t.Name()))
	n = n[:min(len(n), 40)]
	must(t, "", "create", "namespace", n)
	t.Cleanup(func() {
		cmd := exec.Command(kubectl, "--kubeconfig", filepath.Join(state, "kubeconfig"), "delete", "namespace", n, "--wait=false")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	return n
}

// job runs the workload once as a pod and gives its log when it has ended.
func once(t *testing.T, ns, name, spec string) string {
	t.Helper()
	must(t, fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":%q},"spec":{"restartPolicy":"Never","terminationGracePeriodSeconds":1,%s}}`, name, spec),
		"-n", ns, "apply", "-f", "-")
	out, err := kube(t, "", "-n", ns, "wait", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=30s", "pod/"+name)
	if err != nil {
		about, _ := kube(t, "", "-n", ns, "describe", "pod", name)
		said, _ := kube(t, "", "-n", ns, "logs", name)
		t.Fatalf("%s\n%s\n%s", out, about, said)
	}
	return must(t, "", "-n", ns, "logs", name)
}
