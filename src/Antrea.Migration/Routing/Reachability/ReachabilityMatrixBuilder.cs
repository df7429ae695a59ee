using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>Sorts endpoints into classes and asks the predictor once for each pair of classes and place.</summary>
/// <remarks>A class holds everything the rules ask of one endpoint alone. What they ask of a pair is its <see cref="Place"/>. Pairs in a place
/// of their own are found by the Nodes that endpoints and addresses name, and counted; the rest is all pairs less these.</remarks>
internal sealed class ReachabilityMatrixBuilder
{
    private readonly ReachabilityTopology _topology;
    private readonly ReachabilityPredictor _predictor;
    private readonly bool _subnetsMatter;
    private readonly bool _poolsDiffer;

    public ReachabilityMatrixBuilder(ReachabilityModel model)
    {
        _topology = new ReachabilityTopology(model);
        _predictor = new ReachabilityPredictor(model);
        _subnetsMatter = model.AntreaEncap == AntreaEncapMode.Hybrid || model.Pools.Any(p => p.Encapsulation == EncapsulationMode.CrossSubnet);
        _poolsDiffer = model.Pools.Select(TraitsOf).Distinct().Skip(1).Any();
    }

    private enum Overlap
    {
        None,
        Own,
        Other,
    }

    [Flags]
    private enum Place
    {
        OtherNode = 0,
        SameNode = 1,
        ServerInClientsPodCidr = 2,
        ClientInServersPodCidr = 4,
        ClientsTunnelInServersPodCidr = 8,
    }

    private readonly record struct Traits(bool NatOutgoing, EncapsulationMode Encapsulation);

    /// <summary>What the rules ask of one address of Calico's (a Pod's, or the one a Node's tunnel gives to what is masqueraded).</summary>
    private readonly record struct CalicoSide(Overlap Overlap, HostRoute Route, Traits? Pool, Cidr? OwnerSubnet);

    private readonly record struct AntreaSide(HostRoute Route, Traits? Pool);

    private readonly record struct Key(
        PodNetworkKind Kind, bool IsIPv6, CalicoSide? Calico, AntreaSide? Antrea, CalicoSide? Tunnel, Cidr? Subnet);

    /// <summary>The endpoints of one class on one Node whose addresses, and whose Node's tunnel address, lie in the same Nodes' PodCIDRs.</summary>
    private sealed record Group(string Node, string Owner, string TunnelOwner, ReachabilityEndpoint First)
    {
        public ReachabilityEndpoint? Second { get; set; }

        public long Count { get; set; } = 1;
    }

    private sealed record Members(ReachabilityClass Class, List<Group> Groups)
    {
        public ILookup<string, Group> ByNode { get; } = Groups.ToLookup(g => g.Node, StringComparer.Ordinal);

        public ILookup<string, Group> ByOwner { get; } = Groups.ToLookup(g => g.Owner, StringComparer.Ordinal);
    }

    /// <summary>Pairs in one place, and one of them.</summary>
    private sealed class Tally
    {
        public long Pairs { get; set; }

        public (ReachabilityEndpoint Client, ReachabilityEndpoint Server) Example { get; set; }
    }

    public ReachabilityMatrix Build(IEnumerable<ReachabilityEndpoint> endpoints)
    {
        var groups = new Dictionary<Key, Dictionary<(string, string, string), Group>>();
        foreach (var endpoint in endpoints)
        {
            Sort(endpoint, groups);
        }

        var classes = groups
            .Select(g => new Members(
                new ReachabilityClass(
                    g.Key.Kind,
                    Describe(g.Key),
                    g.Key.IsIPv6,
                    [.. g.Value.Values.Select(v => v.Node).Distinct().Order(StringComparer.Ordinal)],
                    g.Value.Values.Sum(v => v.Count)),
                [.. g.Value.Values]))
            .OrderBy(c => c.Class.IsIPv6).ThenBy(c => c.Class.Kind).ThenBy(c => c.Class.Addresses, StringComparer.Ordinal)
            .ThenBy(c => c.Class.Nodes[0], StringComparer.Ordinal)
            .ToList();
        return new ReachabilityMatrix
        {
            Classes = [.. classes.Select(c => c.Class)],
            Cells = [.. classes.SelectMany(from => classes.Where(to => to.Class.IsIPv6 == from.Class.IsIPv6).SelectMany(to => Cells(from, to)))],
        };
    }

