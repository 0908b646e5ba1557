package outside

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

func door(t *testing.T, d *Door) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go d.Serve(l)
	return path
}

func get(t *testing.T, socket, url string) (string, error) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
		return Dial(ctx, socket, address)
	}}}
	defer client.CloseIdleConnections()
	resp, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

func TestOnlyWhatIsNamedIsReachedDirectly(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "here") }))
	defer s.Close()
	open := door(t, &Door{Reach: []string{s.Listener.Addr().String()}})
	if body, err := get(t, open, s.URL); err != nil || body != "here" {
		t.Fatalf("got %q, %v", body, err)
	}
	_, err := get(t, door(t, &Door{}), s.URL)
	if err == nil || !strings.Contains(err.Error(), "start it with `--proxy`") {
		t.Fatalf("expected a refusal that names the option, got %v", err)
	}
}

func TestTheProxyIsAskedWithItsCredentialAndItsRefusalIsPassedOn(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "through") }))
	defer target.Close()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth()
		if r.Method != http.MethodConnect || user != "u" || password != "p" || r.Host == "refused.example:443" {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		up, err := net.Dial("tcp", target.Listener.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
		Join(c, up)
	}))
	defer proxy.Close()
	u, _ := url.Parse(proxy.URL)
	u.User = url.UserPassword("u", "p")
	socket := door(t, &Door{Proxy: u})
	if body, err := get(t, socket, "http://anything.example/"); err != nil || body != "through" {
		t.Fatalf("got %q, %v", body, err)
	}
	_, err := get(t, socket, "http://refused.example:443/")
	if err == nil || !strings.Contains(err.Error(), "502") || !strings.Contains(err.Error(), "refused.example:443") {
		t.Fatalf("expected the proxy's status and the address, got %v", err)
	}
}
