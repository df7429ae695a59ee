using System.Net;
using System.Text;
using Antrea.Migration.Addressing;
using Antrea.Migration.Lab.Nodes;
using Antrea.Migration.StandIns.Kernel;

namespace Antrea.Migration.StandIns.AntreaNode;

/// <summary>What antrea-agent lays into a Node's kernel: antrea-gw0, routes to peers, ANTREA-* chains, and in place of OVS a network
/// namespace that forwards as Antrea's flow tables do.</summary>
/// <remarks>
/// <para>The namespace has a conntrack of its own, knows PodCIDRs and local Pods only, tunnels to peers, drops what is invalid or of the wrong
/// source, and sends replies of what came in by the gateway back to the gateway. It stays when the agent ends, as a bridge in
/// the kernel does. Service addresses are left to kube-proxy on the Node; policies are not enforced.</para>
/// <para>Source: Antrea v2.7 <c>docs/design/ovs-pipeline.md</c>, <c>pkg/agent/route</c>.</para>
/// </remarks>
internal static class AntreaDataplane
{
    /// <summary>The namespace in place of OVS.</summary>
    public const string Bridge = "antrea-ovs";

    private const string VirtualMac = "aa:bb:cc:dd:ee:ff";

    /// <summary>Makes bridge, gateway and rules. What is there stays; what is missing is made, whatever ended in between.</summary>
    public static void Install(PeerNode self, Cidr podCidr) => Shell.RunOnNode(InstallScript(self, podCidr));

    /// <summary>Takes the bridge away with its gateway, its tunnel and all ports.</summary>
    public static void Remove() => Shell.RunOnNode(
        $"""
        [ ! -e /sys/class/net/antrea-gw0 ] || ip link del antrea-gw0
        if [ -e /run/netns/{Bridge} ]; then
          ip -n {Bridge} link del antrea-tun0 2>/dev/null || true
          ip netns del {Bridge}
        fi
        """);

    /// <summary>Routes and tunnels to all other Nodes.</summary>
    public static void SetPeers(PeerNode self, Cidr podCidr, IEnumerable<PeerNode> nodes)
    {
        var gateway = podCidr.AddressAt(1);
        var (onNode, onBridge, set) = (new StringBuilder(), new StringBuilder(), new StringBuilder());
        foreach (var node in nodes.Where(n => n.PodCidr is not null))
        {
            var cidr = node.PodCidr!.Value;
            set.Append($"ipset add ANTREA-POD-IP.t {cidr}\n");
            if (node.Name != self.Name)
            {
                var peer = cidr.AddressAt(1);
                onNode.Append($"route replace {cidr} via {peer} dev antrea-gw0 onlink\n");
                onBridge.Append($"neigh replace {peer} lladdr {HardwareAddress.Of("7a", node.Address)} dev antrea-tun0 nud permanent\n");
                onBridge.Append($"route replace {cidr} encap ip id 0 dst {node.Address} via {peer} dev antrea-tun0 onlink\n");
            }
        }

        Shell.RunOnNode(
            $"""
            ipset create ANTREA-POD-IP.t hash:net -exist; ipset flush ANTREA-POD-IP.t
            {set}ipset swap ANTREA-POD-IP ANTREA-POD-IP.t; ipset destroy ANTREA-POD-IP.t
            ip -batch - <<'END'
            {onNode}END
            ip -n {Bridge} -batch - <<'END'
            {onBridge}END
            """);
    }

    /// <summary>Wires a Pod's interface to the bridge.</summary>
    /// <param name="call">The CNI call.</param>
    /// <param name="port">The bridge's end.</param>
    /// <param name="address">The Pod's address.</param>
    /// <param name="length">The PodCIDR's prefix length.</param>
    /// <param name="routes">What <c>ip route prepend</c> takes, one a line.</param>
    public static void AddPort(CniCall call, string port, IPAddress address, int length, IEnumerable<string> routes) => Shell.RunOnNode(
        $"""
        ip -n {Bridge} link del {port} 2>/dev/null || true
        ip -n {Bridge} link add {port} mtu 1450 type veth peer name {call.IfName} mtu 1450 netns {call.NetnsName}
        mac=$(ip -n {call.NetnsName} -o link show dev {call.IfName} | sed 's/.* link.ether \([^ ]*\) .*/\1/')
        ip -n {Bridge} -batch - <<END
        link set {port} up
        neigh replace {address} lladdr $mac dev {port} nud permanent
        route replace {address} dev {port} scope link
        END
        ip netns exec {Bridge} sh -ec 'echo 0 > /proc/sys/net/ipv4/neigh/{port}/proxy_delay
          iptables-nft -w 10 -t raw -A PREROUTING -i {port} ! -s {address} -m comment --comment "OVS SpoofGuard" -j DROP'
        ip -n {call.NetnsName} -batch - <<'END'
        link set lo up
        addr add {address}/{length} dev {call.IfName}
        link set {call.IfName} up
        {string.Concat(routes.Select(r => $"route prepend {r}\n"))}END
        """);

