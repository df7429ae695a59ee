using System.Collections.Immutable;
using System.Text;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>What of Antrea's flow tables netfilter does in a bridge's namespace: SpoofGuard, connection tracking, and AntreaProxy's Services.</summary>
internal static class BridgeRules
{
    private const string GatewayPort = BridgeLayout.GatewayPort;
    private const string TunnelPort = BridgeLayout.TunnelPort;

    /// <summary>The address that AntreaProxy gives a Pod which reaches itself by a Service.</summary>
    private const string HairpinAddress = "169.254.0.253";

    public static IReadOnlyDictionary<string, string> Write(
        ImmutableArray<ServicePort> services, BridgeSnapshot bridge, IReadOnlyList<OvsPort> ports)
    {
        var served = bridge.State.AntreaProxy ? services : [];
        var chains = new PolicyChains("");
        var egress = string.Concat(bridge.Policies.Select(one => (one.Key, Chain: chains.Of(one.Value.Egress, PolicyDirection.Egress)))
            .Where(one => one.Chain is not null).Select(one => $"-A EgressRule -i {one.Key} -j {one.Chain}\n"));
        var ingress = string.Concat(bridge.Policies.Select(one => (one.Key, Chain: chains.Of(one.Value.Ingress, PolicyDirection.Ingress)))
            .Where(one => one.Chain is not null)
            .Select(one => $"-A IngressRule -i {one.Key} -o {one.Key} -j RETURN\n-A IngressRule -o {one.Key} -j {one.Chain}\n"));
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["raw"] =
                $"""
                *raw
                :PREROUTING ACCEPT [0:0]
                {string.Join('\n', ports.Select(port => $"-A PREROUTING -i {port.Name} ! -s {port.Address} -m comment --comment SpoofGuard -j DROP"))}
                COMMIT

                """,
            ["mangle"] =
                $"""
                *mangle
                :PREROUTING ACCEPT [0:0]
                -A PREROUTING -i {GatewayPort} -m conntrack --ctstate NEW -m comment --comment FromGatewayCTMark -j CONNMARK --set-xmark 0x2/0x2
                -A PREROUTING -m conntrack --ctdir REPLY -m connmark --mark 0x2/0x2 -j MARK --set-xmark 0x2/0x2
                COMMIT

                """,
            ["nat"] = Nat(served),
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
                    $"-A FORWARD ! -i {GatewayPort} {ServiceRules.Match(service)} -m comment --comment ServiceLB -j REJECT --reject-with {Reject(service)}"))}
                -A FORWARD -m conntrack --ctstate NEW -j EgressRule
                -A FORWARD -m conntrack --ctstate NEW -j IngressRule
                -A FORWARD -i {TunnelPort} -o {TunnelPort} -m comment --comment in_port -j DROP
                -A FORWARD -i {GatewayPort} -o {GatewayPort} -m comment --comment in_port -j DROP
                -A FORWARD -i {TunnelPort} -o {GatewayPort} -d {bridge.Bridge.Gateway} -j ACCEPT
                -A FORWARD -i {TunnelPort} -o {GatewayPort} -m conntrack --ctstate NEW -m comment --comment EgressMark -j DROP
                COMMIT

                """,
        };
    }

    /// <summary>ServiceLB and EndpointDNAT for what Pods send.</summary>
    private static string Nat(ImmutableArray<ServicePort> services)
    {
        var text = new StringBuilder(
            $"""
            *nat
            :PREROUTING ACCEPT [0:0]
            :POSTROUTING ACCEPT [0:0]
            :SERVICES - [0:0]
            -A PREROUTING -i {GatewayPort} -j RETURN
            -A PREROUTING -i {TunnelPort} -j RETURN
            -A PREROUTING -j SERVICES
            -A POSTROUTING -m mark --mark {ServiceRules.Mark} -j SNAT --to-source {HairpinAddress}

            """);
        ServiceRules.Append(text, "SERVICES", services, fromOutside: null);
        return text.Append("COMMIT\n").ToString();
    }

    private static string Reject(ServicePort service) =>
        service.Protocol == TransportProtocol.Tcp ? "tcp-reset" : "icmp-port-unreachable";
}
