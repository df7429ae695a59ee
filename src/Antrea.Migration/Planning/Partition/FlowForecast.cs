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
    /// <summary>What is held of a flow whose ends nobody knows: that it may be broken in part.</summary>
    public static FlowForecast OfUnknownEnds { get; } = new([MigrationPhase.FirstPart, MigrationPhase.SecondPart], 1, 2, false);

    /// <summary>The forecast of the flow from <paramref name="source"/> to <paramref name="target"/>.</summary>
    /// <param name="snapshot">The cluster, before or during the migration.</param>
    /// <param name="partition">Its parts.</param>
    /// <param name="source">A Node's name, or <c>namespace/name</c> of a Pod or a workload.</param>
    /// <param name="target">Whose host is a Service's name (<c>name</c> in the source's Namespace, <c>name.namespace</c>, or that and <c>.svc</c> behind it) or the address of a Service, a
    /// Pod or a Node.</param>
    /// <returns>Null where an end is not in the cluster as far as is known, and where a Node's port leads on to a Service: nothing is foretold of it.</returns>
    public static FlowForecast? Of(ClusterSnapshot snapshot, NodePartition partition, string source, Uri target)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(partition);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        var host = target.Host.Trim('[', ']');
        var clients = ClientsOf(snapshot, source);
        var servers = IPAddress.TryParse(host, out var address) ? At(snapshot, address, target.Port) : Behind(snapshot, host, source.Contains('/') ? source.Split('/')[0] : "default");
        if (clients.Count == 0 || servers.Count == 0)
        {
            return null;
        }

        var direct = Of(partition, clients, servers);
        if (address is not null || !source.Contains('/'))
        {
            return direct;
        }

        var names = Of(partition, clients, [.. snapshot.Pods.Where(p => IsThere(p) && p.Labels.GetValueOrDefault("k8s-app") == "kube-dns").Select(EndOf)]);
        return direct with { Phases = [.. direct.Phases.Union(names.Phases).Order()], IsWhole = direct.IsWhole || names.IsWhole };
    }

    /// <summary>One end: a Pod, or what is on the Nodes' network or outside of the cluster, which no cut parts from anybody.</summary>
    /// <param name="Node">Its Node.</param>
    /// <param name="IsHost">Whether it is not on the Pod network.</param>
    internal readonly record struct End(string Node, bool IsHost);

    /// <summary>The forecast of a flow by its ends. Pods and Nodes reach what is not on the Pod network from either part, and Nodes lose nothing on the way there.</summary>
    internal static FlowForecast Of(NodePartition partition, IReadOnlyCollection<End> clients, IReadOnlyCollection<End> servers)
    {
        var first = partition.FirstPart.ToHashSet(StringComparer.Ordinal);
        List<End> pods = [.. servers.Where(s => !s.IsHost)];
        List<End> restless = [.. clients.Where(c => !c.IsHost || pods.Count > 0), .. clients.Count > 0 ? pods : []];
        var (clientsFirst, podsFirst) = (clients.LongCount(IsFirst), pods.LongCount(IsFirst));
        var (clientsThen, podsThen) = (clients.Count - clientsFirst, pods.Count - podsFirst);
        var (pairs, broken) = ((long)clients.Count * servers.Count, (clientsFirst * podsThen) + (clientsThen * podsFirst));
        ImmutableArray<MigrationPhase> phases = pairs == 0 ? [] :
        [
            .. restless.Exists(IsFirst) ? [MigrationPhase.FirstPart] : (MigrationPhase[])[],
            .. restless.Exists(e => !IsFirst(e)) ? [MigrationPhase.SecondPart] : (MigrationPhase[])[],
        ];
        return new FlowForecast(phases, broken, pairs, pairs > 0 && broken == pairs);

        bool IsFirst(End end) => first.Contains(end.Node);
    }

    /// <summary>Whether what was lost is what was foretold: requests where some may be lost alone, and some where every one is lost.</summary>
    /// <param name="outages">Of the flow; stalls, in which nothing was lost, say nothing.</param>
    /// <param name="moved">The phases that were gone through while somebody watched.</param>
    /// <param name="atStart">How far the parts were when the watch began: a run that takes up another's work finds what that one has left.</param>
    public bool Agrees(IEnumerable<OutageWindow> outages, IReadOnlyCollection<MigrationPhase> moved, PartitionProgress atStart)
    {
        ArgumentNullException.ThrowIfNull(outages);
        ArgumentNullException.ThrowIfNull(moved);
        var lost = outages.Where(o => o.RequestsLost > 0).Select(o => o.Phase).ToHashSet(StringComparer.Ordinal);

        // Who begins within the second part may find both ends there already.
        var mustLose = IsWhole && atStart < PartitionProgress.InSecondPart && moved.Any(p => p is MigrationPhase.FirstPart or MigrationPhase.SecondPart);
        return lost.All(phase => MayLose(phase, atStart)) && (!mustLose || lost.Count > 0);
    }

    /// <summary>In its own phases; and where a part was begun before, from the start until that part's own phase.</summary>
    private bool MayLose(string phase, PartitionProgress atStart)
    {
        var known = Enum.TryParse<MigrationPhase>(phase, out var at);
        return (known && Phases.Contains(at))
            || (IsBefore(MigrationPhase.FirstPart) && atStart == PartitionProgress.InFirstPart && Phases.Contains(MigrationPhase.FirstPart))
            || (IsBefore(MigrationPhase.SecondPart) && atStart == PartitionProgress.InSecondPart && Phases.Contains(MigrationPhase.SecondPart))
            || (IsBefore(MigrationPhase.SecondPart) && atStart is PartitionProgress.InFirstPart or PartitionProgress.Apart or PartitionProgress.InSecondPart && BrokenPairs > 0);

        bool IsBefore(MigrationPhase part) => !known || at < part;
    }

    private static List<End> ClientsOf(ClusterSnapshot snapshot, string source)
    {
        if (source.Split('/') is not [var @namespace, var name])
        {
            return [.. snapshot.Nodes.Where(n => n.Name == source).Select(n => new End(n.Name, true))];
        }

        var owners = new WorkloadOwners(snapshot);
        return [.. snapshot.Pods.Where(p => WorkloadFlows.IsOnPodNetwork(p) && p.Namespace == @namespace && (p.Name == name || owners.Of(p).Name == name)).Select(EndOf)];
    }

    private static List<End> Behind(ClusterSnapshot snapshot, string host, string @namespace) => host.TrimEnd('.').Split('.') switch
    {
        [var name] => Behind(snapshot, s => s.Name == name && s.Namespace == @namespace),
        [var name, var own, .. var rest] when rest is [] or ["svc", ..] => Behind(snapshot, s => s.Name == name && s.Namespace == own),
        _ => [],
    };

    private static List<End> At(ClusterSnapshot snapshot, IPAddress address, int port)
    {
        var nodes = snapshot.Nodes.Where(n => n.InternalIPs.Contains(address)).Select(n => new End(n.Name, true)).ToList();
        if (nodes.Count > 0)
        {
            return snapshot.OfKind("", "Service").Any(s => s.Json.ItemsAt("spec", "ports").Any(p => p.NumberAt("nodePort") == port)) ? [] : nodes;
        }

        var pods = snapshot.Pods.Where(p => WorkloadFlows.IsOnPodNetwork(p) && p.PodIPs.Contains(address)).Select(EndOf).ToList();
        return pods.Count > 0 ? pods : Behind(snapshot, s => ReachabilityService.ClusterIPsOf(s).Contains(address));
    }

    /// <summary>Its Pods, and its endpoints that are not on the Pod network.</summary>
    private static List<End> Behind(ClusterSnapshot snapshot, Predicate<ClusterObject> which) =>
    [
        .. ServiceEndpoints.Of(snapshot, snapshot.Pods).Where(s => which(s.Service))
            .SelectMany(s => s.Pods.Select(i => snapshot.Pods[i]).Where(IsThere).Select(EndOf).Concat(s.Others.Select(_ => new End("", true)))),
    ];

    private static bool IsThere(PodInfo pod) => pod is { HostNetwork: true, HasEnded: false, NodeName.Length: > 0 } || WorkloadFlows.IsOnPodNetwork(pod);

    private static End EndOf(PodInfo pod) => new(pod.NodeName, pod.HostNetwork);
}
