package proxy

import (
	"net"
	"sync"
	"time"
)

// udpIdle is how long a client's association with an endpoint lasts without traffic.
const udpIdle = 60 * time.Second

// listenUDP keeps one socket per client, so that answers find their way back.
func (l *listener) listenUDP(address string) error {
	at, err := net.ResolveUDPAddr("udp4", address)
	if err != nil {
		return err
	}
	front, err := net.ListenUDP("udp4", at)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	clients := map[string]*net.UDPConn{}
	l.close = func() {
		front.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, c := range clients {
			c.Close()
		}
	}
	go func() {
		buffer := make([]byte, 64<<10)
		for {
			n, client, err := front.ReadFromUDP(buffer)
			if err != nil {
				return
			}
			key := client.String()
			mu.Lock()
			up := clients[key]
			if up == nil {
				to, _ := l.pick(client)
				endpoint, err := net.ResolveUDPAddr("udp4", to)
				if err == nil {
					up, err = net.DialUDP("udp4", nil, endpoint)
				}
				if err != nil {
					mu.Unlock()
					continue
				}
				clients[key] = up
				go func() {
					answers(front, client, up)
					mu.Lock()
					delete(clients, key)
					mu.Unlock()
				}()
			}
			mu.Unlock()
			_ = up.SetReadDeadline(time.Now().Add(udpIdle))
			_, _ = up.Write(buffer[:n])
		}
	}()
	return nil
}

func answers(front *net.UDPConn, client *net.UDPAddr, up *net.UDPConn) {
	defer up.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := up.Read(buffer)
		if err != nil {
			return
		}
		if _, err := front.WriteToUDP(buffer[:n], client); err != nil {
			return
		}
	}
}
