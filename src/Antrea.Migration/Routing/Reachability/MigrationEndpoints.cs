using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.Bridge;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>Everybody who will open or take connections while a cluster moves: each Pod as what it is and as what it becomes.</summary>
/// <remarks>A Calico Pod becomes a Multus Pod and then an Antrea Pod, so it counts once as each. Which address Antrea will give is not known;
/// taken is what host-local gives on an empty Node, from the PodCIDR's third address (<c>.2</c>) upwards in the order of the Pods' names. A
/// snapshot does not tell Multus Pods from Calico Pods; they count as both. Nodes count with their InternalIP.</remarks>
public static class MigrationEndpoints
{
    /// <summary>All endpoints, the Nodes' own first, then the Pods' in the snapshot's order.</summary>
    public static ImmutableArray<ReachabilityEndpoint> Of(ClusterSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var nodes = snapshot.Nodes.DistinctBy(n => n.Name).ToDictionary(n => n.Name, StringComparer.Ordinal);
        var allocated = AllocatedByCalico(snapshot);
        return
        [
            .. snapshot.Nodes.SelectMany(n => OneOfAFamily(n.InternalIPs).Select(a => ReachabilityEndpoint.Host(n.Name, a))),
            .. PodsByNode(snapshot).SelectMany(node => nodes.TryGetValue(node.Key, out var info)
                ? node.SelectMany((pod, index) => OfPod(pod, info, index, allocated))
                : []),
        ];
    }

    /// <summary>One Pod as each of what it is and becomes; empty for one that is on no network.</summary>
    /// <param name="snapshot">The cluster.</param>
    /// <param name="pod">One of its Pods.</param>
    public static ImmutableArray<ReachabilityEndpoint> Of(ClusterSnapshot snapshot, PodInfo pod)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(pod);
        if (snapshot.Nodes.FirstOrDefault(n => n.Name == pod.NodeName) is not { } node || pod.HasEnded)
        {
            return [];
        }

        if (pod.HostNetwork)
        {
            return [.. OneOfAFamily(node.InternalIPs).Select(a => ReachabilityEndpoint.Host(node.Name, a))];
        }

        var index = PodsByNode(snapshot)[pod.NodeName].TakeWhile(p => (p.Namespace, p.Name) != (pod.Namespace, pod.Name)).Count();
        return [.. OfPod(pod, node, index, AllocatedByCalico(snapshot))];
    }

    /// <summary>Every Pod on a network as <see cref="Of(ClusterSnapshot, PodInfo)"/> has it, in one go.</summary>
    internal static Dictionary<(string Namespace, string Name), ImmutableArray<ReachabilityEndpoint>> ByPod(ClusterSnapshot snapshot)
    {
        var nodes = snapshot.Nodes.DistinctBy(n => n.Name).ToDictionary(n => n.Name, StringComparer.Ordinal);
        var allocated = AllocatedByCalico(snapshot);
        var ends = new Dictionary<(string, string), ImmutableArray<ReachabilityEndpoint>>();
        foreach (var pod in snapshot.Pods.Where(p => p is { HostNetwork: true, HasEnded: false } && nodes.ContainsKey(p.NodeName)))
        {
            ends.TryAdd(
                (pod.Namespace, pod.Name),
                [.. OneOfAFamily(nodes[pod.NodeName].InternalIPs).Select(a => ReachabilityEndpoint.Host(pod.NodeName, a))]);
        }

        foreach (var group in PodsByNode(snapshot).Where(g => nodes.ContainsKey(g.Key)))
        {
            foreach (var (pod, index) in group.Select((pod, index) => (pod, index)))
            {
                ends.TryAdd((pod.Namespace, pod.Name), [.. OfPod(pod, nodes[group.Key], index, allocated)]);
            }
        }

        return ends;
    }

    /// <summary>The address Antrea gives to the Pod of that number on a Node, counted from 0; null where the PodCIDR is full or missing.</summary>
    internal static IPAddress? AntreaAddress(NodeInfo node, int index, AddressFamily family)
    {
        foreach (var podCidr in node.PodCidrs)
        {
            if (podCidr.IsIPv6 == (family == AddressFamily.InterNetworkV6))
            {
                return (UInt128)index + 2 < podCidr.AddressCount - 1 ? podCidr.AddressAt((UInt128)index + 2) : null;
            }
        }

        return null;
    }

    /// <summary>The first address of each family; most Pods have one address, and need no list of their own.</summary>
    private static ImmutableArray<IPAddress> OneOfAFamily(ImmutableArray<IPAddress> addresses) =>
        addresses.Length <= 1 ? addresses : [.. addresses.DistinctBy(a => a.AddressFamily)];

    private static ILookup<string, PodInfo> PodsByNode(ClusterSnapshot snapshot) => snapshot.Pods
        .Where(p => p is { HostNetwork: false, HasEnded: false, PodIPs.Length: > 0 })
        .ToLookup(p => p.NodeName, StringComparer.Ordinal);

    private static HashSet<IPAddress> AllocatedByCalico(ClusterSnapshot snapshot) =>
        [.. snapshot.CalicoIpam.Blocks.SelectMany(b => b.Allocations).Select(a => a.Address)];

    private static IEnumerable<ReachabilityEndpoint> OfPod(PodInfo pod, NodeInfo node, int index, HashSet<IPAddress> allocated)
    {
        var network = PodNetworkInventory.Classify(pod, node, ImmutableHashSet<string>.Empty);
        foreach (var address in OneOfAFamily(pod.PodIPs))
        {
            // A block in the Node's own PodCIDR gives addresses that look like Antrea's.
            if (network == PodNetwork.Antrea && !allocated.Contains(address))
            {
                yield return ReachabilityEndpoint.Antrea(node.Name, address);
                continue;
            }

            yield return ReachabilityEndpoint.Calico(node.Name, address);
            if (AntreaAddress(node, index, address.AddressFamily) is { } antrea)
            {
                yield return ReachabilityEndpoint.Multus(node.Name, address, antrea);
                yield return ReachabilityEndpoint.Antrea(node.Name, antrea);
            }
        }
    }
}
