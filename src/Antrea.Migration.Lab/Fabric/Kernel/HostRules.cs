using System.Collections.Immutable;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>A Node's iptables rules and ipsets, as far as they decide something.</summary>
/// <remarks>Source: Calico v3.26.1 felix/rules, Kubernetes pkg/proxy/iptables, Antrea v1.14 pkg/agent/route.</remarks>
internal static class HostRules
{
    public static IReadOnlyList<LayoutPart> Sets(HostState state, bool hasIPv6)
    {
        List<LayoutPart> parts = [];
        foreach (var isIPv6 in hasIPv6 ? [false, true] : (bool[])[false])
        {
            if (state.Calico is { } calico)
            {
                Append(parts, MasqueradePools(isIPv6), calico.MasqueradePools, isIPv6);
                Append(parts, AllPools(isIPv6), calico.AllPools, isIPv6);
            }

            if (state.Antrea is { } antrea)
            {
                Append(parts, PodIPSet(isIPv6), antrea.PodIPSet, isIPv6);
            }
        }

        return parts;
    }

    private static string MasqueradePools(bool isIPv6) => $"cali{(isIPv6 ? 6 : 4)}0masq-ipam-pools";

    private static string AllPools(bool isIPv6) => $"cali{(isIPv6 ? 6 : 4)}0all-ipam-pools";

    private static string PodIPSet(bool isIPv6) => isIPv6 ? "ANTREA-POD-IP6" : "ANTREA-POD-IP";

    /// <summary>What the Node itself sends to its Pods is above every policy, which the bridge knows by a mark on the packet.</summary>
    public const string LocalTos = "0x04";

