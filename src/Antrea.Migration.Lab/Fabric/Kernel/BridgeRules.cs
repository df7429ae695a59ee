using System.Collections.Immutable;
using System.Text;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>What of Antrea's flow tables netfilter does in a bridge's namespace: SpoofGuard, connection tracking, and AntreaProxy's Services.</summary>
internal static class BridgeRules
{
    private const string GatewayPort = BridgeLayout.GatewayPort;
    private const string TunnelPort = BridgeLayout.TunnelPort;

    /// <summary>What AntreaProxy has led to an endpoint.</summary>
    public const string Led = "0x8/0x8";

    /// <summary>The address that AntreaProxy gives a Pod which reaches itself by a Service.</summary>
    private static string HairpinAddress(bool isIPv6) => isIPv6 ? "fc01::aabb:ccdd:eeff" : "169.254.0.253";

    /// <summary>Solicitations and advertisements come from link-local addresses too, and the flow tables switch them.</summary>
    private const string NeighbourDiscovery =
        """
        -A PREROUTING -p ipv6-icmp -m icmp6 --icmpv6-type neighbour-solicitation -j ACCEPT
        -A PREROUTING -p ipv6-icmp -m icmp6 --icmpv6-type neighbour-advertisement -j ACCEPT
        """;

    public static IReadOnlyDictionary<string, string> Write(
        ImmutableArray<ServicePort> services, BridgeSnapshot bridge, IReadOnlyList<OvsPort> ports, bool isIPv6)
    {
        var served = bridge.State.AntreaProxy ? ServiceRules.OfFamily(services, isIPv6) : [];
        var chains = new PolicyChains("", isIPv6);
        var policies = bridge.Policies.Of(isIPv6);
        var egress = string.Concat(policies.Select(one => (one.Key, Chain: chains.Of(one.Value.Egress, PolicyDirection.Egress)))
            .Where(one => one.Chain is not null).Select(one => $"-A EgressRule -i {one.Key} -j {one.Chain}\n"));
        var ingress = string.Concat(policies.Select(one => (one.Key, Chain: chains.Of(one.Value.Ingress, PolicyDirection.Ingress)))
            .Where(one => one.Chain is not null)
            .Select(one => $"-A IngressRule -i {one.Key} -o {one.Key} -j RETURN\n-A IngressRule -o {one.Key} -j {one.Chain}\n"));
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["raw"] =
                $"""
                *raw
                :PREROUTING ACCEPT [0:0]
                {(isIPv6 ? NeighbourDiscovery : "")}
                {string.Join('\n', ports.Where(port => LayoutWords.IsIPv6(port.Address) == isIPv6).Select(port => $"-A PREROUTING -i {port.Name} ! -s {port.Address} -m comment --comment SpoofGuard -j DROP"))}
                COMMIT

                """,
            ["mangle"] =
                $"""
                *mangle
                :PREROUTING ACCEPT [0:0]
                -A PREROUTING -i {GatewayPort} -m conntrack --ctstate NEW -m comment --comment FromGatewayCTMark -j CONNMARK --set-xmark 0x2/0x2
                -A PREROUTING -m conntrack --ctdir REPLY -m connmark --mark 0x2/0x2 -j MARK --set-xmark 0x2/0x2
                -A PREROUTING -m conntrack --ctdir ORIGINAL --ctstate DNAT -j MARK --set-xmark {Led}
                COMMIT

                """,
            ["nat"] = Nat(served, isIPv6),
            ["filter"] =
                $"""
                *filter
                :FORWARD ACCEPT [0:0]
                :EgressRule - [0:0]
                :IngressRule - [0:0]
                {chains.Text}{egress}-A IngressRule -i {GatewayPort} -m tos --tos {HostRules.LocalTos} -j RETURN
                {ingress}
                -A FORWARD -m conntrack --ctstate INVALID -m comment --comment ConntrackState -j DROP
                {string.Join('\n', served.Where(service => service.EndPoints.IsEmpty).Select(service =>
                    $"-A FORWARD ! -i {GatewayPort} {ServiceRules.Match(service)} -m comment --comment ServiceLB -j REJECT --reject-with {Reject(service, isIPv6)}"))}
                -A FORWARD -m conntrack --ctstate NEW -j EgressRule
                -A FORWARD -m conntrack --ctstate NEW -j IngressRule
                -A FORWARD -i {TunnelPort} -o {TunnelPort} -m comment --comment in_port -j DROP
                -A FORWARD -i {GatewayPort} -o {GatewayPort} -m comment --comment in_port -j DROP
                {string.Concat(bridge.Bridge.Gateways.Where(gateway => LayoutWords.IsIPv6(gateway.Address) == isIPv6)
                    .Select(gateway => $"-A FORWARD -i {TunnelPort} -o {GatewayPort} -d {gateway.Address} -j ACCEPT"))}
                -A FORWARD -i {TunnelPort} -o {GatewayPort} -m conntrack --ctstate NEW -m comment --comment EgressMark -j DROP
                COMMIT

                """,
        };
    }

    /// <summary>ServiceLB and EndpointDNAT for what Pods send.</summary>
    private static string Nat(ImmutableArray<ServicePort> services, bool isIPv6)
    {
        var text = new StringBuilder(
            $"""
            *nat
            :PREROUTING ACCEPT [0:0]
            :POSTROUTING ACCEPT [0:0]
            :SERVICES - [0:0]
            -A PREROUTING -i {GatewayPort} -j RETURN
            -A PREROUTING -i {TunnelPort} -j RETURN
            -A PREROUTING -j MARK --set-xmark {Led}
            -A PREROUTING -j SERVICES
            -A PREROUTING -j MARK --set-xmark 0x0/0x8
            -A POSTROUTING -m mark --mark {ServiceRules.Mark} -j SNAT --to-source {HairpinAddress(isIPv6)}

            """);
        ServiceRules.Append(text, "SERVICES", services, fromOutside: null);
        return text.Append("COMMIT\n").ToString();
    }

    private static string Reject(ServicePort service, bool isIPv6) =>
        service.Protocol == TransportProtocol.Tcp ? "tcp-reset" : ServiceRules.PortUnreachable(isIPv6);
}
