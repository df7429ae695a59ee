using System.Net;
using System.Text;
using Antrea.Migration.Lab.Nodes;
using Antrea.Migration.StandIns.Kernel;

namespace Antrea.Migration.StandIns.Calico;

/// <summary>What BIRD and Felix lay into a Node's kernel: tunl0, routes of protocol bird, cali-* chains and ipsets.</summary>
/// <remarks>
/// <para>Where the kernel has no IPIP, tunl0 is a VXLAN device with a static neighbour a peer; routes then print and work as
/// with IPIP. Felix' policies are not here: every workload's packets are accepted.</para>
/// <para>Source: Calico v3.26 <c>confd</c> templates, <c>felix/rules</c>.</para>
/// </remarks>
internal static class CalicoDataplane
{
    private const string Tunnel = "ca";

    /// <summary>BIRD's number: the image has no names for protocols.</summary>
    private const string Bird = "12";

    /// <summary>What the chains hold; each jump and rule carries Calico's comment.</summary>
    private const string Rules =
        """
        *raw
        :cali-PREROUTING - [0:0]
        -F cali-PREROUTING
        -A cali-PREROUTING -m comment --comment "cali:workload-from" -i cali+ -j MARK --set-xmark 0x40000/0x40000
        -A cali-PREROUTING -m comment --comment "cali:workload-rpf" -m mark --mark 0x40000/0x40000 -m rpfilter --validmark --invert -j DROP
        COMMIT
        *filter
        :cali-FORWARD - [0:0]
        :cali-from-wl-dispatch - [0:0]
        :cali-to-wl-dispatch - [0:0]
        -F cali-FORWARD
        -F cali-from-wl-dispatch
        -F cali-to-wl-dispatch
        -A cali-FORWARD -m comment --comment "cali:clear-mark" -j MARK --set-xmark 0x0/0x10000
        -A cali-FORWARD -m comment --comment "cali:from-workload" -i cali+ -j cali-from-wl-dispatch
        -A cali-FORWARD -m comment --comment "cali:to-workload" -o cali+ -j cali-to-wl-dispatch
        -A cali-FORWARD -m comment --comment "cali:accept-marked" -m mark --mark 0x10000/0x10000 -j ACCEPT
        -A cali-from-wl-dispatch -m comment --comment "cali:from-established" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        -A cali-from-wl-dispatch -m comment --comment "cali:from-invalid" -m conntrack --ctstate INVALID -j DROP
        -A cali-from-wl-dispatch -m comment --comment "cali:from-accept" -j MARK --set-xmark 0x10000/0x10000
        -A cali-to-wl-dispatch -m comment --comment "cali:to-established" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        -A cali-to-wl-dispatch -m comment --comment "cali:to-invalid" -m conntrack --ctstate INVALID -j DROP
        -A cali-to-wl-dispatch -m comment --comment "cali:to-accept" -j MARK --set-xmark 0x10000/0x10000
        COMMIT
        *nat
        :cali-POSTROUTING - [0:0]
        :cali-nat-outgoing - [0:0]
        -F cali-POSTROUTING
        -F cali-nat-outgoing
        -A cali-POSTROUTING -m comment --comment "cali:nat-outgoing" -j cali-nat-outgoing
        -A cali-POSTROUTING -m comment --comment "cali:tunnel-source" -o tunl0 -m addrtype ! --src-type LOCAL --limit-iface-out -m addrtype --src-type LOCAL -j MASQUERADE
        -A cali-nat-outgoing -m comment --comment "cali:masq-pools" -m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40all-ipam-pools dst -j MASQUERADE
        COMMIT
        """;

    /// <summary>Brings the kernel to what the cluster says now; may be repeated.</summary>
    public static void Apply(PeerNode self, IPAddress? tunnelAddress, IReadOnlyCollection<PeerNode> nodes, IReadOnlyList<CalicoRange> ranges,
        IReadOnlyList<CalicoPoolView> pools) =>
        Shell.Run(Script(self, tunnelAddress, nodes, ranges, pools));

