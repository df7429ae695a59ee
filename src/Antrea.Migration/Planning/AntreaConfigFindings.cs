using System.Collections.Immutable;
using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Planning;

/// <summary>What the Antrea manifest's own configuration asks for that the bridge, or the Nodes' network, cannot live with.</summary>
/// <remarks>Source: Antrea v2.7 ConfigMap <c>antrea-config</c>, key <c>antrea-agent.conf</c>; commented-out keys have their defaults.</remarks>
internal static class AntreaConfigFindings
{
    public static IEnumerable<Finding> Check(ClusterSnapshot snapshot, ImmutableArray<ClusterObject> manifest)
    {
        foreach (var configMap in AntreaAgentSettings.ConfigMapsOf(manifest))
        {
            var settings = AntreaAgentSettings.Of([configMap]);
            var subject = $"{configMap.Source}: {configMap} {AntreaAgentSettings.Key}";
            if (settings.EncapMode is not ("encap" or "noencap" or "hybrid"))
            {
                yield return new Finding(
                    "antrea-encap-mode-unsupported",
                    Severity.Blocker,
                    subject,
                    $"trafficEncapMode is {settings.EncapMode}; who reaches whom during a migration is known here for encap, noEncap and hybrid",
                    "Migrate with one of these; networkPolicyOnly gives Pods no addresses, so there is nothing to migrate to");
            }

            if (settings.EncapMode == "noencap" && Subnets(snapshot, subject) is { } subnets)
            {
                yield return subnets;
            }

            if (settings is { HasTunnel: true, TunnelType: "gre" } && snapshot.Nodes.FirstOrDefault(n => n.PodCidrs.Any(c => c.IsIPv6)) is { } node)
            {
                yield return new Finding(
                    "antrea-gre-with-ipv6",
                    Severity.Blocker,
                    subject,
                    $"tunnelType is gre and Node {node.Name} has an IPv6 PodCIDR: Antrea's gre carries no IPv6",
                    "Use Antrea's default, geneve; with IPsec, name geneve in the manifest too, whose IPsec variant has gre");
            }

            if (settings is { HasTunnel: true, TunnelType: "vxlan" } && snapshot.CalicoIpam.Pools.Any(p => p.VxlanMode != EncapsulationMode.Never))
            {
                yield return new Finding(
                    "antrea-vxlan-beside-calico-vxlan",
                    Severity.Blocker,
                    subject,
                    "tunnelType is vxlan and Calico has VXLAN pools: both would open UDP 4789 on every Node",
                    "Use Antrea's default, geneve");
            }
        }
    }

    /// <summary>Without a tunnel Antrea adds routes within a subnet only.</summary>
    private static Finding? Subnets(ClusterSnapshot snapshot, string subject)
    {
        var known = snapshot.Nodes.SelectMany(n => n.Networks, (node, network) => (node.Name, Network: network)).ToList();
        foreach (var family in known.GroupBy(n => n.Network.FirstAddress.AddressFamily).OrderBy(g => g.Key))
        {
            if (family.FirstOrDefault(n => n.Network != family.First().Network) is { Name: not null } other)
            {
                return new Finding(
                    "antrea-noencap-between-subnets",
                    Severity.Blocker,
                    subject,
                    $"trafficEncapMode is noEncap, Node {family.First().Name} is in {family.First().Network} and Node {other.Name} in {other.Network}: "
                    + "Antrea adds no route between subnets, so Pods there reach each other only if the network itself routes every PodCIDR to its Node",
                    "Use hybrid, which tunnels between subnets, or encap; where the network has these routes, ignore this id");
            }
        }

        return snapshot.Nodes.SelectMany(n => UntoldFamilies(n), (node, isIPv6) => (node.Name, IsIPv6: isIPv6)).FirstOrDefault() is { Name: not null } silent
            ? new Finding(
                "antrea-noencap-subnets-unknown",
                Severity.Warning,
                subject,
                "trafficEncapMode is noEncap, which needs all Nodes in one subnet, and "
                + $"Node {silent.Name} has no annotation projectcalico.org/{(silent.IsIPv6 ? "IPv6Address" : "IPv4Address")} that tells its own",
                "See that all Nodes share a subnet; else use hybrid or encap")
            : null;
    }

    /// <summary>The families of a Node's Pods, or of its own where it has none yet, in which nothing tells its subnet.</summary>
    private static IEnumerable<bool> UntoldFamilies(NodeInfo node)
    {
        var families = node.PodCidrs.IsEmpty ? node.InternalIPs.Select(a => a.AddressFamily == AddressFamily.InterNetworkV6) : node.PodCidrs.Select(c => c.IsIPv6);
        return families.DefaultIfEmpty(false).Distinct().Except(node.Networks.Select(n => n.IsIPv6));
    }
}
