package proxy

import (
	"fmt"
	"net"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func service(name, ip string, ports ...corev1.ServicePort) *corev1.Service {
	return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: name}, Spec: corev1.ServiceSpec{ClusterIP: ip, Ports: ports}}
}

type end struct {
	ip                          string
	ready, serving, terminating bool
}

func endpoints(name string, port int32, portName string, ends ...end) *discoveryv1.EndpointSlice {
	s := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Labels: map[string]string{discoveryv1.LabelServiceName: name}},
		Ports: []discoveryv1.EndpointPort{{Name: &portName, Port: &port}}}
	for _, e := range ends {
		s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{Addresses: []string{e.ip},
			Conditions: discoveryv1.EndpointConditions{Ready: &e.ready, Serving: &e.serving, Terminating: &e.terminating}})
	}
	return s
}

func TestOnlyReadyEndpointsAreUsedAndAServiceWithoutOneHasNoPlace(t *testing.T) {
	got := plan([]*corev1.Service{
		service("a", "10.0.0.20", corev1.ServicePort{Name: "http", Port: 80, NodePort: 30080}),
		service("none", "10.0.0.21", corev1.ServicePort{Name: "http", Port: 80}),
		service("headless", "None", corev1.ServicePort{Name: "http", Port: 80}),
		service("ending", "10.0.0.22", corev1.ServicePort{Name: "http", Port: 80}),
		service("kubernetes", "10.0.0.1", corev1.ServicePort{Name: "https", Port: 443}),
	}, []*discoveryv1.EndpointSlice{
		endpoints("a", 8080, "http", end{"10.44.0.2", true, true, false}, end{"10.44.0.3", false, false, false}, end{"10.44.0.4", false, true, true}),
		endpoints("a", 9090, "metrics", end{"10.44.0.2", true, true, false}),
		endpoints("none", 8080, "http", end{"10.44.0.5", false, false, false}),
		endpoints("headless", 8080, "http", end{"10.44.0.2", true, true, false}),
		endpoints("ending", 8080, "http", end{"10.44.0.6", false, true, true}),
	}, "127.0.0.1:6443", "10.0.0.1", "10.44.0.1")
	var lines []string
	for at, r := range got {
		lines = append(lines, fmt.Sprint(at.address, " ", r.endpoints))
	}
	slices.Sort(lines)
	want := []string{"10.0.0.1:443 [127.0.0.1:6443]", "10.0.0.20:80 [10.44.0.2:8080]", "10.0.0.22:80 [10.44.0.6:8080]",
		"10.44.0.1:30080 [10.44.0.2:8080]", "127.0.0.1:30080 [10.44.0.2:8080]"}
	if !slices.Equal(lines, want) {
		t.Errorf("got %q", lines)
	}
}

func TestDatagramsGoThereAndBack(t *testing.T) {
	echo, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer echo.Close()
	go func() {
		b := make([]byte, 100)
		for {
			n, from, err := echo.ReadFromUDP(b)
			if err != nil {
				return
			}
			_, _ = echo.WriteToUDP(append([]byte("echo "), b[:n]...), from)
		}
	}()
	free, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	address := free.LocalAddr().String()
	free.Close()
	l := &listener{route: route{endpoints: []string{echo.LocalAddr().String()}}}
	if err := l.listen(place{corev1.ProtocolUDP, address}); err != nil {
		t.Fatal(err)
	}
	defer l.close()
	c, err := net.Dial("udp4", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, word := range []string{"one", "two"} {
		if _, err := c.Write([]byte(word)); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 100)
		n, err := c.Read(b)
		if err != nil || string(b[:n]) != "echo "+word {
			t.Fatalf("got %q, %v", b[:n], err)
		}
	}
}
