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
    /// <summary>Whether the parts lose some of it as long as they are apart: a pair of its ends is in both, or a client and who resolves the server's name.</summary>
    public bool IsParted { get; init; } = BrokenPairs > 0;

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
        List<PodInfo> pods = source.Split('/') is [var @namespace, var name] ? ClientPods(snapshot, @namespace, name) : [];
        List<End> clients = source.Contains('/') ? [.. pods.Select(EndOf)] : [.. snapshot.Nodes.Where(n => n.Name == source).Select(n => new End(n.Name, true))];
        var servers = IPAddress.TryParse(host, out var address) ? At(snapshot, address, target.Port) : Behind(snapshot, host, source.Contains('/') ? source.Split('/')[0] : "default");
        if (clients.Count == 0 || servers.Count == 0)
        {
            return null;
        }

        var direct = Of(partition, clients, servers);
        if (address is not null)
        {
            return direct;
        }

        List<End> asking = [.. pods.Where(p => AsksClusterDns(snapshot, p)).Select(EndOf)];
        var names = Of(partition, asking, [.. snapshot.Pods.Where(p => IsThere(p) && p.Labels.GetValueOrDefault("k8s-app") == "kube-dns").Select(EndOf)]);
        return direct with
        {
            Phases = [.. direct.Phases.Union(names.Phases).Order()],
            IsWhole = direct.IsWhole || (names.IsWhole && asking.Count == clients.Count),
            IsParted = direct.IsParted || names.IsParted,
        };
    }

    /// <summary>One end: a Pod, or what is on the Nodes' network or outside of the cluster, which no cut parts from anybody.</summary>
    /// <param name="Node">Its Node.</param>
    /// <param name="IsHost">Whether it is not on the Pod network.</param>
    /// <param name="IsBehindNode">Whether it is a Pod that is asked by a port of its own Node, which leads there from either part: it is missed while it restarts, and no longer.</param>
    internal readonly record struct End(string Node, bool IsHost, bool IsBehindNode = false);

    /// <summary>The forecast of a flow by its ends. Pods and Nodes reach what is not on the Pod network from either part, and Nodes lose nothing on the way there.</summary>
    internal static FlowForecast Of(NodePartition partition, IReadOnlyCollection<End> clients, IReadOnlyCollection<End> servers)
    {
        var first = partition.FirstPart.ToHashSet(StringComparer.Ordinal);
        List<End> pods = [.. servers.Where(s => !s.IsHost)];
        List<End> cut = [.. pods.Where(p => !p.IsBehindNode)];
        List<End> restless = [.. clients.Where(c => !c.IsHost || cut.Count > 0), .. clients.Count > 0 ? pods : []];
        var (clientsFirst, cutFirst) = (clients.LongCount(IsFirst), cut.LongCount(IsFirst));
        var (clientsThen, cutThen) = (clients.Count - clientsFirst, cut.Count - cutFirst);
        var (pairs, broken) = ((long)clients.Count * servers.Count, (clientsFirst * cutThen) + (clientsThen * cutFirst));
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
            || (IsBefore(MigrationPhase.SecondPart) && atStart is PartitionProgress.InFirstPart or PartitionProgress.Apart or PartitionProgress.InSecondPart && IsParted);

        bool IsBefore(MigrationPhase part) => !known || at < part;
    }

    /// <summary>A Pod, or those of a workload, on whichever network.</summary>
    private static List<PodInfo> ClientPods(ClusterSnapshot snapshot, string @namespace, string name)
    {
        var owners = new WorkloadOwners(snapshot);
        return [.. snapshot.Pods.Where(p => IsThere(p) && p.Namespace == @namespace && (p.Name == name || owners.Of(p).Name == name))];
    }

    /// <summary>A Pod on its Node's network asks whom the Node asks, unless it says otherwise.</summary>
    private static bool AsksClusterDns(ClusterSnapshot snapshot, PodInfo pod) => snapshot.OfKind("", "Pod").FirstOrDefault(o => (o.Namespace, o.Name) == (pod.Namespace, pod.Name))?.Json.TextAt("spec", "dnsPolicy") switch
    {
        "ClusterFirstWithHostNet" => true,
        "Default" or "None" => false,
        _ => !pod.HostNetwork,
    };

    private static List<End> Behind(ClusterSnapshot snapshot, string host, string @namespace) => host.TrimEnd('.').Split('.') switch
    {
        [var name] => Behind(snapshot, s => s.Name == name && s.Namespace == @namespace),
        [var name, var own, .. var rest] when rest is [] or ["svc", ..] => Behind(snapshot, s => s.Name == name && s.Namespace == own),
        _ => [],
    };

    private static List<End> At(ClusterSnapshot snapshot, IPAddress address, int port)
    {
        if (snapshot.Nodes.FirstOrDefault(n => n.InternalIPs.Contains(address)) is { } node)
        {
            var behind = snapshot.OfKind("", "Pod").Where(p => p.Json.TextAt("spec", "nodeName") == node.Name && HasHostPort(p, address, port)).Select(p => (p.Namespace, p.Name)).ToHashSet();
            return snapshot.OfKind("", "Service").Any(s => s.Json.ItemsAt("spec", "ports").Any(p => p.NumberAt("nodePort") == port)) ? []
                : snapshot.Pods.FirstOrDefault(p => WorkloadFlows.IsOnPodNetwork(p) && behind.Contains((p.Namespace, p.Name))) is { } pod ? [EndOf(pod) with { IsBehindNode = true }]
                : [new End(node.Name, true)];
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

    /// <summary>Whether its Node leads the TCP port at that address of its own on to the Pod.</summary>
    private static bool HasHostPort(ClusterObject pod, IPAddress address, int port) =>
        pod.Json.ItemsAt("spec", "containers").SelectMany(c => c.ItemsAt("ports")).Any(p =>
            p.NumberAt("hostPort") == port && p.TextAt("protocol") is null or "TCP" && IsAt(p.TextAt("hostIP"), address));

    /// <summary>One that is not set, or is <c>0.0.0.0</c> or <c>::</c>, means all of the Node's.</summary>
    private static bool IsAt(string? hostIP, IPAddress address) =>
        !IPAddress.TryParse(hostIP, out var only) || only.Equals(IPAddress.Any) || only.Equals(IPAddress.IPv6Any) || only.Equals(address);

    private static bool IsThere(PodInfo pod) => pod is { HostNetwork: true, HasEnded: false, NodeName.Length: > 0 } || WorkloadFlows.IsOnPodNetwork(pod);

    private static End EndOf(PodInfo pod) => new(pod.NodeName, pod.HostNetwork);
}
