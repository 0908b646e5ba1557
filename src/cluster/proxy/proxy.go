// Package proxy makes Services work: a listener in the cluster's network namespace per address and port of a Service,
// which hands connections to ready endpoints. (Packet filters need powers that an unprivileged user's kernel may not
// grant, and modules that it may not load.) What it cannot keep is the caller's address: pods see the bridge's.
package proxy

import (
	"context"
	"hash/fnv"
	"log"
	"maps"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"

	"slipway.dev/cluster/outside"
)

// Proxy follows the cluster's Services.
type Proxy struct {
	client                      *kubernetes.Clientset
	apiServer, apiService, node string

	mu   sync.Mutex
	open map[place]*listener
}

// listener is one open place; its route is replaced while it listens.
type listener struct {
	mu    sync.Mutex
	route route
	close func()
}

// New reads the kubeconfig of the user `system:kube-proxy`.
func New(kubeconfig, apiServer, apiService, node string) (*Proxy, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(cfg)
	return &Proxy{client: client, apiServer: apiServer, apiService: apiService, node: node, open: map[place]*listener{}}, err
}

// Run follows until ctx ends.
func (p *Proxy) Run(ctx context.Context) error {
	factory := informers.NewSharedInformerFactory(p.client, 0)
	services, slices := factory.Core().V1().Services(), factory.Discovery().V1().EndpointSlices()
	changed := make(chan struct{}, 1)
	notify := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	handler := cache.ResourceEventHandlerFuncs{AddFunc: func(any) { notify() }, UpdateFunc: func(_, _ any) { notify() }, DeleteFunc: func(any) { notify() }}
	for _, i := range []cache.SharedIndexInformer{services.Informer(), slices.Informer()} {
		if _, err := i.AddEventHandler(handler); err != nil {
			return err
		}
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
		s, err := services.Lister().List(labels.Everything())
		if err != nil {
			return err
		}
		e, err := slices.Lister().List(labels.Everything())
		if err != nil {
			return err
		}
		p.apply(plan(s, e, p.apiServer, p.apiService, p.node))
	}
}

func (p *Proxy) apply(want map[place]route) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for at, l := range maps.Clone(p.open) {
		if _, wanted := want[at]; !wanted {
			l.close()
			delete(p.open, at)
		}
	}
	for at, r := range want {
		if l := p.open[at]; l != nil {
			l.mu.Lock()
			l.route = r
			l.mu.Unlock()
			continue
		}
		l := &listener{route: r}
		if err := l.listen(at); err != nil {
			log.Printf("Service at %s %s: %v", at.protocol, at.address, err)
			continue
		}
		p.open[at] = l
	}
}

func (l *listener) pick(client net.Addr) (string, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.route.endpoints)
	if l.route.sticky {
		host, _, _ := net.SplitHostPort(client.String())
		h := fnv.New32a()
		_, _ = h.Write([]byte(host))
		return l.route.endpoints[int(h.Sum32())%n], n
	}
	return l.route.endpoints[rand.IntN(n)], n
}

func (l *listener) listen(at place) error {
	if at.protocol == corev1.ProtocolUDP {
		return l.listenUDP(at.address)
	}
	t, err := net.Listen("tcp4", at.address)
	if err != nil {
		return err
	}
	l.close = func() { t.Close() }
	go func() {
		for {
			c, err := t.Accept()
			if err != nil {
				return
			}
			go l.serve(c)
		}
	}()
	return nil
}

// serve tries as many times as there are endpoints: one may have gone a moment ago.
func (l *listener) serve(c net.Conn) {
	for attempt := 0; ; attempt++ {
		to, n := l.pick(c.RemoteAddr())
		up, err := net.DialTimeout("tcp4", to, 5*time.Second)
		if err == nil {
			outside.Join(c, up)
			return
		}
		if attempt+1 >= n {
			c.Close()
			return
		}
	}
}
