// Times the Go library bart on inputs of the same shapes and sizes as OverlapInput ("random") and RouteInput have.
// Prints one line a measurement: what, family, size, best nanoseconds (of an operation; of a look-up), answers that hit.
package main

import (
	"encoding/binary"
	"fmt"
	"math/rand"
	"net/netip"
	"time"

	"github.com/gaissmai/bart"
)

const rounds = 15

// family tells how long prefixes are, and where they lie.
type family struct {
	name                  string
	cluster, apart        netip.Addr
	lookups, missed       netip.Addr
	podCIDR, block, host  int
	missedBits            uint
}

var families = []family{
	{"IPv4", netip.MustParseAddr("10.0.0.0"), netip.MustParseAddr("172.16.0.0"), netip.MustParseAddr("64.0.0.0"), netip.MustParseAddr("172.16.0.0"), 24, 26, 32, 20},
	{"IPv6", netip.MustParseAddr("fd00:10::"), netip.MustParseAddr("fd00:20::"), netip.MustParseAddr("fd00:10::"), netip.MustParseAddr("fd00:20::"), 64, 122, 128, 20},
}

// at is the address that many places behind another; places are counted in units of 2^shift.
func at(base netip.Addr, place uint64, shift uint) netip.Addr {
	if base.Is4() {
		b := base.As4()
		binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])+uint32(place<<shift))
		return netip.AddrFrom4(b)
	}
	b := base.As16()
	if shift >= 64 {
		binary.BigEndian.PutUint64(b[:8], binary.BigEndian.Uint64(b[:8])+place<<(shift-64))
	} else {
		binary.BigEndian.PutUint64(b[8:], binary.BigEndian.Uint64(b[8:])+place<<shift)
	}
	return netip.AddrFrom16(b)
}

func (f family) subnet(base netip.Addr, length int, place uint64) netip.Prefix {
	return netip.PrefixFrom(at(base, place, uint(f.host-length)), length)
}

// within is one of the prefixes of a length in a PodCIDR.
func (f family) within(podCIDR netip.Prefix, length int, r *rand.Rand) netip.Prefix {
	bits := min(length-f.podCIDR, 20)
	return f.subnet(podCIDR.Addr(), length, uint64(r.Intn(1<<bits)))
}

func best(work func() int) (time.Duration, int) {
	shortest, answer := time.Hour, 0
	for range rounds {
		start := time.Now()
		answer = work()
		shortest = min(shortest, time.Since(start))
	}
	return shortest, answer
}

func overlaps(f family, podCIDRs, blocks int) {
	r := rand.New(rand.NewSource(20231014))
	pods := make([]netip.Prefix, podCIDRs)
	for i := range pods {
		pods[i] = f.subnet(f.cluster, f.podCIDR, uint64(i))
	}
	places := 1
	for places < podCIDRs {
		places *= 2
	}
	asked := make([]netip.Prefix, blocks)
	for i := range asked {
		base := f.cluster
		if i%2 == 1 {
			base = f.apart
		}
		asked[i] = f.within(f.subnet(base, f.podCIDR, uint64(r.Intn(places))), f.block, r)
	}
	took, hit := best(func() int {
		table := new(bart.Table[int])
		for i, p := range pods {
			table.Insert(p, i)
		}
		count := 0
		for _, b := range asked {
			if table.OverlapsPrefix(b) {
				count++
			}
		}
		return count
	})
	fmt.Printf("overlap %s %dx%d %d %d\n", f.name, podCIDRs, blocks, took.Nanoseconds(), hit)
}

func lookups(f family, count int) {
	r := rand.New(rand.NewSource(20231014))
	podCIDRs := make([]netip.Prefix, count/2)
	for i := range podCIDRs {
		podCIDRs[i] = f.subnet(f.lookups, f.podCIDR, uint64(i))
	}
	routes := append([]netip.Prefix{}, podCIDRs...)
	for range count / 4 {
		routes = append(routes,
			f.subnet(podCIDRs[r.Intn(len(podCIDRs))].Addr(), f.block, uint64(r.Intn(4))),
			f.subnet(podCIDRs[r.Intn(len(podCIDRs))].Addr(), f.host, uint64(r.Intn(256))))
	}
	r.Shuffle(len(routes), func(i, j int) { routes[i], routes[j] = routes[j], routes[i] })
	covered, missed := make([]netip.Addr, 65536), make([]netip.Addr, 65536)
	for i := range covered {
		covered[i] = at(podCIDRs[r.Intn(len(podCIDRs))].Addr(), uint64(r.Intn(256)), 0)
		missed[i] = at(f.missed, uint64(r.Intn(1<<f.missedBits)), 0)
	}

	table, fast := new(bart.Table[int]), new(bart.Fast[int])
	built, _ := best(func() int {
		table = new(bart.Table[int])
		for i, p := range routes {
			table.Insert(p, i)
		}
		return 0
	})
	fmt.Printf("build %s %d %d %d\n", f.name, count, built.Nanoseconds(), len(routes))
	for i, p := range routes {
		fast.Insert(p, i)
	}

	again := make([]netip.Addr, 0, len(covered))
	for len(again) < len(covered) {
		again = append(again, covered[:1024]...)
	}
	for _, of := range []struct {
		name string
		to   []netip.Addr
	}{{"scattered", covered}, {"again", again}, {"miss", missed}} {
		ask := func(lookup func(netip.Addr) (int, bool)) (time.Duration, int) {
			return best(func() int {
				count := 0
				for _, a := range of.to {
					if _, ok := lookup(a); ok {
						count++
					}
				}
				return count
			})
		}
		took, hit := ask(table.Lookup)
		fmt.Printf("lookup-%s %s %d %.1f %d\n", of.name, f.name, count, float64(took.Nanoseconds())/float64(len(of.to)), hit)
		took, hit = ask(fast.Lookup)
		fmt.Printf("lookup-fast-%s %s %d %.1f %d\n", of.name, f.name, count, float64(took.Nanoseconds())/float64(len(of.to)), hit)
	}
}

func main() {
	for _, f := range families {
		overlaps(f, 5000, 25000)
		overlaps(f, 100000, 500000)
		lookups(f, 30000)
		lookups(f, 1000000)
	}
}