    public static IReadOnlyDictionary<string, string> Write(NodeSnapshot node, ImmutableArray<ServicePort> all, bool isIPv6)
    {
        var services = ServiceRules.OfFamily(all, isIPv6);
        var state = node.State;
        var raw = new StringBuilder(
            """
            *raw
            :PREROUTING ACCEPT [0:0]
            :OUTPUT ACCEPT [0:0]
            -A PREROUTING -p udp -m udp -m multiport --dports 4789,6081 -m addrtype --dst-type LOCAL -j NOTRACK
            -A OUTPUT -p udp -m udp -m multiport --dports 4789,6081 -m addrtype --src-type LOCAL -j NOTRACK

            """);
        var filter = new StringBuilder("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n");
        var nat = new StringBuilder("*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n");
        if (state.Calico is { } calico)
        {
            raw.Append(CalicoRaw);
            filter.Append(CalicoFilter(calico.DropsInvalid ? "-m conntrack --ctstate INVALID -j DROP" : null, node.Policies.Of(isIPv6), isIPv6));
            nat.Append(CalicoNat(state.Devices.Where(device => device.Kind is HostDeviceKind.IpipTunnel or HostDeviceKind.VxlanTunnel), isIPv6));
        }

        if (state.KubeProxy is { } proxy)
        {
            filter.Append(KubeProxyFilter(proxy.DropsInvalid, services, isIPv6));
            AppendKubeProxyNat(nat, proxy, services, isIPv6);
        }

        nat.Append(HostPortNat([.. state.HostPorts.Where(rule => isIPv6 == (rule.Target.AddressFamily == AddressFamily.InterNetworkV6))]));
        var mangle = new StringBuilder("*mangle\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n");
        if (state.Antrea is { } antrea)
        {
            var gateway = state.Device(HostDeviceKind.AntreaGateway)?.Name ?? "antrea-gw0";
            mangle.Append(
                $"""
                :ANTREA-OUTPUT - [0:0]
                :ANTREA-FORWARD - [0:0]
                -A OUTPUT -j ANTREA-OUTPUT
                -A FORWARD -j ANTREA-FORWARD
                -A ANTREA-FORWARD -o {gateway} -j TOS --set-tos 0x00
                -A ANTREA-OUTPUT -o {gateway} -j TOS --set-tos {LocalTos}

                """);
            filter.Append(
                $"""
                :ANTREA-FORWARD - [0:0]
                -A FORWARD -j ANTREA-FORWARD
                -A ANTREA-FORWARD -i {gateway} -j ACCEPT
                -A ANTREA-FORWARD -o {gateway} -j ACCEPT

                """);
            nat.Append(AntreaNat(antrea, gateway, isIPv6));
        }

        if (state.Calico is not null)
        {
            // Behind everybody's: what Calico allows may still be a Service without endpoints.
            filter.Append("-A FORWARD -m comment --comment \"cali:lab\" -m mark --mark 0x10000/0x10000 -j ACCEPT\n");
        }

        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["raw"] = $"{raw}COMMIT\n",
            ["mangle"] = $"{mangle}COMMIT\n",
            ["filter"] = $"{filter}COMMIT\n",
            ["nat"] = $"{nat}COMMIT\n",
        };
    }

    private const string CalicoRaw =
        """
        :cali-PREROUTING - [0:0]
        -A PREROUTING -m comment --comment "cali:lab" -j cali-PREROUTING
        -A cali-PREROUTING -j MARK --set-xmark 0x0/0xf0000
        -A cali-PREROUTING -i cali+ -j MARK --set-xmark 0x40000/0x40000
        -A cali-PREROUTING -m mark --mark 0x40000/0x40000 -m rpfilter --validmark --invert -j DROP

        """;

    private static string CalicoFilter(string? invalid, IReadOnlyDictionary<string, InterfacePolicy> policies, bool isIPv6)
    {
        var chains = new PolicyChains("cali-", isIPv6);
        var from = Jumps(policy => chains.Of(policy.Egress, PolicyDirection.Egress), "-A cali-fw -i");
        var to = Jumps(policy => chains.Of(policy.Ingress, PolicyDirection.Ingress), "-A cali-tw -o");
        return $"""
        :cali-INPUT - [0:0]
        :cali-FORWARD - [0:0]
        :cali-fw - [0:0]
        :cali-tw - [0:0]
        -A INPUT -m comment --comment "cali:lab" -j cali-INPUT
        -A FORWARD -m comment --comment "cali:lab" -j cali-FORWARD
        -A cali-INPUT -i cali+ -j cali-fw
        -A cali-FORWARD -j MARK --set-xmark 0x0/0x10000
        -A cali-FORWARD -i cali+ -j cali-fw
        -A cali-FORWARD -o cali+ -j cali-tw
        -A cali-fw -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        {(invalid is null ? "" : $"-A cali-fw {invalid}")}
        {chains.Text}{from}
        -A cali-fw -j MARK --set-xmark 0x10000/0x10000
        -A cali-tw -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        {(invalid is null ? "" : $"-A cali-tw {invalid}")}
        {to}
        -A cali-tw -j MARK --set-xmark 0x10000/0x10000

        """;

        string Jumps(Func<InterfacePolicy, string?> chainOf, string match) => string.Concat(policies
            .Select(one => (one.Key, Chain: chainOf(one.Value))).Where(one => one.Chain is not null).Select(one => $"{match} {one.Key} -j {one.Chain}\n"));
    }

    private static string CalicoNat(IEnumerable<HostDevice> tunnels, bool isIPv6) =>
        $"""
        :cali-POSTROUTING - [0:0]
        :cali-nat-outgoing - [0:0]
        -A POSTROUTING -m comment --comment "cali:lab" -j cali-POSTROUTING
        -A cali-POSTROUTING -j cali-nat-outgoing
        {string.Join('\n', tunnels.Select(tunnel => $"-A cali-POSTROUTING -o {tunnel.Name} {ForeignLocal} -j MASQUERADE"))}
        -A cali-nat-outgoing -m set --match-set {MasqueradePools(isIPv6)} src -m set ! --match-set {AllPools(isIPv6)} dst -j MASQUERADE

        """;

    private static string KubeProxyFilter(bool dropsInvalid, ImmutableArray<ServicePort> services, bool isIPv6) =>
        $"""
        :KUBE-FORWARD - [0:0]
        :KUBE-SERVICES - [0:0]
        -A FORWARD -m conntrack --ctstate NEW -j KUBE-SERVICES
        -A OUTPUT -m conntrack --ctstate NEW -j KUBE-SERVICES
        {string.Join('\n', services.Where(service => service.EndPoints.IsEmpty).Select(service =>
            $"-A KUBE-SERVICES {ServiceRules.Match(service)} -j REJECT --reject-with {ServiceRules.PortUnreachable(isIPv6)}"))}
        -A FORWARD -j KUBE-FORWARD
        {(dropsInvalid ? "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP" : "")}
        -A KUBE-FORWARD -m mark --mark {ServiceRules.Mark} -j ACCEPT
        -A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT

        """;

    private static void AppendKubeProxyNat(StringBuilder nat, KubeProxy proxy, ImmutableArray<ServicePort> services, bool isIPv6)
    {
        nat.Append(
            $"""
            :KUBE-SERVICES - [0:0]
            :KUBE-POSTROUTING - [0:0]
            -A PREROUTING -j KUBE-SERVICES
            -A OUTPUT -j KUBE-SERVICES
            -A POSTROUTING -j KUBE-POSTROUTING
            -A KUBE-POSTROUTING -m mark --mark {ServiceRules.Mark} -j MASQUERADE

            """);
        ServiceRules.Append(
            nat,
            "KUBE-SERVICES",
            services,
            proxy.MasqueradeAll ? "" : proxy.ClusterCidrOf(isIPv6) is { } inside ? $"! -s {inside}" : null);
    }

    /// <summary>As portmap writes them, its masquerading for a Pod that asks itself aside.</summary>
    private static string HostPortNat(ImmutableArray<HostPortRule> rules)
    {
        if (rules.IsEmpty)
        {
            return "";
        }

        var nat = new StringBuilder(
            """
            :CNI-HOSTPORT-DNAT - [0:0]
            -A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
            -A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT

            """);
        foreach (var sandbox in rules.GroupBy(rule => (rule.Network, rule.ContainerId)))
        {
            var chain = PortmapChain(sandbox.Key.Network, sandbox.Key.ContainerId);
            nat.Append($":{chain} - [0:0]\n");
            foreach (var rule in sandbox)
            {
                var protocol = rule.Protocol.ToString().ToLowerInvariant();
                nat.Append($"-A {chain} {(rule.HostIP is null ? "" : $"-d {rule.HostIP} ")}-p {protocol} --dport {rule.Port} -j DNAT --to-destination {rule.Target}\n");
            }

            foreach (var protocol in sandbox.GroupBy(rule => rule.Protocol))
            {
                nat.Append(
                    $"""
                    -A CNI-HOSTPORT-DNAT -p {protocol.Key.ToString().ToLowerInvariant()} -m comment --comment "dnat name: \"{sandbox.Key.Network}\" id: \"{sandbox.Key.ContainerId}\"" -m multiport --destination-ports {string.Join(',', protocol.Select(rule => rule.Port).Distinct())} -j {chain}

                    """);
            }
        }

        return nat.ToString();
    }

    /// <summary>The name of a sandbox's chain.</summary>
    internal static string PortmapChain(string network, string containerId) =>
        $"CNI-DN-{Convert.ToHexStringLower(SHA512.HashData(Encoding.UTF8.GetBytes(network + containerId)))}"[..28];

    private static string AntreaNat(AntreaNetfilter antrea, string gateway, bool isIPv6) =>
        $"""
        :ANTREA-POSTROUTING - [0:0]
        -A POSTROUTING -j ANTREA-POSTROUTING
        {(antrea.NoSnat
            ? ""
            : string.Concat(antrea.PodCidrs.Where(podCidr => podCidr.IsIPv6 == isIPv6)
                .Select(podCidr => $"-A ANTREA-POSTROUTING -s {podCidr} -m set ! --match-set {PodIPSet(isIPv6)} dst ! -o {gateway} -j MASQUERADE")))}
        -A ANTREA-POSTROUTING -o {gateway} {ForeignLocal} -j MASQUERADE

        """;

    /// <summary>The source is an address of the Node's, but not one of the device the packet leaves by.</summary>
    private const string ForeignLocal = "-m addrtype ! --src-type LOCAL --limit-iface-out -m addrtype --src-type LOCAL";

    private static void Append(List<LayoutPart> parts, string name, ImmutableArray<Cidr> members, bool isIPv6)
    {
        parts.Add(new LayoutPart($"set {name}", $"create {name} hash:net{(isIPv6 ? " family inet6" : "")}\n", $"destroy {name}\n"));
        parts.AddRange(members.Where(member => member.IsIPv6 == isIPv6).Distinct().Select(member => new LayoutPart($"{name} {member}", $"add {name} {member}\n", $"del {name} {member}\n")));
    }
}
