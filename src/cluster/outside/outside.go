// Package outside is the cluster's only way out: a unix socket, which crosses network namespaces by its path.
//
// Whoever connects sends one line, HOST:PORT, and is answered `ok` and then joined to that place, or `no` and the
// reason. Connections go through the proxy where one is set; the addresses in Reach are dialled directly.
package outside

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Door decides where a connection from inside may go.
type Door struct {
	Proxy *url.URL
	Reach []string
}

// Serve answers until l is closed.
func (d *Door) Serve(l net.Listener) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go d.answer(c)
	}
}

func (d *Door) answer(c net.Conn) {
	defer c.Close()
	r := bufio.NewReaderSize(c, 512)
	line, err := r.ReadString('\n')
	if err != nil {
		return
	}
	target, err := d.dial(strings.TrimSpace(line))
	if err != nil {
		fmt.Fprintf(c, "no %s\n", strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	defer target.Close()
	if _, err := io.WriteString(c, "ok\n"); err != nil {
		return
	}
	Join(&buffered{c, r}, target)
}

func (d *Door) dial(address string) (net.Conn, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return nil, fmt.Errorf("`%s` is not HOST:PORT", address)
	}
	if slices.Contains(d.Reach, address) {
		return net.DialTimeout("tcp", address, 10*time.Second)
	}
	if d.Proxy == nil {
		return nil, fmt.Errorf("the cluster has no way to `%s`: start it with `--proxy`, or with `--reach %s`", address, address)
	}
	c, err := net.DialTimeout("tcp", d.Proxy.Host, 10*time.Second)
	if err != nil {
		return nil, fmt.Errorf("the proxy: %w", err)
	}
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{}}
	if u := d.Proxy.User; u != nil {
		password, _ := u.Password()
		req.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password)))
	}
	if err := req.Write(c); err != nil {
		c.Close()
		return nil, fmt.Errorf("the proxy: %w", err)
	}
	r := bufio.NewReader(c)
	resp, err := http.ReadResponse(r, req)
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("the proxy: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		c.Close()
		return nil, fmt.Errorf("the proxy answered `%s` for `%s`", resp.Status, address)
	}
	return &buffered{c, r}, nil
}

// Dial connects to address through the door at socket.
func Dial(ctx context.Context, socket, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = c.SetDeadline(deadline)
	}
	r := bufio.NewReaderSize(c, 4096)
	_, err = fmt.Fprintf(c, "%s\n", address)
	if err == nil {
		var line string
		if line, err = r.ReadString('\n'); err == nil && line != "ok\n" {
			err = fmt.Errorf("%s", strings.TrimSpace(strings.TrimPrefix(line, "no ")))
		}
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	_ = c.SetDeadline(time.Time{})
	return &buffered{c, r}, nil
}

// Join copies both ways until both sides have ended; an end on one side is passed on as a half-close.
func Join(a, b net.Conn) {
	done := make(chan struct{}, 2)
	oneWay := func(to, from net.Conn) {
		_, err := io.Copy(to, from)
		if h, ok := to.(interface{ CloseWrite() error }); ok && err == nil {
			_ = h.CloseWrite()
		} else {
			to.Close()
			from.Close()
		}
		done <- struct{}{}
	}
	go oneWay(a, b)
	go oneWay(b, a)
	<-done
	<-done
	a.Close()
	b.Close()
}

// JoinStream is Join with a stream that cannot be half-closed by us: its end is passed on, and the connection's end ends both.
func JoinStream(c net.Conn, s io.ReadWriteCloser) {
	go func() {
		_, _ = io.Copy(c, s)
		if h, ok := c.(interface{ CloseWrite() error }); ok {
			_ = h.CloseWrite()
		}
	}()
	_, _ = io.Copy(s, c)
	s.Close()
	c.Close()
}

// buffered is a connection whose first bytes may already lie in r.
type buffered struct {
	net.Conn
	r *bufio.Reader
}

func (b *buffered) Read(p []byte) (int, error) { return b.r.Read(p) }

func (b *buffered) CloseWrite() error {
	if h, ok := b.Conn.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return b.Conn.Close()
}
