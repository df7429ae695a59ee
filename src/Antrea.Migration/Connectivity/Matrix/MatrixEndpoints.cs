using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.Bridge;
using Antrea.Migration.Clusters;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Connectivity;

/// <summary>Finds in a snapshot who can take part in a matrix.</summary>
public static class MatrixEndpoints
{
    /// <summary>Every Pod that runs, is ready, and has an address of its own, by name.</summary>
    /// <remarks>Its ports are the TCP ports that its containers declare. A Node's class says whether it is a control plane Node, its subnet, and
    /// whether Calico's blocks and the Nodes' PodCIDRs clash there.</remarks>
    /// <param name="snapshot">The cluster.</param>
    /// <param name="networkOf">Which network a Pod is on, where that is known better than from the snapshot, which cannot tell Multus Pods from
    /// Calico Pods; null for the snapshot's own word.</param>
    public static ImmutableArray<MatrixEndpoint> Of(ClusterSnapshot snapshot, Func<PodInfo, PodNetwork>? networkOf = null)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var nodes = snapshot.Nodes.DistinctBy(n => n.Name).ToDictionary(n => n.Name, StringComparer.Ordinal);
        var classes = NodeClasses(snapshot);
        var objects = snapshot.OfKind("", "Pod").DistinctBy(o => (o.Namespace, o.Name)).ToDictionary(o => (o.Namespace, o.Name));
        var owners = new WorkloadOwners(snapshot);
        return
        [
            .. snapshot.Pods
                .Where(p => p is { HostNetwork: false, HasEnded: false, Ready: true, Terminating: false, PodIPs.Length: > 0 } && nodes.ContainsKey(p.NodeName))
                .OrderBy(p => p.ToString(), StringComparer.Ordinal)
                .Select(p => new MatrixEndpoint
                {
                    Name = p.ToString(),
                    Workload = $"{p.Namespace}/{owners.Of(p).Name}",
                    Node = p.NodeName,
                    NodeClass = classes[p.NodeName],
                    Network = KindOf(networkOf?.Invoke(p) ?? PodNetworkInventory.Classify(p, nodes[p.NodeName], ImmutableHashSet<string>.Empty)),
                    Address = p.PodIPs[0].ToString(),
                    Ports = objects.TryGetValue((p.Namespace, p.Name), out var pod) ? PortsOf(pod.Json) : [],
                }),
        ];
    }

    private static PodNetworkKind? KindOf(PodNetwork network) => network switch
    {
        PodNetwork.Calico => PodNetworkKind.Calico,
        PodNetwork.Multus => PodNetworkKind.Multus,
        PodNetwork.Antrea => PodNetworkKind.Antrea,
        _ => null,
    };

    private static ImmutableArray<int> PortsOf(JsonObject pod) =>
    [
        .. (pod["spec"]?["containers"] as JsonArray ?? [])
            .SelectMany(c => c?["ports"] as JsonArray ?? [])
            .Where(p => (p?["protocol"]?.ToString() ?? "TCP") == "TCP")
            .Select(p => p?["containerPort"] is JsonValue value && value.TryGetValue<int>(out var port) ? port : 0)
            .Where(p => p is > 0 and <= 65535)
            .Distinct().Order(),
    ];

    private static Dictionary<string, string> NodeClasses(ClusterSnapshot snapshot)
    {
        var objects = snapshot.OfKind("", "Node").DistinctBy(o => o.Name).ToDictionary(o => o.Name, StringComparer.Ordinal);
        var blocks = snapshot.CalicoIpam.Blocks.Where(b => b.Node is not null).ToList();
        return snapshot.Nodes.DistinctBy(n => n.Name).ToDictionary(
            n => n.Name,
            n => string.Join(", ", ((string?[])
            [
                objects.TryGetValue(n.Name, out var node) && IsControlPlane(node) ? "control plane" : "worker",
                n.Networks.IsEmpty ? null : $"subnet {n.Networks[0]}",
                blocks.Exists(b => b.Node != n.Name && n.PodCidrs.Any(p => p.Overlaps(b.Cidr))) ? "another's block in its PodCIDR" : null,
                blocks.Exists(b => b.Node == n.Name && snapshot.Nodes.Any(o => o.Name != n.Name && o.PodCidrs.Any(p => p.Overlaps(b.Cidr))))
                    ? "its block in another's PodCIDR" : null,
            ]).OfType<string>()),
            StringComparer.Ordinal);
    }

    private static bool IsControlPlane(ClusterObject node) =>
        node.Json["metadata"]?["labels"] is JsonObject labels
        && (labels.ContainsKey("node-role.kubernetes.io/control-plane") || labels.ContainsKey("node-role.kubernetes.io/master"));
}
