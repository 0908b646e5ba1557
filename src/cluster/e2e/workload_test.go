package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func deployment(name string, replicas int) string {
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s}
spec:
  replicas: %[2]d
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: app
        image: %[3]s
        env: [{name: GREETING, value: web}]
        ports: [{containerPort: 8080}]
        readinessProbe: {httpGet: {port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: %[1]s}
spec:
  selector: {app: %[1]s}
  ports: [{port: 80, targetPort: 8080}]
`, name, replicas, image)
}

func TestTheNodeIsReady(t *testing.T) {
	contains(t, must(t, "", "get", "nodes"), "slipway   Ready")
}

func TestADeploymentRunsLogsAndGoes(t *testing.T) {
	ns := namespace(t)
	must(t, deployment("web", 2), "-n", ns, "apply", "-f", "-")
	contains(t, must(t, "", "-n", ns, "rollout", "status", "deployment/web", "--timeout=60s"), "successfully rolled out")
	contains(t, must(t, "", "-n", ns, "logs", "deployment/web"), "serving as web")
	contains(t, must(t, "", "-n", ns, "logs", "deployment/web"), "on stderr")
	if got := must(t, "", "-n", ns, "get", "pods", "-o", "jsonpath={.items[0].status.containerStatuses[0].imageID}"); got != image {
		t.Errorf("the running digest is `%s`, deployed was `%s`", got, image)
	}
	must(t, "", "-n", ns, "delete", "deployment", "web", "--wait")
	must(t, "", "-n", ns, "wait", "--for=delete", "pod", "-l", "app=web", "--timeout=30s")
}

func TestServicesByNameAndAddress(t *testing.T) {
	ns := namespace(t)
	must(t, deployment("web", 2), "-n", ns, "apply", "-f", "-")
	must(t, "", "-n", ns, "rollout", "status", "deployment/web", "--timeout=60s")
	container := func(args string) string {
		return fmt.Sprintf(`"containers":[{"name":"c","image":%q,"args":[%s]}]`, image, args)
	}
	ip := must(t, "", "-n", ns, "get", "service", "web", "-o", "jsonpath={.spec.clusterIP}")
	contains(t, once(t, ns, "by-address", container(fmt.Sprintf(`"get","http://%s/"`, ip))), "200 hello from web-")
	contains(t, once(t, ns, "by-name", container(`"get","http://web/"`)), "200 hello from web-")
	contains(t, once(t, ns, "by-long-name", container(fmt.Sprintf(`"lookup","web.%s.svc.cluster.local"`, ns))), "["+ip+"]")
}

func TestExecAttachAndPortForward(t *testing.T) {
	ns := namespace(t)
	must(t, deployment("web", 1), "-n", ns, "apply", "-f", "-")
	must(t, "", "-n", ns, "rollout", "status", "deployment/web", "--timeout=60s")
	contains(t, must(t, "", "-n", ns, "exec", "deployment/web", "--", "/app", "say", "from", "exec"), "from exec")
	contains(t, must(t, "Ada\n", "-n", ns, "exec", "-i", "deployment/web", "--", "/app", "echo"), "you said Ada")
	out, err := kube(t, "", "-n", ns, "exec", "deployment/web", "--", "/app", "exit")
	if err == nil {
		t.Error("the exit code of the command was lost")
	}
	contains(t, out, "exit code 7")
	out, _ = kube(t, "", "-n", ns, "exec", "deployment/web", "--", "nothing-here")
	contains(t, out, "executable file not found in $PATH")

	// A terminal: kubectl asks for one only where its own input is one, so `script` gives it one.
	tty := exec.Command("script", "-qec", kubectl+" --kubeconfig "+filepath.Join(state, "kubeconfig")+" -n "+ns+" exec -it deployment/web -- /app tty", "/dev/null")
	if out, err := tty.CombinedOutput(); err != nil || !strings.Contains(string(out), "a terminal") {
		t.Errorf("exec -it: %v: %s", err, out)
	}

	cmd := exec.Command(kubectl, "--kubeconfig", filepath.Join(state, "kubeconfig"), "-n", ns, "port-forward", "deployment/web", ":8080")
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	line, err := bufio.NewReader(pipe).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	at := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(line)
	for range 3 {
		resp, err := http.Get("http://" + at + "/")
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		contains(t, string(b), "hello from web-")
	}
}

func TestAttachTalksToTheFirstProcess(t *testing.T) {
	ns := namespace(t)
	must(t, fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"asks"},"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":%q,"args":["echo"],"stdin":true,"stdinOnce":true}]}}`, image),
		"-n", ns, "apply", "-f", "-")
	must(t, "", "-n", ns, "wait", "--for=condition=Ready", "--timeout=30s", "pod/asks")
	contains(t, must(t, "Grace\n", "-n", ns, "attach", "-i", "asks"), "you said Grace")
}

