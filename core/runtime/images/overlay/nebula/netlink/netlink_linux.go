// Package netlink is the part of github.com/vishvananda/netlink that Nebula calls, under the name of its fork.
package netlink

import "github.com/vishvananda/netlink"

const FAMILY_ALL = netlink.FAMILY_ALL

var ErrDumpInterrupted = netlink.ErrDumpInterrupted

type (
	Addr                  = netlink.Addr
	Destination           = netlink.Destination
	Link                  = netlink.Link
	NexthopInfo           = netlink.NexthopInfo
	Route                 = netlink.Route
	RouteSubscribeOptions = netlink.RouteSubscribeOptions
	RouteUpdate           = netlink.RouteUpdate
	Via                   = netlink.Via
)

func AddrDel(link Link, addr *Addr) error            { return netlink.AddrDel(link, addr) }
func AddrList(link Link, family int) ([]Addr, error) { return netlink.AddrList(link, family) }
func AddrReplace(link Link, addr *Addr) error        { return netlink.AddrReplace(link, addr) }
func LinkByName(name string) (Link, error)           { return netlink.LinkByName(name) }
func LinkSetIP6AddrGenMode(link Link, mode int) error {
	return netlink.LinkSetIP6AddrGenMode(link, mode)
}
func RouteDel(route *Route) error     { return netlink.RouteDel(route) }
func RouteReplace(route *Route) error { return netlink.RouteReplace(route) }

func RouteSubscribeWithOptions(ch chan<- RouteUpdate, done <-chan struct{}, options RouteSubscribeOptions) error {
	return netlink.RouteSubscribeWithOptions(ch, done, options)
}