    internal static string Script(PeerNode self, IPAddress? tunnelAddress, IReadOnlyCollection<PeerNode> nodes, IReadOnlyList<CalicoRange> ranges,
        IReadOnlyList<CalicoPoolView> pools)
    {
        var peers = nodes.Where(n => n.Name != self.Name).ToDictionary(n => n.Name);
        var script = new StringBuilder();
        if (tunnelAddress is not null)
        {
            script.Append(
                $"""
                [ -e /sys/class/net/tunl0 ] || ip link add tunl0 address {HardwareAddress.Of(Tunnel, self.Address)} type vxlan id 4096 local {self.Address} dstport 4789 dev eth0 nolearning
                ip link set tunl0 mtu 1450 up
                ip -o -4 address show dev tunl0 | grep -q ' {tunnelAddress}/32 ' || ip address flush dev tunl0
                ip address replace {tunnelAddress}/32 dev tunl0
                if ip -d link show tunl0 | grep -q vxlan; then

                """);
            foreach (var peer in peers.Values)
            {
                var mac = HardwareAddress.Of(Tunnel, peer.Address);
                script.Append($"  ip neigh replace {peer.Address} lladdr {mac} dev tunl0 nud permanent; bridge fdb replace {mac} dev tunl0 dst {peer.Address}\n");
            }

            script.Append("  true\nfi\n");
        }

        AppendRoutes(script, self, peers, ranges);
        AppendSet(script, "cali40masq-ipam-pools", pools.Where(p => p.NatOutgoing));
        AppendSet(script, "cali40all-ipam-pools", pools);
        script.Append($"iptables-nft-restore --noflush -w 10 <<'END'\n{Rules}\nEND\n");
        foreach (var (table, chain, target) in (ReadOnlySpan<(string, string, string)>)
            [("raw", "PREROUTING", "cali-PREROUTING"), ("filter", "FORWARD", "cali-FORWARD"), ("nat", "POSTROUTING", "cali-POSTROUTING")])
        {
            var rule = $"{chain} -m comment --comment cali:{chain.ToLowerInvariant()} -j {target}";
            script.Append($"iptables-nft -w 10 -t {table} -C {rule} 2>/dev/null || iptables-nft -w 10 -t {table} -I {rule}\n");
        }

        return script.ToString();
    }

    /// <summary>BIRD adds what is missing and takes back what it added; a route of another's to the same prefix stays.</summary>
    private static void AppendRoutes(
        StringBuilder script, PeerNode self, Dictionary<string, PeerNode> peers, IReadOnlyList<CalicoRange> ranges)
    {
        List<string> wanted = [];
        foreach (var range in ranges)
        {
            if (range.Node == self.Name)
            {
                if (range.IsBlock && range.Cidr.PrefixLength < 32)
                {
                    wanted.Add($"blackhole {range.Cidr} proto {Bird}");
                }
            }
            else if (peers.TryGetValue(range.Node, out var owner))
            {
                wanted.Add($"{range.Cidr} via {owner.Address} dev tunl0 proto {Bird} onlink");
            }
        }

        script.Append("cat > /tmp/routes.wanted <<'END'\n");
        wanted.ForEach(r => script.Append(r).Append('\n'));
        script.Append(
            """
            END
            ip -4 route show proto 12 | sed 's/ *$//; s/^\(blackhole \)\{0,1\}\([0-9.]*\) /\1\2\/32 /' | sort > /tmp/routes.there
            sed 's/ proto 12//' /tmp/routes.wanted | sort > /tmp/routes.plain
            while read -r r; do grep -qxF "$r" /tmp/routes.plain || ip route del $r proto 12; done < /tmp/routes.there
            while read -r r; do grep -qxF "$r" /tmp/routes.there || ip route add $r proto 12 2>/dev/null || true; done < /tmp/routes.plain

            """);
    }

    private static void AppendSet(StringBuilder script, string name, IEnumerable<CalicoPoolView> pools)
    {
        script.Append($"ipset create {name} hash:net -exist; ipset create {name}.t hash:net -exist; ipset flush {name}.t\n");
        foreach (var pool in pools)
        {
            script.Append($"ipset add {name}.t {pool.Cidr}\n");
        }

        script.Append($"ipset swap {name} {name}.t; ipset destroy {name}.t\n");
    }
}
