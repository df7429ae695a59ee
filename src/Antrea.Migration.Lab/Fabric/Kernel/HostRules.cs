using System.Collections.Immutable;
using System.Text;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>A Node's iptables rules and ipsets, as far as they decide something.</summary>
/// <remarks>Source: Calico v3.26.1 felix/rules, Kubernetes pkg/proxy/iptables, Antrea v1.14 pkg/agent/route.</remarks>
internal static class HostRules
{
    public static IReadOnlyList<LayoutPart> Sets(HostState state)
    {
        List<LayoutPart> parts = [];
        if (state.Calico is { } calico)
        {
            Append(parts, "cali40masq-ipam-pools", calico.MasqueradePools);
            Append(parts, "cali40all-ipam-pools", calico.AllPools);
        }

        if (state.Antrea is { } antrea)
        {
            Append(parts, "ANTREA-POD-IP", antrea.PodIPSet);
        }

        return parts;
    }

    /// <summary>What the Node itself sends to its Pods is above every policy, which the bridge knows by a mark on the packet.</summary>
    public const string LocalTos = "0x04";

    public static IReadOnlyDictionary<string, string> Write(NodeSnapshot node, ImmutableArray<ServicePort> services)
    {
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
            filter.Append(CalicoFilter(calico.DropsInvalid ? "-m conntrack --ctstate INVALID -j DROP" : null, node.Policies));
            nat.Append(CalicoNat(state.Devices.Where(device => device.Kind is HostDeviceKind.IpipTunnel or HostDeviceKind.VxlanTunnel)));
        }

        if (state.KubeProxy is { } proxy)
        {
            filter.Append(KubeProxyFilter(proxy.DropsInvalid, services));
            AppendKubeProxyNat(nat, proxy, services);
        }

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
            nat.Append(AntreaNat(antrea, gateway));
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

    private static string CalicoFilter(string? invalid, IReadOnlyDictionary<string, InterfacePolicy> policies)
    {
        var chains = new PolicyChains("cali-");
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

    private static string CalicoNat(IEnumerable<HostDevice> tunnels) =>
        $"""
        :cali-POSTROUTING - [0:0]
        :cali-nat-outgoing - [0:0]
        -A POSTROUTING -m comment --comment "cali:lab" -j cali-POSTROUTING
        -A cali-POSTROUTING -j cali-nat-outgoing
        {string.Join('\n', tunnels.Select(tunnel => $"-A cali-POSTROUTING -o {tunnel.Name} {ForeignLocal} -j MASQUERADE"))}
        -A cali-nat-outgoing -m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40all-ipam-pools dst -j MASQUERADE

        """;

    private static string KubeProxyFilter(bool dropsInvalid, ImmutableArray<ServicePort> services) =>
        $"""
        :KUBE-FORWARD - [0:0]
        :KUBE-SERVICES - [0:0]
        -A FORWARD -m conntrack --ctstate NEW -j KUBE-SERVICES
        -A OUTPUT -m conntrack --ctstate NEW -j KUBE-SERVICES
        {string.Join('\n', services.Where(service => service.EndPoints.IsEmpty).Select(service =>
            $"-A KUBE-SERVICES {ServiceRules.Match(service)} -j REJECT --reject-with icmp-port-unreachable"))}
        -A FORWARD -j KUBE-FORWARD
        {(dropsInvalid ? "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP" : "")}
        -A KUBE-FORWARD -m mark --mark {ServiceRules.Mark} -j ACCEPT
        -A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT

        """;

    private static void AppendKubeProxyNat(StringBuilder nat, KubeProxy proxy, ImmutableArray<ServicePort> services)
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
            proxy.MasqueradeAll ? "" : proxy.ClusterCidr is { } inside ? $"! -s {inside}" : null);
    }

    private static string AntreaNat(AntreaNetfilter antrea, string gateway) =>
        $"""
        :ANTREA-POSTROUTING - [0:0]
        -A POSTROUTING -j ANTREA-POSTROUTING
        {(antrea.NoSnat
            ? ""
            : $"-A ANTREA-POSTROUTING -s {antrea.PodCidr} -m set ! --match-set ANTREA-POD-IP dst ! -o {gateway} -j MASQUERADE")}
        -A ANTREA-POSTROUTING -o {gateway} {ForeignLocal} -j MASQUERADE

        """;

    /// <summary>The source is an address of the Node's, but not one of the device the packet leaves by.</summary>
    private const string ForeignLocal = "-m addrtype ! --src-type LOCAL --limit-iface-out -m addrtype --src-type LOCAL";

    private static void Append(List<LayoutPart> parts, string name, ImmutableArray<Cidr> members)
    {
        parts.Add(new LayoutPart($"set {name}", $"create {name} hash:net\n", $"destroy {name}\n"));
        parts.AddRange(members.Distinct().Select(member => new LayoutPart($"{name} {member}", $"add {name} {member}\n", $"del {name} {member}\n")));
    }
}