    /// <summary>Takes a port away; success when it is not there.</summary>
    public static void RemovePort(string port, string address) => Shell.RunOnNode(
        $"""
        ip -n {Bridge} link del {port} 2>/dev/null || true
        ip netns exec {Bridge} iptables-nft -w 10 -t raw -D PREROUTING -i {port} ! -s {address} -m comment --comment "OVS SpoofGuard" -j DROP 2>/dev/null || true
        """);

    private static string InstallScript(PeerNode self, Cidr podCidr)
    {
        var gateway = podCidr.AddressAt(1);
        var gatewayMac = HardwareAddress.Of("a9", self.Address);
        return $"""
            [ -e /run/netns/{Bridge} ] || ip netns add {Bridge}
            ip netns exec {Bridge} sh -ec 'cd /proc/sys/net/ipv4; echo 1 > ip_forward
              for c in all default; do echo 0 > conf/$c/rp_filter; echo 0 > conf/$c/send_redirects; done; echo 1 > conf/default/proxy_arp'
            [ -e /sys/class/net/antrea-gw0 ] ||
              ip link add antrea-gw0 address {gatewayMac} mtu 1450 type veth peer name gwp address {VirtualMac} mtu 1450 netns {Bridge}
            echo 1 > /proc/sys/net/ipv4/conf/antrea-gw0/arp_announce
            ip link set antrea-gw0 up
            ip address replace {gateway}/{podCidr.PrefixLength} dev antrea-gw0
            if ! ip -n {Bridge} link show antrea-tun0 >/dev/null 2>&1; then
              [ -e /sys/class/net/antrea-tun0 ] ||
                ip link add antrea-tun0 address {HardwareAddress.Of("7a", self.Address)} type vxlan external dstport 6081
              ip link set antrea-tun0 netns {Bridge}
            fi
            ip netns exec {Bridge} sh -ec 'echo 0 > /proc/sys/net/ipv4/neigh/gwp/proxy_delay'
            ip -n {Bridge} rule del prio 100 2>/dev/null || true
            ip -n {Bridge} -batch - <<'END'
            link set lo up
            link set gwp up
            link set antrea-tun0 mtu 1450 up
            neigh replace {gateway} lladdr {gatewayMac} dev gwp nud permanent
            route replace {gateway} dev gwp scope link
            route replace blackhole {podCidr}
            route replace default via {gateway} dev gwp onlink
            route replace default via {gateway} dev gwp onlink table 102
            rule add fwmark 0x2/0x2 lookup 102 prio 100
            END
            ip netns exec {Bridge} iptables-nft-restore -w 10 --noflush <<'END'
            *mangle
            -F PREROUTING
            -A PREROUTING -i gwp -m conntrack --ctstate NEW -j CONNMARK --set-xmark 0x2/0x2
            -A PREROUTING -m conntrack --ctdir REPLY -m connmark --mark 0x2/0x2 -j MARK --set-xmark 0x2/0x2
            COMMIT
            *filter
            -F FORWARD
            -A FORWARD -m conntrack --ctstate INVALID -m comment --comment "OVS ConntrackState" -j DROP
            -A FORWARD -i antrea-tun0 -o antrea-tun0 -m comment --comment "OVS in_port" -j DROP
            -A FORWARD -i gwp -o gwp -m comment --comment "OVS in_port" -j DROP
            -A FORWARD -i antrea-tun0 -o gwp -d {gateway} -j ACCEPT
            -A FORWARD -i antrea-tun0 -o gwp -m conntrack --ctstate NEW -m comment --comment "OVS EgressMark" -j DROP
            COMMIT
            END
            ipset create ANTREA-POD-IP hash:net -exist
            iptables-nft-restore -w 10 --noflush <<'END'
            *raw
            :ANTREA-PREROUTING - [0:0]
            :ANTREA-OUTPUT - [0:0]
            -A ANTREA-PREROUTING -p udp -m udp --dport 6081 -m addrtype --dst-type LOCAL -j NOTRACK
            -A ANTREA-OUTPUT -p udp -m udp --dport 6081 -m addrtype --src-type LOCAL -j NOTRACK
            COMMIT
            *filter
            :ANTREA-FORWARD - [0:0]
            -A ANTREA-FORWARD -i antrea-gw0 -m comment --comment "Antrea: accept packets from local Pods" -j ACCEPT
            -A ANTREA-FORWARD -o antrea-gw0 -m comment --comment "Antrea: accept packets to local Pods" -j ACCEPT
            COMMIT
            *nat
            :ANTREA-POSTROUTING - [0:0]
            -A ANTREA-POSTROUTING -s {podCidr} -m set ! --match-set ANTREA-POD-IP dst ! -o antrea-gw0 -m comment --comment "Antrea: masquerade Pod to external packets" -j MASQUERADE
            -A ANTREA-POSTROUTING -o antrea-gw0 -m addrtype ! --src-type LOCAL --limit-iface-out -m addrtype --src-type LOCAL -m comment --comment "Antrea: masquerade LOCAL traffic" -j MASQUERADE
            COMMIT
            END
            for rule in 'raw PREROUTING' 'raw OUTPUT' 'filter FORWARD' 'nat POSTROUTING'; do
              set -- $rule
              iptables-nft -w 10 -t $1 -C $2 -j ANTREA-$2 2>/dev/null || iptables-nft -w 10 -t $1 -A $2 -j ANTREA-$2
            done
            """;
    }
}
