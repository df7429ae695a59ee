using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Clusters;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Planning;

/// <summary>What a partition does to one watched flow, told from the Nodes that its ends are on, and held against what was lost.</summary>
/// <remarks>Pods do not leave their part, so that it matters not when it was looked. A pair of one part may be lost while that part moves, one across the cut from the first part's move to
/// the end of the other's.</remarks>
/// <param name="Phases">In which requests may be lost: the phases of the parts that its ends are in.</param>
/// <param name="BrokenPairs">How many pairs of a client and a server are in different parts.</param>
/// <param name="Pairs">How many pairs there are.</param>
/// <param name="IsWhole">Whether every request is lost between the moves of the two parts: no client has a server on its side, or none that resolves the server's name.</param>
public sealed record FlowForecast(ImmutableArray<MigrationPhase> Phases, long BrokenPairs, long Pairs, bool IsWhole)
{
    /// <summary>The forecast of the flow from <paramref name="source"/> to <paramref name="target"/>.</summary>
    /// <param name="snapshot">The cluster, before or during the migration.</param>
    /// <param name="partition">Its parts.</param>
    /// <param name="source">A Node's name, or <c>namespace/name</c> of a Pod or a workload.</param>
    /// <param name="target">Whose host is a Service's name (in the source's Namespace, or with its own behind it) or the address of a Service, a Pod or a Node.</param>
    /// <returns>Null where an end is not in the cluster as far as is known: nothing is foretold of it.</returns>
    public static FlowForecast? Of(ClusterSnapshot snapshot, NodePartition partition, string source, Uri target)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(partition);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        var host = target.Host.Trim('[', ']');
        var clients = ClientsOf(snapshot, source);
        var servers = IPAddress.TryParse(host, out var address) ? At(snapshot, address) : Behind(snapshot, host, source.Contains('/') ? source.Split('/')[0] : "default");
        if (clients.Count == 0 || servers.Count == 0)
        {
            return null;
        }

        var direct = Of(partition, clients, servers);
        if (address is not null || !source.Contains('/'))
        {
            return direct;
        }

        var names = Of(partition, clients, [.. snapshot.Pods.Where(p => WorkloadFlows.IsOnPodNetwork(p) && p.Labels.GetValueOrDefault("k8s-app") == "kube-dns").Select(p => p.NodeName)]);
        return direct with { Phases = [.. direct.Phases.Union(names.Phases).Order()], IsWhole = direct.IsWhole || names.IsWhole };
    }

    /// <summary>The forecast of a flow by the Nodes of its ends, one for each Pod.</summary>
    /// <param name="partition">The parts.</param>
    /// <param name="clients">The clients' Nodes.</param>
    /// <param name="servers">The servers' Nodes.</param>
    public static FlowForecast Of(NodePartition partition, IReadOnlyCollection<string> clients, IReadOnlyCollection<string> servers)
    {
        ArgumentNullException.ThrowIfNull(partition);
        ArgumentNullException.ThrowIfNull(clients);
        ArgumentNullException.ThrowIfNull(servers);
        var first = partition.FirstPart.ToHashSet(StringComparer.Ordinal);
        var (clientsFirst, serversFirst) = (clients.LongCount(first.Contains), servers.LongCount(first.Contains));
        var (clientsThen, serversThen) = (clients.Count - clientsFirst, servers.Count - serversFirst);
        var (pairs, broken) = ((long)clients.Count * servers.Count, (clientsFirst * serversThen) + (clientsThen * serversFirst));
        ImmutableArray<MigrationPhase> phases = pairs == 0 ? [] :
        [
            .. clientsFirst + serversFirst > 0 ? [MigrationPhase.FirstPart] : (MigrationPhase[])[],
            .. clientsThen + serversThen > 0 ? [MigrationPhase.SecondPart] : (MigrationPhase[])[],
        ];
        return new FlowForecast(phases, broken, pairs, pairs > 0 && broken == pairs);
    }

    /// <summary>Whether what was lost is what was foretold: requests in its phases alone, and some where every one is lost.</summary>
    /// <param name="outages">Of the flow; stalls, in which nothing was lost, say nothing.</param>
    /// <param name="moved">The phases that were gone through while somebody watched.</param>
    public bool Agrees(IEnumerable<OutageWindow> outages, IReadOnlyCollection<MigrationPhase> moved)
    {
        ArgumentNullException.ThrowIfNull(outages);
        ArgumentNullException.ThrowIfNull(moved);
        var lost = outages.Where(o => o.RequestsLost > 0).Select(o => o.Phase).ToHashSet(StringComparer.Ordinal);

        // Who watches the second part alone finds the two apart already.
        var isApartBefore = BrokenPairs > 0 && moved.Contains(MigrationPhase.SecondPart) && !moved.Contains(MigrationPhase.FirstPart);
        var mustLose = IsWhole && moved.Any(p => p is MigrationPhase.FirstPart or MigrationPhase.SecondPart);
        return (isApartBefore || lost.All(phase => Phases.Any(p => p.ToString() == phase))) && (!mustLose || lost.Count > 0);
    }

    private static List<string> ClientsOf(ClusterSnapshot snapshot, string source)
    {
        if (source.Split('/') is not [var @namespace, var name])
        {
            return [.. snapshot.Nodes.Where(n => n.Name == source).Select(n => n.Name)];
        }

        var owners = new WorkloadOwners(snapshot);
        return
        [
            .. snapshot.Pods.Where(p => WorkloadFlows.IsOnPodNetwork(p) && p.Namespace == @namespace && (p.Name == name || owners.Of(p).Name == name)).Select(p => p.NodeName),
        ];
    }

    private static List<string> Behind(ClusterSnapshot snapshot, string host, string @namespace)
    {
        var labels = host.TrimEnd('.').Split('.');
        return Behind(snapshot, s => s.Name == labels[0] && s.Namespace == (labels.Length > 1 ? labels[1] : @namespace));
    }

    private static List<string> At(ClusterSnapshot snapshot, IPAddress address)
    {
        List<string> hosts =
        [
            .. snapshot.Pods.Where(p => WorkloadFlows.IsOnPodNetwork(p) && p.PodIPs.Contains(address)).Select(p => p.NodeName),
            .. snapshot.Nodes.Where(n => n.InternalIPs.Contains(address)).Select(n => n.Name),
        ];
        return hosts.Count > 0 ? hosts : Behind(snapshot, s => ReachabilityService.ClusterIPsOf(s).Contains(address));
    }

    private static List<string> Behind(ClusterSnapshot snapshot, Predicate<ClusterObject> which) =>
        [.. ServiceEndpoints.Of(snapshot, snapshot.Pods).Where(s => which(s.Service)).SelectMany(s => s.Pods).Select(i => snapshot.Pods[i]).Where(WorkloadFlows.IsOnPodNetwork).Select(p => p.NodeName)];
}