    private void Sort(ReachabilityEndpoint endpoint, Dictionary<Key, Dictionary<(string, string, string), Group>> groups)
    {
        var node = _topology.FindNode(endpoint.Node)
            ?? throw new ArgumentException($"{endpoint}: the model has no Node {endpoint.Node}.", nameof(endpoint));
        var address = endpoint.Address;
        var tunnel = node.TunnelAddresses.FirstOrDefault(a => a.AddressFamily == address.AddressFamily);
        var key = new Key(
            endpoint.Kind,
            address.AddressFamily == AddressFamily.InterNetworkV6,
            endpoint.Kind == PodNetworkKind.Antrea ? null : SideOf(address, node),
            endpoint.AntreaAddress is { } antrea ? new AntreaSide(_topology.RouteToAntrea(antrea), PoolOf(antrea)) : null,
            tunnel is null ? null : SideOf(tunnel, node),
            _subnetsMatter ? node.Subnet : null);
        if (!groups.TryGetValue(key, out var known))
        {
            groups[key] = known = [];
        }

        var place = (node.Name, key.Calico is null ? "" : OwnerOf(address), tunnel is null ? "" : OwnerOf(tunnel));
        if (!known.TryGetValue(place, out var group))
        {
            known.Add(place, new Group(place.Name, place.Item2, place.Item3, endpoint));
            return;
        }

        group.Count++;
        group.Second ??= endpoint;
    }

    private CalicoSide SideOf(IPAddress address, ReachabilityNode node) =>
        _topology.OwnerInAntrea(address) is { } owner
            ? new CalicoSide(
                owner.Node.Name == node.Name ? Overlap.Own : Overlap.Other,
                _topology.RouteToCalico(address),
                PoolOf(address),
                _subnetsMatter ? owner.Node.Subnet : null)
            : new CalicoSide(Overlap.None, HostRoute.Calico, PoolOf(address), null);

    private string OwnerOf(IPAddress address) => _topology.OwnerInAntrea(address)?.Node.Name ?? "";

    private Traits? PoolOf(IPAddress address) => _topology.PoolOf(address) is { } pool ? TraitsOf(pool) : null;

    private static Traits TraitsOf(ReachabilityPool pool) => new(pool.NatOutgoing, pool.Encapsulation);

    private IEnumerable<ReachabilityCell> Cells(Members from, Members to)
    {
        var tallies = new SortedDictionary<Place, Tally>();
        var counted = 0L;
        var seen = new HashSet<Group>(ReferenceEqualityComparer.Instance);
        foreach (var client in from.Groups)
        {
            seen.Clear();
            foreach (var server in Named(client, to).Where(seen.Add))
            {
                var pairs = ReferenceEquals(client, server) ? client.Count * (client.Count - 1) : client.Count * server.Count;
                counted += client.Count * server.Count;
                if (pairs > 0)
                {
                    Add(PlaceOf(client, server), pairs, () => (client.First, ReferenceEquals(client, server) ? client.Second! : server.First));
                }
            }
        }

        if ((from.Class.Endpoints * to.Class.Endpoints) - counted is > 0 and var rest)
        {
            Add(Place.OtherNode, rest, () => FindElsewhere(from, to));
        }

        var cells = tallies.Select(t => (Place: t.Key, t.Value.Pairs, t.Value.Example, Answer: _predictor.Predict(t.Value.Example.Client, t.Value.Example.Server)))
            .GroupBy(t => (t.Place.HasFlag(Place.SameNode), t.Answer.Verdict, t.Answer.Cause))
            .Select(g => g.ToList())
            .ToList();
        return cells.Select(cell => new ReachabilityCell(
            from.Class,
            to.Class,
            Describe([.. cell.Select(c => c.Place)], isAlone: cells.Count(c => !c[0].Place.HasFlag(Place.SameNode)) == 1),
            cell[0].Answer,
            cell.Sum(c => c.Pairs),
            cell[0].Example.Client,
            cell[0].Example.Server));

        void Add(Place place, long pairs, Func<(ReachabilityEndpoint, ReachabilityEndpoint)> example)
        {
            if (!tallies.TryGetValue(place, out var tally))
            {
                tallies.Add(place, tally = new Tally { Example = example() });
            }

            tally.Pairs += pairs;
        }
    }

