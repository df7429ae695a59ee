using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migrator.Commands;

/// <summary>Finds who is meant by a Pod's or Node's name or an address.</summary>
internal sealed class ConnectionEnds(ClusterSnapshot snapshot)
{
    /// <summary>One end; several for a Service.</summary>
    /// <param name="text"><c>NAMESPACE/POD</c>, <c>NAMESPACE/SERVICE</c>, a Node's name, or an address.</param>
    /// <param name="kind">What the Pod is to be taken as; null for what it is.</param>
    /// <exception cref="FormatException">Nobody is meant, or it cannot be taken as that.</exception>
    public ImmutableArray<ReachabilityEndpoint> Find(string text, PodNetworkKind? kind)
    {
        if (IPAddress.TryParse(text, out var address))
        {
            return OfAddress(address, text, kind);
        }

        if (snapshot.Nodes.FirstOrDefault(n => n.Name == text) is { } node)
        {
            return node.InternalIPs.IsEmpty
                ? throw new FormatException($"Node {text} has no InternalIP.")
                : [ReachabilityEndpoint.Host(node.Name, node.InternalIPs[0])];
        }

        if (snapshot.Pods.FirstOrDefault(p => p.ToString() == text) is { } pod)
        {
            return [OfPod(pod, text, kind)];
        }

        return snapshot.OfKind("", "Service").FirstOrDefault(s => $"{s.Namespace}/{s.Name}" == text) is { } service
            ? OfService(service, kind)
            : throw new FormatException($"The cluster has neither a Pod nor a Service nor a Node '{text}'. Write a Pod as NAMESPACE/POD.");
    }

    private ImmutableArray<ReachabilityEndpoint> OfAddress(IPAddress address, string text, PodNetworkKind? kind)
    {
        if (snapshot.Pods.FirstOrDefault(p => p is { HostNetwork: false, HasEnded: false } && p.PodIPs.Contains(address)) is { } pod)
        {
            return [OfPod(pod, text, kind)];
        }

        if (snapshot.Nodes.FirstOrDefault(n => n.InternalIPs.Contains(address) || n.CalicoTunnelAddresses.Contains(address)) is { } host)
        {
            return [ReachabilityEndpoint.Host(host.Name, address)];
        }

        if (snapshot.OfKind("", "Service").FirstOrDefault(s => ClusterIPs(s).Contains(address)) is { } service)
        {
            return OfService(service, kind);
        }

        // Nobody has it yet: a block's owner would give it out, or a PodCIDR's Node.
        if (kind != PodNetworkKind.Antrea && snapshot.CalicoIpam.Blocks.FirstOrDefault(b => b.Node is not null && b.Cidr.Contains(address)) is { } block)
        {
            return [ReachabilityEndpoint.Calico(block.Node!, address)];
        }

        return snapshot.Nodes.FirstOrDefault(n => n.PodCidrs.Any(p => p.Contains(address))) is { } node && kind is (null or PodNetworkKind.Antrea)
            ? [ReachabilityEndpoint.Antrea(node.Name, address)]
            : throw new FormatException($"No Pod, Node, Service, block or PodCIDR of the cluster has the address {text}{(kind is { } of ? $" as {of}" : "")}.");
    }

    private ReachabilityEndpoint OfPod(PodInfo pod, string text, PodNetworkKind? kind)
    {
        var ends = MigrationEndpoints.Of(snapshot, pod);
        return (kind is null ? ends.FirstOrDefault() : ends.FirstOrDefault(e => e.Kind == kind))
            ?? throw new FormatException(ends.IsEmpty
                ? $"Pod {text} is on no network (it has ended, has no address, or its Node is not in the cluster)."
                : $"Pod {text} cannot be taken as a {kind} Pod: it is {ends[0]}.");
    }

    private ImmutableArray<ReachabilityEndpoint> OfService(ClusterObject service, PodNetworkKind? kind)
    {
        var selector = (service.Json["spec"]?["selector"] as JsonObject)?.ToDictionary(p => p.Key, p => p.Value?.ToString() ?? "");
        ImmutableArray<ReachabilityEndpoint> ends =
        [
            .. snapshot.Pods
                .Where(p => selector is { Count: > 0 } && p.Namespace == service.Namespace && !p.HasEnded && p.PodIPs.Length > 0)
                .Where(p => selector!.All(s => p.Labels.TryGetValue(s.Key, out var value) && value == s.Value))
                .Select(p => OfPod(p, p.ToString(), kind)),
        ];
        return ends.IsEmpty
            ? throw new FormatException($"Service {service.Namespace}/{service.Name} has no Pod behind it that the cluster's objects show.")
            : ends;
    }

    private static IEnumerable<IPAddress> ClusterIPs(ClusterObject service) =>
        ((service.Json["spec"]?["clusterIPs"] as JsonArray)?.Select(i => i?.ToString()) ?? [service.Json["spec"]?["clusterIP"]?.ToString()])
            .Select(t => IPAddress.TryParse(t, out var address) ? address : null)
            .OfType<IPAddress>();
}