func TestHowContainersEndIsSeen(t *testing.T) {
	ns := namespace(t)
	must(t, fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"fails"},"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":%q,"args":["exit"]}]}}`, image),
		"-n", ns, "apply", "-f", "-")
	must(t, "", "-n", ns, "wait", "--for=jsonpath={.status.phase}=Failed", "--timeout=30s", "pod/fails")
	if got := must(t, "", "-n", ns, "get", "pod", "fails", "-o", "jsonpath={.status.containerStatuses[0].state.terminated.exitCode}"); got != "7" {
		t.Errorf("exit code `%s`, expected 7", got)
	}
	must(t, fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"absent"},"spec":{"containers":[{"name":"c","image":"%s/team/nothing:1"}]}}`, registryAt),
		"-n", ns, "apply", "-f", "-")
	out, err := kube(t, "", "-n", ns, "wait", "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=ErrImagePull", "--timeout=30s", "pod/absent")
	if err != nil {
		t.Error(out)
	}
	must(t, fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"no-program"},"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":%q,"command":["/not-there"]}]}}`, image),
		"-n", ns, "apply", "-f", "-")
	out, err = kube(t, "", "-n", ns, "wait", "--for=jsonpath={.status.containerStatuses[0].state.terminated.reason}=StartError", "--timeout=30s", "pod/no-program")
	if err != nil {
		t.Error(out)
	}
}

func TestUsersPrivilegesAndReadOnlyRoots(t *testing.T) {
	ns := namespace(t)
	spec := func(context, args string) string {
		return fmt.Sprintf(`"containers":[{"name":"c","image":%q,"args":[%s],"securityContext":{%s}}]`, image, args, context)
	}
	contains(t, once(t, ns, "root", spec(``, `"id"`)), "uid 0 gid 0 pid 1")
	contains(t, once(t, ns, "other", spec(`"runAsUser":1234,"runAsGroup":99,"runAsNonRoot":true`, `"id"`)), "uid 1234 gid 99")
	token := once(t, ns, "token", spec(`"runAsUser":1234,"runAsNonRoot":true`, `"cat","/var/run/secrets/kubernetes.io/serviceaccount/token"`))
	if strings.Count(token, ".") != 2 {
		t.Errorf("another user cannot read its token: %d bytes", len(token))
	}
	out := once(t, ns, "dropped", spec(`"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"],"add":["KILL"]}`, `"id"`))
	contains(t, out, "CapBnd:\t0000000000000020")
	contains(t, out, "NoNewPrivs:\t1")
	contains(t, once(t, ns, "writes", spec(``, `"write","/file"`)), "")
	must(t, fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"readonly"},"spec":{"restartPolicy":"Never",%s}}`, spec(`"readOnlyRootFilesystem":true`, `"write","/file"`)),
		"-n", ns, "apply", "-f", "-")
	must(t, "", "-n", ns, "wait", "--for=jsonpath={.status.phase}=Failed", "--timeout=30s", "pod/readonly")
	contains(t, must(t, "", "-n", ns, "logs", "readonly"), "read-only file system")
	must(t, fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"refused"},"spec":{"restartPolicy":"Never",%s}}`, spec(`"runAsNonRoot":true`, `"id"`)),
		"-n", ns, "apply", "-f", "-")
	out, err := kube(t, "", "-n", ns, "wait", "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=CreateContainerConfigError", "--timeout=30s", "pod/refused")
	if err != nil {
		t.Error(out)
	}
}

func TestFilesOfTheCluster(t *testing.T) {
	ns := namespace(t)
	must(t, "", "-n", ns, "create", "configmap", "settings", "--from-literal=key=from the map")
	spec := fmt.Sprintf(`"volumes":[{"name":"v","configMap":{"name":"settings"}},{"name":"e","emptyDir":{}}],
		"initContainers":[{"name":"i","image":%[1]q,"args":["write","/shared/file"],"volumeMounts":[{"name":"e","mountPath":"/shared"}]}],
		"containers":[{"name":"c","image":%[1]q,"args":["cat",%[2]q],"volumeMounts":[{"name":"v","mountPath":"/settings"},{"name":"e","mountPath":"/shared"}]}]`, image, "%s")
	contains(t, once(t, ns, "map", fmt.Sprintf(spec, "/settings/key")), "from the map")
	contains(t, once(t, ns, "init", fmt.Sprintf(spec, "/shared/file")), "written")
	token := once(t, ns, "token", fmt.Sprintf(spec, "/var/run/secrets/kubernetes.io/serviceaccount/token"))
	if strings.Count(token, ".") != 2 {
		t.Errorf("expected a token, got %d bytes", len(token))
	}
}

func TestARestartKeepsStateAndPodsComeBack(t *testing.T) {
	ns := namespace(t)
	must(t, deployment("web", 1), "-n", ns, "apply", "-f", "-")
	must(t, "", "-n", ns, "rollout", "status", "deployment/web", "--timeout=60s")
	before := must(t, "", "-n", ns, "get", "pods", "-o", "jsonpath={.items[0].status.containerStatuses[0].containerID}")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	again, err := start()
	if err != nil {
		stop = func() error { return nil }
		t.Fatal(err)
	}
	stop = again
	must(t, "", "-n", ns, "wait", "--for=jsonpath={.status.containerStatuses[0].restartCount}=1", "--timeout=60s", "pod", "-l", "app=web")
	must(t, "", "-n", ns, "rollout", "status", "deployment/web", "--timeout=60s")
	after := must(t, "", "-n", ns, "get", "pods", "-o", "jsonpath={.items[0].status.containerStatuses[0].containerID}")
	if before == after {
		t.Errorf("the container cannot be the one of before: `%s`", after)
	}
}

func TestNothingOutlivesTheParent(t *testing.T) {
	children, err := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", running.Process.Pid))
	if err != nil || strings.TrimSpace(string(children)) == "" {
		t.Fatalf("the parent has no child: %v", err)
	}
	first := strings.Fields(string(children))[0]
	if err := running.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = running.Wait()
	deadline := time.Now().Add(20 * time.Second)
	for {
		// The first process of a pid namespace ends only after all others in it have.
		if _, err := os.Stat("/proc/" + first); err != nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %s is still there", first)
		}
		time.Sleep(20 * time.Millisecond)
	}
	again, err := start()
	if err != nil {
		stop = func() error { return nil }
		t.Fatal(err)
	}
	stop = again
	contains(t, must(t, "", "get", "nodes"), "slipway   Ready")
}
