package node

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// mounts makes the namespace's own view of the file system. The working folder is the state folder, which may lie below
// any of the places that are covered here.
func mounts() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return &refused{"making the mounts private", err}
	}
	for _, d := range []string{"lib", "log", "logs", "pki", "images", "containers"} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return err
		}
	}
	if err := unix.Mount("tmpfs", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
		return &refused{"mounting a tmpfs", err}
	}
	if err := os.Mkdir(State, 0o700); err != nil {
		return err
	}
	if err := unix.Mount(".", State, "", unix.MS_BIND, ""); err != nil {
		return &refused{"binding the state folder", err}
	}
	if err := os.Chdir(State); err != nil {
		return err
	}
	// The kubelet's checkpoints lie in /var/lib/kubelet whatever it is told; the logs of pods in /var/log.
	for from, to := range map[string]string{"lib": "/var/lib", "log": "/var/log"} {
		if err := unix.Mount(from, to, "", unix.MS_BIND, ""); err != nil {
			return &refused{fmt.Sprintf("binding a folder over `%s`", to), err}
		}
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return &refused{"mounting the namespace's own /proc", err}
	}
	const unified = "/sys/fs/cgroup/unified"
	if _, err := os.Stat(filepath.Join(unified, "cgroup.controllers")); err == nil {
		if err := unix.Mount(unified, "/sys/fs/cgroup", "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			return &refused{"binding the unified cgroup hierarchy", err}
		}
	}
	return nil
}

// network makes the bridge that pods hang on, and routes the Services' range to this namespace itself, where the proxy
// listens.
func network() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return &refused{"setting the loopback link up", err}
	}
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "pods"}}
	if err := netlink.LinkAdd(bridge); err != nil {
		return &refused{"adding a bridge", err}
	}
	address, err := netlink.ParseAddr(Bridge + "/16")
	if err != nil {
		return err
	}
	if err := netlink.AddrAdd(bridge, address); err != nil {
		return fmt.Errorf("the bridge's address: %w", err)
	}
	if err := netlink.LinkSetUp(bridge); err != nil {
		return &refused{"setting the bridge up", err}
	}
	services, err := netlink.ParseIPNet(Services)
	if err != nil {
		return err
	}
	route := &netlink.Route{LinkIndex: lo.Attrs().Index, Dst: services, Type: unix.RTN_LOCAL, Table: unix.RT_TABLE_LOCAL, Scope: unix.RT_SCOPE_HOST}
	if err := netlink.RouteAdd(route); err != nil {
		return fmt.Errorf("the route of the Services' range: %w", err)
	}
	return nil
}
