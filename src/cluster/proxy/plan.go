package proxy

import (
	"fmt"
	"net"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

// place is where the proxy listens.
type place struct {
	protocol corev1.Protocol
	address  string
}

// route is where a place's connections go.
type route struct {
	endpoints []string
	sticky    bool
}

// plan says for all Services where to listen and where that leads. A Service without ready endpoints has no place: its
// connections are refused, as kube-proxy's rules do. The API server's own Service has no endpoints of its own here.
func plan(services []*corev1.Service, sliceList []*discoveryv1.EndpointSlice, apiServer, apiService, node string) map[place]route {
	byService := map[string][]*discoveryv1.EndpointSlice{}
	for _, s := range sliceList {
		k := s.Namespace + "/" + s.Labels[discoveryv1.LabelServiceName]
		byService[k] = append(byService[k], s)
	}
	result := map[place]route{}
	for _, s := range services {
		ip := s.Spec.ClusterIP
		if s.Spec.Type == corev1.ServiceTypeExternalName || ip == "" || ip == corev1.ClusterIPNone {
			continue
		}
		for _, port := range s.Spec.Ports {
			protocol := port.Protocol
			if protocol == "" {
				protocol = corev1.ProtocolTCP
			}
			if protocol != corev1.ProtocolTCP && protocol != corev1.ProtocolUDP {
				continue
			}
			endpoints := ready(byService[s.Namespace+"/"+s.Name], port, protocol)
			if ip == apiService {
				endpoints = []string{apiServer}
			}
			if len(endpoints) == 0 {
				continue
			}
			r := route{endpoints: endpoints, sticky: s.Spec.SessionAffinity == corev1.ServiceAffinityClientIP}
			result[place{protocol, net.JoinHostPort(ip, strconv.Itoa(int(port.Port)))}] = r
			if port.NodePort != 0 {
				for _, a := range []string{node, "127.0.0.1"} {
					result[place{protocol, net.JoinHostPort(a, strconv.Itoa(int(port.NodePort)))}] = r
				}
			}
		}
	}
	return result
}

// ready gives the ready endpoints of one port; where none is ready, those that still serve while they end.
func ready(all []*discoveryv1.EndpointSlice, port corev1.ServicePort, protocol corev1.Protocol) []string {
	var good, ending []string
	for _, s := range all {
		for _, p := range s.Ports {
			name, of := "", corev1.ProtocolTCP
			if p.Name != nil {
				name = *p.Name
			}
			if p.Protocol != nil {
				of = *p.Protocol
			}
			if p.Port == nil || name != port.Name || of != protocol {
				continue
			}
			for _, e := range s.Endpoints {
				if len(e.Addresses) == 0 {
					continue
				}
				address := net.JoinHostPort(e.Addresses[0], fmt.Sprint(*p.Port))
				c := e.Conditions
				switch {
				case c.Ready == nil || *c.Ready:
					good = append(good, address)
				case c.Serving != nil && *c.Serving && c.Terminating != nil && *c.Terminating:
					ending = append(ending, address)
				}
			}
		}
	}
	if len(good) == 0 {
		good = ending
	}
	slices.Sort(good)
	return slices.Compact(good)
}
