using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>A Service as far as packets care.</summary>
/// <param name="Namespace">Its Namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="ClusterIPs">Its addresses, one a family; empty for a headless Service, whose clients ask for its endpoints.</param>
/// <param name="Endpoints">Each endpoint as what it is, first, and as what it becomes. Only such as the cluster's Pods and Nodes
/// have.</param>
/// <remarks>The endpoints are those of the EndpointSlices, ready or not; without any, the Pods that it selects.</remarks>
public sealed record ReachabilityService(
    string Namespace, string Name, ImmutableArray<IPAddress> ClusterIPs, ImmutableArray<ImmutableArray<ReachabilityEndpoint>> Endpoints)
{
    /// <summary>All Services of a cluster, in the snapshot's order.</summary>
    public static ImmutableArray<ReachabilityService> Of(ClusterSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var nodes = snapshot.Nodes.SelectMany(n => n.InternalIPs.Select(a => ReachabilityEndpoint.Host(n.Name, a))).DistinctBy(e => e.Address)
            .ToDictionary(e => e.Address);
        var ofPods = MigrationEndpoints.ByPod(snapshot);
        return
        [
            .. ServiceEndpoints.Of(snapshot, snapshot.Pods).Select(s => new ReachabilityService(
                s.Service.Namespace,
                s.Service.Name,
                ClusterIPsOf(s.Service),
                [
                    .. s.Pods.Select(i => ofPods.GetValueOrDefault((snapshot.Pods[i].Namespace, snapshot.Pods[i].Name), [])).Where(e => !e.IsEmpty),
                    .. s.Others.Where(nodes.ContainsKey).Select(a => ImmutableArray.Create(nodes[a])),
                ])),
        ];
    }

    /// <summary>A Service's ClusterIPs, of both families; empty for a headless one.</summary>
    internal static ImmutableArray<IPAddress> ClusterIPsOf(ClusterObject service)
    {
        var texts = service.Json.TextsAt("spec", "clusterIPs").ToList();
        return
        [
            .. (texts.Count > 0 ? texts : [service.Json.TextAt("spec", "clusterIP") ?? ""])
                .Select(t => IPAddress.TryParse(t, out var address) ? address : null).OfType<IPAddress>(),
        ];
    }
}