    /// <summary>The servers whose place to the client is another than <see cref="Place.OtherNode"/>, and perhaps some more.</summary>
    private static IEnumerable<Group> Named(Group client, Members to) =>
        to.ByNode[client.Node].Concat(to.ByNode[client.Owner]).Concat(to.ByNode[client.TunnelOwner]).Concat(to.ByOwner[client.Node]);

    private static Place PlaceOf(Group client, Group server) =>
        client.Node == server.Node
            ? Place.SameNode
            : (server.Owner == client.Node ? Place.ServerInClientsPodCidr : 0)
            | (client.Owner == server.Node ? Place.ClientInServersPodCidr : 0)
            | (client.TunnelOwner == server.Node ? Place.ClientsTunnelInServersPodCidr : 0);

    // A client excludes the servers of three Nodes, and those in its own Node's PodCIDR; so one of the first clients has a server left.
    private static (ReachabilityEndpoint Client, ReachabilityEndpoint Server) FindElsewhere(Members from, Members to) =>
        from.Groups.SelectMany(client => to.Groups.Where(server => PlaceOf(client, server) == Place.OtherNode).Select(server => (client.First, server.First)))
            .First();

    private static string Describe(IReadOnlyCollection<Place> places, bool isAlone)
    {
        if (places.First().HasFlag(Place.SameNode))
        {
            return "same Node";
        }

        return isAlone || places.Contains(Place.OtherNode)
            ? $"other Node{(isAlone ? "" : ", else")}"
            : string.Join(", or ", places.Select(p => string.Join(" and ", ((string[])
            [
                p.HasFlag(Place.ServerInClientsPodCidr) ? "server in the PodCIDR of the client's Node" : "",
                p.HasFlag(Place.ClientInServersPodCidr) ? "client in the PodCIDR of the server's Node" : "",
                p.HasFlag(Place.ClientsTunnelInServersPodCidr) ? "tunnel of the client's Node in the PodCIDR of the server's" : "",
            ]).Where(w => w.Length > 0))));
    }

    private string Describe(Key key)
    {
        var words = new List<string>();
        if (key.Calico is { Overlap: not Overlap.None } overlapped)
        {
            words.Add(overlapped.Overlap == Overlap.Own ? "in their own Node's PodCIDR" : "in another Node's PodCIDR");
            words.AddRange(Order(overlapped.Route, "their block"));
        }

        if (key.Antrea is { Route: not HostRoute.Antrea })
        {
            words.Add(key.Kind == PodNetworkKind.Multus ? "with net1 in a Calico block" : "in a Calico block");
        }

        if (key.Kind is PodNetworkKind.Calico or PodNetworkKind.Multus && _poolsDiffer)
        {
            words.Add(
                key.Calico?.Pool is { } pool ? $"of a pool with{(pool.NatOutgoing ? "" : "out")} natOutgoing (tunnel: {pool.Encapsulation})" : "of no pool");
        }

        if (key.Kind is PodNetworkKind.Antrea or PodNetworkKind.Host && key.Tunnel is { Overlap: not Overlap.None } tunnel)
        {
            words.Add($"{(key.Kind == PodNetworkKind.Host ? "" : "on Nodes ")}whose tunnel address lies in {(tunnel.Overlap == Overlap.Own ? "the Node's own" : "another's")} PodCIDR");
            words.AddRange(Order(tunnel.Route, "its block"));
        }

        if (key.Subnet is { } subnet)
        {
            words.Add($"{(key.Kind == PodNetworkKind.Host ? "" : "on Nodes ")}in {subnet}");
        }

        return string.Join(' ', words);
    }

    private static string[] Order(HostRoute route, string block) => route switch
    {
        HostRoute.Antrea => [$"that is longer than {block}"],
        HostRoute.Contested => [$"that equals {block}"],
        _ => [],
    };
}
