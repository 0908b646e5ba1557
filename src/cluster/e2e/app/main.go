// Command app is the workload of the end-to-end tests: a static program that serves, logs, looks around and fails on demand.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

func main() {
	args := os.Args[1:]
	if len(args) == 0 {
		args = []string{"serve"}
	}
	switch args[0] {
	case "serve":
		serve()
	case "exit":
		fmt.Println("about to fail")
		os.Exit(7)
	case "say":
		fmt.Println(strings.Join(args[1:], " "))
	case "cat":
		b, err := os.ReadFile(args[1])
		fmt.Print(string(b))
		check(err)
	case "write":
		check(os.WriteFile(args[1], []byte("written\n"), 0o644))
	case "id":
		b, err := os.ReadFile("/proc/self/status")
		check(err)
		for line := range strings.Lines(string(b)) {
			if strings.HasPrefix(line, "CapBnd") || strings.HasPrefix(line, "NoNewPrivs") {
				fmt.Print(line)
			}
		}
		fmt.Println("uid", os.Getuid(), "gid", os.Getgid(), "pid", os.Getpid())
	case "get":
		client := &http.Client{Timeout: 5 * time.Second}
		resp, err := client.Get(args[1])
		check(err)
		b := make([]byte, 200)
		n, _ := resp.Body.Read(b)
		fmt.Println(resp.StatusCode, string(b[:n]))
	case "lookup":
		a, err := net.LookupHost(args[1])
		check(err)
		fmt.Println(a)
	case "tty":
		_, _, errno := syscall.Syscall6(syscall.SYS_IOCTL, 1, syscall.TCGETS, uintptr(unsafe.Pointer(&[64]byte{})), 0, 0, 0)
		if errno == 0 {
			fmt.Println("a terminal")
		}
	case "echo":
		_, err := fmt.Print("? ")
		check(err)
		var line string
		_, err = fmt.Scanln(&line)
		check(err)
		fmt.Println("you said", line)
	default:
		fmt.Fprintln(os.Stderr, "unknown:", args)
		os.Exit(2)
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve() {
	fmt.Println("serving as", os.Getenv("GREETING"))
	fmt.Fprintln(os.Stderr, "on stderr")
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		fmt.Println("asked to stop")
		os.Exit(0)
	}()
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		host, _ := os.Hostname()
		fmt.Fprintf(w, "hello from %s", host)
	})
	check(http.ListenAndServe(":8080", nil))
}
