using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Clusters;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migrator.Commands;

/// <summary>Finds who is meant by a Pod's or Node's name or an address.</summary>
internal sealed class ConnectionEnds(ClusterSnapshot snapshot)
{
    /// <summary>One end, or a Service.</summary>
    /// <param name="text"><c>NAMESPACE/POD</c>, <c>NAMESPACE/SERVICE</c>, a Node's name, or an address.</param>
    /// <param name="kind">What the Pod is to be taken as; null for what it is.</param>
    /// <exception cref="FormatException">Nobody is meant, or it cannot be taken as that.</exception>
    public ConnectionTarget Find(string text, PodNetworkKind? kind)
    {
        if (IPAddress.TryParse(text, out var address))
        {
            return OfAddress(address, text, kind);
        }

        if (snapshot.Nodes.FirstOrDefault(n => n.Name == text) is { } node)
        {
            return node.InternalIPs.IsEmpty
                ? throw new FormatException($"Node {text} has no InternalIP.")
                : ConnectionTarget.Of(ReachabilityEndpoint.Host(node.Name, node.InternalIPs[0]));
        }

        if (snapshot.Pods.FirstOrDefault(p => p.ToString() == text) is { } pod)
        {
            return ConnectionTarget.Of(OfPod(pod, text, kind));
        }

        return ReachabilityService.Of(snapshot).FirstOrDefault(s => $"{s.Namespace}/{s.Name}" == text) is { } service
            ? OfService(service, null, kind)
            : throw new FormatException($"The cluster has neither a Pod nor a Service nor a Node '{text}'. Write a Pod as NAMESPACE/POD.");
    }

    private ConnectionTarget OfAddress(IPAddress address, string text, PodNetworkKind? kind)
    {
        if (snapshot.Pods.FirstOrDefault(p => p is { HostNetwork: false, HasEnded: false } && p.PodIPs.Contains(address)) is { } pod)
        {
            return ConnectionTarget.Of(OfPod(pod, text, kind));
        }

        if (snapshot.Nodes.FirstOrDefault(n => n.InternalIPs.Contains(address) || n.CalicoTunnelAddresses.Contains(address)) is { } host)
        {
            return ConnectionTarget.Of(ReachabilityEndpoint.Host(host.Name, address));
        }

        if (ReachabilityService.Of(snapshot).FirstOrDefault(s => s.ClusterIPs.Contains(address)) is { } service)
        {
            return OfService(service, address, kind);
        }

        // Nobody has it yet: a block's owner would give it out, or a PodCIDR's Node.
        if (kind != PodNetworkKind.Antrea && snapshot.CalicoIpam.Blocks.FirstOrDefault(b => b.Node is not null && b.Cidr.Contains(address)) is { } block)
        {
            return ConnectionTarget.Of(ReachabilityEndpoint.Calico(block.Node!, address));
        }

        return snapshot.Nodes.FirstOrDefault(n => n.PodCidrs.Any(p => p.Contains(address))) is { } node && kind is (null or PodNetworkKind.Antrea)
            ? ConnectionTarget.Of(ReachabilityEndpoint.Antrea(node.Name, address))
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

    private ConnectionTarget OfService(ReachabilityService service, IPAddress? asked, PodNetworkKind? kind)
    {
        var name = $"{service.Namespace}/{service.Name}";
        if (service.Endpoints.IsEmpty)
        {
            throw new FormatException($"Service {name} has no endpoint on a Pod or Node of the cluster that the cluster's objects show.");
        }

        // A Node behind it stays one.
        ImmutableArray<ReachabilityEndpoint> ends =
        [
            .. service.Endpoints.SelectMany(e => e.Where(end => kind is null || end.Kind == kind || end.Kind == PodNetworkKind.Host)
                .DistinctBy(end => end.Address.AddressFamily)),
        ];
        return ends.IsEmpty
            ? throw new FormatException($"None of the endpoints of Service {name} can be taken as a {kind} Pod: the first is {service.Endpoints[0][0]}.")
            : new ConnectionTarget(name, asked is null ? service.ClusterIPs : [asked], ends);
    }
}

/// <summary>Whom a connection is for.</summary>
/// <param name="Service">The Service that is asked, as <c>NAMESPACE/SERVICE</c>; null for one end.</param>
/// <param name="ClusterIPs">The Service's addresses; empty where the ends themselves are asked, as with a headless Service.</param>
/// <param name="Ends">The end, or the Service's endpoints.</param>
internal sealed record ConnectionTarget(string? Service, ImmutableArray<IPAddress> ClusterIPs, ImmutableArray<ReachabilityEndpoint> Ends)
{
    public static ConnectionTarget Of(ReachabilityEndpoint end) => new(null, [], [end]);

    /// <summary>The address a client of that family asks for; null where it asks for the ends themselves.</summary>
    public IPAddress? ClusterIPFor(ReachabilityEndpoint client) => ClusterIPs.FirstOrDefault(a => a.AddressFamily == client.Address.AddressFamily);
}
