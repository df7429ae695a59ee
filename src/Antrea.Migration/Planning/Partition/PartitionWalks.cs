using System.Collections.Immutable;
using Antrea.Migration.Clusters;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Planning;

/// <summary>Packets between the parts of a partition, with each Node's tables as they are while a part moves: Antrea's alone where it has begun to move or has moved, Calico's alone
/// elsewhere.</summary>
/// <remarks>Ends are taken together by part, network, and where their addresses lie; some pairs stand for all between two such classes. The cost grows with the Pods, and not with their
/// pairs.</remarks>
internal sealed class PartitionWalks
{
    private const int NodesTried = 2;

    private readonly HashSet<string> _first;
    private readonly ReachabilityTopology _topology;
    private readonly PathTracer _tracer;
    private readonly Dictionary<EndClass, Dictionary<string, List<ReachabilityEndpoint>>> _classes;

    private PartitionWalks(HashSet<string> first, ReachabilityModel model, IEnumerable<ReachabilityEndpoint> ends)
    {
        _first = first;
        _topology = new ReachabilityTopology(model);
        _tracer = new PathTracer(model);
        _classes = ends.GroupBy(ClassOf).ToDictionary(g => g.Key, g => g.GroupBy(e => e.Node).ToDictionary(n => n.Key, n => n.ToList(), StringComparer.Ordinal));
    }

    /// <summary>Ends that packets treat alike.</summary>
    internal readonly record struct EndClass(bool IsFirst, PodNetworkKind Kind, string Where, bool IsIPv6);

    /// <summary>Two classes, on the same Node or on different ones.</summary>
    /// <param name="From">The clients.</param>
    /// <param name="To">The servers.</param>
    /// <param name="IsSame">Whether both are on one Node.</param>
    /// <param name="Count">How many pairs there are, at least one.</param>
    internal readonly record struct Pairs(EndClass From, EndClass To, bool IsSame, long Count);

    /// <summary>The walks of a phase; each Pod of the part that moves counts as what it is and as what it becomes.</summary>
    /// <param name="snapshot">The cluster before the migration.</param>
    /// <param name="partition">Its parts.</param>
    /// <param name="model">The same cluster with Antrea as it will be.</param>
    /// <param name="phase">The move of one part; or Calico's removal, when everybody is Antrea's and the rules of the second part's Nodes are still there.</param>
    public static PartitionWalks Of(ClusterSnapshot snapshot, NodePartition partition, ReachabilityModel model, MigrationPhase phase)
    {
        var first = partition.FirstPart.ToHashSet(StringComparer.Ordinal);
        var moving = partition.NodesOf(phase).ToHashSet(StringComparer.Ordinal);
        var isLast = phase == MigrationPhase.RemoveCalico;
        var mixed = model with
        {
            Nodes =
            [
                .. model.Nodes.Select(n => isLast || moving.Contains(n.Name) || first.Contains(n.Name)

                    // The first part's Nodes are cleaned before its phase ends.
                    ? n with { HasCalico = false, HasCalicoRules = phase == MigrationPhase.FirstPart || !first.Contains(n.Name) }
                    : n with { HasAntrea = false }),
            ],
        };
        return new PartitionWalks(first, mixed, MigrationEndpoints.Of(snapshot).Where(e => e.Kind switch
        {
            PodNetworkKind.Host => true,
            PodNetworkKind.Antrea => isLast || moving.Contains(e.Node) || first.Contains(e.Node),
            PodNetworkKind.Calico => !isLast && (moving.Contains(e.Node) || !first.Contains(e.Node)),
            _ => false,
        }));
    }

    /// <summary>Every two classes of one family that have pairs; the Nodes themselves are no pair.</summary>
    public IEnumerable<Pairs> All() =>
        from client in _classes
        from server in _classes
        where client.Key.IsIPv6 == server.Key.IsIPv6 && (client.Key.Kind, server.Key.Kind) != (PodNetworkKind.Host, PodNetworkKind.Host)
        from isSame in (bool[])[true, false]
        let count = CountOf(client.Value, server.Value, isSame)
        where count > 0
        select new Pairs(client.Key, server.Key, isSame, count);

    /// <summary>Follows some of the pairs, on different Nodes; by a Service where its address is given.</summary>
    public IEnumerable<PathTrace> Walk(Pairs pairs, System.Net.IPAddress? clusterIP = null)
    {
        var (clients, servers) = (_classes[pairs.From], _classes[pairs.To]);
        var tried = from client in clients.Keys.Order(StringComparer.Ordinal).Take(pairs.IsSame ? int.MaxValue : NodesTried)
                    from server in servers.Keys.Order(StringComparer.Ordinal).Where(s => (s == client) == pairs.IsSame).Take(NodesTried)
                    let pair = (Client: clients[client][0], Server: servers[server][^1])
                    where pair.Client != pair.Server
                    select pair;
        return tried.Take(NodesTried * NodesTried).Select(p => _tracer.Trace(p.Client, p.Server, clusterIP));
    }

    /// <summary>Where the address lies decides what a Node's table says of it, and whether it is masqueraded.</summary>
    private EndClass ClassOf(ReachabilityEndpoint end)
    {
        var node = _topology.FindNode(end.Node)!;
        var where = end.Kind switch
        {
            PodNetworkKind.Calico when _topology.OwnerInAntrea(end.Address) is { } owner =>
                $"in {Owner(owner.Node.Name)}{(ReachabilityTopology.Keeping(end.Address, owner.Node) is null ? "" : ", kept")}"
                + (end.Address.Equals(ReachabilityTopology.GatewayOf(owner.Node, end.Address.AddressFamily)) ? ", gateway" : ""),
            PodNetworkKind.Antrea when _topology.CalicoRoute(end.Address) is { } route => $"under {Owner(route.Owner)}",
            _ => "",
        };
        return new EndClass(
            _first.Contains(end.Node), end.Kind, _topology.PoolOf(end.Address) is null ? where : $"{where}, in a pool", end.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6);

        string Owner(string name) => name == node.Name ? "own" : _first.Contains(name) ? "first" : "rest";
    }

    private static long CountOf(Dictionary<string, List<ReachabilityEndpoint>> clients, Dictionary<string, List<ReachabilityEndpoint>> servers, bool isSame)
    {
        var same = clients.Sum(c => servers.TryGetValue(c.Key, out var there) ? (long)c.Value.Count * there.Count : 0);
        return isSame
            ? same - (ReferenceEquals(clients, servers) ? clients.Sum(c => (long)c.Value.Count) : 0)
            : ((long)clients.Sum(c => c.Value.Count) * servers.Sum(s => s.Value.Count)) - same;
    }
}
