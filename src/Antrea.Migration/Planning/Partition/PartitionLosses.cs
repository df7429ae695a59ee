using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Planning;

/// <summary>Walks packets between the parts, with each Node's tables as they are while a part moves: Antrea's alone where it has begun to move or has moved, Calico's alone elsewhere.</summary>
/// <remarks>Ends are taken together by part, network and where their addresses lie; some pairs stand for all between two such classes, and one that is lost counts for all. The cost
/// grows with the Pods, and not with their pairs.</remarks>
internal static class PartitionLosses
{
    private const int NodesTried = 2;

    private readonly record struct EndClass(bool IsFirst, PodNetworkKind Kind, string Where, bool IsIPv6);

    /// <summary>By phase; each Pod of the part that moves counts as what it is and as what it becomes.</summary>
    public static ImmutableArray<PredictedLoss> Of(ClusterSnapshot snapshot, NodePartition partition, IEnumerable<ClusterObject> antreaManifest)
    {
        var first = partition.FirstPart.ToHashSet(StringComparer.Ordinal);
        var model = ReachabilityModel.Planned(snapshot, antreaManifest);
        return [.. Of(MigrationPhase.FirstPart), .. Of(MigrationPhase.SecondPart)];

        IEnumerable<PredictedLoss> Of(MigrationPhase phase)
        {
            var moving = partition.NodesOf(phase).ToHashSet(StringComparer.Ordinal);
            var mixed = model with
            {
                Nodes = [.. model.Nodes.Select(n => moving.Contains(n.Name) || first.Contains(n.Name) ? n with { HasCalico = false } : n with { HasAntrea = false })],
            };
            var ends = MigrationEndpoints.Of(snapshot).Where(e => e.Kind switch
            {
                PodNetworkKind.Host => true,
                PodNetworkKind.Antrea => moving.Contains(e.Node) || first.Contains(e.Node),
                PodNetworkKind.Calico => moving.Contains(e.Node) || !first.Contains(e.Node),
                _ => false,
            });
            return new Walks(mixed, first).Losses(phase, ends);
        }
    }

    private sealed class Walks(ReachabilityModel model, HashSet<string> first)
    {
        private readonly ReachabilityTopology _topology = new(model);
        private readonly PathTracer _tracer = new(model);

        public IEnumerable<PredictedLoss> Losses(MigrationPhase phase, IEnumerable<ReachabilityEndpoint> ends)
        {
            var classes = ends.GroupBy(ClassOf).ToDictionary(g => g.Key, g => g.GroupBy(e => e.Node).ToDictionary(n => n.Key, n => n.ToList(), StringComparer.Ordinal));
            var lost = from client in classes
                       from server in classes
                       where client.Key.IsIPv6 == server.Key.IsIPv6 && (client.Key.Kind, server.Key.Kind) != (PodNetworkKind.Host, PodNetworkKind.Host)
                       from isSame in (bool[])[true, false]
                       let pairs = Pairs(client.Value, server.Value, isSame)
                       where pairs > 0
                       let reason = Reason(client.Value, server.Value, isSame)
                       where reason is not null
                       select (From: Words(client.Key), To: Words(server.Key), Place: isSame ? "same Node" : "other Node", Pairs: pairs, Reason: reason);
            return lost.GroupBy(l => (l.From, l.To, l.Place))
                .Select(g => new PredictedLoss(phase, g.Key.From, g.Key.To, g.Key.Place, g.Sum(l => l.Pairs), g.First().Reason))
                .OrderBy(l => l.From, StringComparer.Ordinal).ThenBy(l => l.To, StringComparer.Ordinal).ThenBy(l => l.Place, StringComparer.Ordinal);
        }

        /// <summary>Where the address lies decides what a Node's table says of it.</summary>
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
            return new EndClass(first.Contains(end.Node), end.Kind, where, end.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6);

            string Owner(string name) => name == node.Name ? "own" : first.Contains(name) ? "first" : "rest";
        }

        private static long Pairs(Dictionary<string, List<ReachabilityEndpoint>> clients, Dictionary<string, List<ReachabilityEndpoint>> servers, bool isSame)
        {
            var same = clients.Sum(c => servers.TryGetValue(c.Key, out var there) ? (long)c.Value.Count * there.Count : 0);
            return isSame
                ? same - (ReferenceEquals(clients, servers) ? clients.Sum(c => (long)c.Value.Count) : 0)
                : ((long)clients.Sum(c => c.Value.Count) * servers.Sum(s => s.Value.Count)) - same;
        }

        /// <summary>Why a pair is lost; null where all that are tried come about.</summary>
        private string? Reason(Dictionary<string, List<ReachabilityEndpoint>> clients, Dictionary<string, List<ReachabilityEndpoint>> servers, bool isSame)
        {
            var pairs = from client in clients.Keys.Order(StringComparer.Ordinal).Take(isSame ? int.MaxValue : NodesTried)
                        from server in servers.Keys.Order(StringComparer.Ordinal).Where(s => (s == client) == isSame).Take(NodesTried)
                        let pair = (Client: clients[client][0], Server: servers[server][^1])
                        where pair.Client != pair.Server
                        select pair;
            foreach (var (client, server) in pairs.Take(NodesTried * NodesTried))
            {
                if (_tracer.Trace(client, server).Hops.LastOrDefault(h => h.IsLost) is { } hop)
                {
                    return $"the {hop.Packet} is lost at {hop.Where}: {hop.What}";
                }
            }

            return null;
        }

        private static string Words(EndClass end) =>
            $"{(end.Kind == PodNetworkKind.Host ? "Nodes" : $"{end.Kind} Pods")} of {(end.IsFirst ? "the first part" : "the rest")}{(end.IsIPv6 ? " (IPv6)" : "")}";
    }
}
