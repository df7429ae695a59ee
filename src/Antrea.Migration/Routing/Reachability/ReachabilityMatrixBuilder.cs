using System.Net;
using Antrea.Migration.Internal;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>Sorts endpoints into classes and asks the predictor once for each pair of classes and place.</summary>
/// <remarks>A class holds everything the rules ask of one endpoint alone (<see cref="MatrixKey"/>). What they ask of a pair is its
/// <see cref="MatrixPlace"/>. Pairs in a place of their own are found by the Nodes and addresses that endpoints name, and counted; the rest is
/// all pairs less these.</remarks>
internal sealed class ReachabilityMatrixBuilder
{
    private readonly ReachabilityTopology _topology;
    private readonly ReachabilityPredictor _predictor;
    private readonly MatrixKeys _keys;
    private readonly Dictionary<ReachabilityNode, int> _numbers;
    private readonly CancellationToken _cancellationToken;

    public ReachabilityMatrixBuilder(ReachabilityModel model, bool hasServices, CancellationToken cancellationToken)
    {
        _topology = new ReachabilityTopology(model);
        _predictor = new ReachabilityPredictor(model);
        _keys = new MatrixKeys(_topology, hasServices);
        _numbers = model.Nodes.Index().ToDictionary<(int, ReachabilityNode), ReachabilityNode, int>(n => n.Item2, n => n.Item1, ReferenceEqualityComparer.Instance);
        _cancellationToken = cancellationToken;
    }

    /// <summary>An endpoint, and the ClusterIP it is asked for by.</summary>
    private readonly record struct Member(ReachabilityEndpoint End, IPAddress? ClusterIP);

    /// <summary>The endpoints of one class on one Node whose addresses, and whose Node's tunnel address, lie in the same Nodes' PodCIDRs.</summary>
    /// <remarks>Nodes by their numbers in the model, as pairs of groups are many; -1 is none.</remarks>
    /// <param name="number">Its place among the class's groups.</param>
    /// <param name="node">The Node.</param>
    /// <param name="owner">The Node in whose PodCIDR the addresses lie.</param>
    /// <param name="tunnelOwner">The Node in whose PodCIDR the tunnel address lies.</param>
    private sealed class Group(int number, int node, int owner, int tunnelOwner)
    {
        public int Number { get; } = number;

        public int Node { get; } = node;

        public int Owner { get; } = owner;

        public int TunnelOwner { get; } = tunnelOwner;

        public List<Member> Members { get; } = [];

        public long Count => Members.Count;
    }

    private sealed class Class(ReachabilityClass known, List<Group> groups)
    {
        private static readonly List<Group> None = [];

        private readonly Dictionary<int, List<Group>> _byNode = groups.GroupBy(g => g.Node).ToDictionary(g => g.Key, g => g.ToList());
        private readonly Dictionary<int, List<Group>> _byOwner = groups.GroupBy(g => g.Owner).ToDictionary(g => g.Key, g => g.ToList());

        public ReachabilityClass Public { get; } = known;

        public List<Group> Groups { get; } = groups;

        public List<Group> On(int node) => _byNode.GetValueOrDefault(node, None);

        public List<Group> WithAddressesOf(int node) => _byOwner.GetValueOrDefault(node, None);
    }

    /// <summary>A client and a server that have an address in common.</summary>
    private sealed record Sharing(Group Client, Group Server, MatrixPlace What, ReachabilityEndpoint From, Member To);

    /// <summary>Pairs in one place, and one of them.</summary>
    private sealed class Tally
    {
        public long Pairs { get; set; }

        public (ReachabilityEndpoint Client, Member Server) Example { get; set; }
    }

    public ReachabilityMatrix Build(IEnumerable<ReachabilityEndpoint> endpoints, IReadOnlyCollection<ReachabilityService> services)
    {
        var sorted = new Dictionary<MatrixKey, Dictionary<(int, int, int), Group>>();
        var clientsAt = new Dictionary<IPAddress, List<(int Number, Group Group, ReachabilityEndpoint End)>>();
        foreach (var (number, endpoint) in endpoints.Index())
        {
            var group = Sort(endpoint, null, sorted);
            foreach (var address in services.Count == 0 ? [] : ((IPAddress?[])[endpoint.Address, endpoint.AntreaAddress]).OfType<IPAddress>().Distinct())
            {
                if (!clientsAt.TryGetValue(address, out var clients))
                {
                    clientsAt.Add(address, clients = []);
                }

                clients.Add((number, group, endpoint));
            }
        }

        var sharing = new List<Sharing>();
        foreach (var service in services)
        {
            foreach (var clusterIP in service.ClusterIPs)
            {
                foreach (var endpoint in service.Endpoints.SelectMany(states => states).Where(e => e.Address.AddressFamily == clusterIP.AddressFamily))
                {
                    var group = Sort(endpoint, clusterIP, sorted);
                    sharing.AddRange(SharingOf(new Member(endpoint, clusterIP), group, clientsAt));
                }
            }
        }

        return Build(sorted, sharing.ToLookup<Sharing, Group>(s => s.Server, ReferenceEqualityComparer.Instance));
    }

    private ReachabilityMatrix Build(Dictionary<MatrixKey, Dictionary<(int, int, int), Group>> sorted, ILookup<Group, Sharing> sharing)
    {
        var classes = sorted
            .Select(g => new Class(
                new ReachabilityClass(
                    g.Key.Kind,
                    _keys.Describe(g.Key),
                    g.Key.IsIPv6,
                    [.. g.Value.Values.Select(v => v.Node).Distinct().Select(n => _topology.Model.Nodes[n].Name).Order(StringComparer.Ordinal)],
                    g.Value.Values.Sum(v => v.Count))
                {
                    IsOfServices = g.Key.IsOfService,
                },
                [.. g.Value.Values]))
            .OrderBy(c => c.Public.IsIPv6).ThenBy(c => c.Public.IsOfServices).ThenBy(c => c.Public.Kind).ThenBy(c => c.Public.Addresses, StringComparer.Ordinal)
            .ThenBy(c => c.Public.Nodes[0], StringComparer.Ordinal)
            .ToList();
        var pairs = classes.Where(c => !c.Public.IsOfServices)
            .SelectMany(from => classes.Where(to => to.Public.IsIPv6 == from.Public.IsIPv6).Select(to => (From: from, To: to)))
            .ToList();
        return new ReachabilityMatrix
        {
            Classes = [.. classes.Select(c => c.Public)],
            Cells = [.. OrderedParallel.Map(pairs, p => Cells(p.From, p.To, sharing), _cancellationToken).SelectMany(cells => cells)],
        };
    }

    private Group Sort(ReachabilityEndpoint endpoint, IPAddress? clusterIP, Dictionary<MatrixKey, Dictionary<(int, int, int), Group>> sorted)
    {
        _cancellationToken.ThrowIfCancellationRequested();
        var node = _topology.FindNode(endpoint.Node)
            ?? throw new ArgumentException($"{endpoint}: the model has no Node {endpoint.Node}.", nameof(endpoint));
        var key = _keys.Of(endpoint, node, clusterIP);
        if (!sorted.TryGetValue(key, out var known))
        {
            sorted[key] = known = [];
        }

        var tunnel = MatrixKeys.TunnelOf(node, endpoint.Address.AddressFamily);
        var place = (_numbers[node], key.Calico is null ? -1 : OwnerOf(endpoint.Address), tunnel is null ? -1 : OwnerOf(tunnel));
        if (!known.TryGetValue(place, out var group))
        {
            known.Add(place, group = new Group(known.Count, place.Item1, place.Item2, place.Item3));
        }

        group.Members.Add(new Member(endpoint, clusterIP));
        return group;
    }

    private int OwnerOf(IPAddress address) => _topology.OwnerInAntrea(address) is { } owner ? _numbers[owner.Node] : -1;

    private static IEnumerable<Sharing> SharingOf(Member server, Group group, Dictionary<IPAddress, List<(int Number, Group Group, ReachabilityEndpoint End)>> clientsAt) =>
        ((IPAddress?[])[server.End.Address, server.End.AntreaAddress]).OfType<IPAddress>().Distinct()
            .SelectMany(a => clientsAt.GetValueOrDefault(a, []))
            .DistinctBy(c => c.Number)
            .Select(c => new Sharing(c.Group, group, SharedBy(c.End, server), c.End, server))
            .Where(s => s.What != 0);

    /// <summary>The rules ask whether one that asks for a ClusterIP gets itself; nobody asks for itself otherwise.</summary>
    private static MatrixPlace SharedBy(ReachabilityEndpoint client, Member server) =>
        server.ClusterIP is null
            ? 0
            : (client.Address.Equals(server.End.Address) ? MatrixPlace.SameAddress : 0)
            | (client.AntreaAddress is { } net1 && net1.Equals(server.End.AntreaAddress) ? MatrixPlace.SameNet1 : 0);

    private List<ReachabilityCell> Cells(Class from, Class to, ILookup<Group, Sharing> sharing)
    {
        _cancellationToken.ThrowIfCancellationRequested();
        var tallies = new SortedDictionary<MatrixPlace, Tally>();
        List<Sharing> shared = to.Public.IsOfServices ? [.. to.Groups.SelectMany(g => sharing[g]).Where(s => IsOf(from, s.Client))] : [];
        foreach (var pair in shared)
        {
            var tally = TallyAt(PlaceOf(pair.Client, pair.Server) | pair.What);
            tally.Example = tally.Pairs++ == 0 ? (pair.From, pair.To) : tally.Example;
        }

        // What is counted so far is left out where its groups are counted as a whole.
        var left = shared.CountBy(s => (s.Client, s.Server), GroupPairs.Instance).ToDictionary(GroupPairs.Instance);
        var counted = 0L;
        var lastSeenBy = new Group[to.Groups.Count];
        foreach (var client in from.Groups)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            Count(client, to.On(client.Node));
            Count(client, to.On(client.Owner));
            Count(client, to.On(client.TunnelOwner));
            Count(client, to.WithAddressesOf(client.Node));
        }

        counted += left.Values.Sum(n => (long)n);
        if ((from.Public.Endpoints * to.Public.Endpoints) - counted is > 0 and var rest)
        {
            var tally = TallyAt(MatrixPlace.OtherNode);
            tally.Example = tally.Pairs == 0 ? FindElsewhere(from, to) : tally.Example;
            tally.Pairs += rest;
        }

        var cells = tallies.Select(t => (Place: t.Key, t.Value.Pairs, t.Value.Example, Answer: Ask(t.Value.Example.Client, t.Value.Example.Server)))
            .GroupBy(t => (MatrixPlaces.KindOf(t.Place), t.Answer.Verdict, t.Answer.Cause))
            .Select(g => g.ToList())
            .ToList();
        return cells.ConvertAll(cell => new ReachabilityCell(
            from.Public,
            to.Public,
            MatrixPlaces.Describe([.. cell.Select(c => c.Place)], isAlone: cells.Count(c => MatrixPlaces.KindOf(c[0].Place) == MatrixPlace.OtherNode) == 1),
            cell[0].Answer,
            cell.Sum(c => c.Pairs),
            cell[0].Example.Client,
            cell[0].Example.Server.End)
        {
            ClusterIP = cell[0].Example.Server.ClusterIP,
        });

        // Those named for a client are the servers whose place to it is another than elsewhere, and perhaps some more.
        void Count(Group client, List<Group> named)
        {
            foreach (var server in named)
            {
                if (ReferenceEquals(lastSeenBy[server.Number], client))
                {
                    continue;
                }

                lastSeenBy[server.Number] = client;
                var all = client.Count * server.Count;
                var apart = left.Count > 0 && left.Remove((client, server), out var sharers) ? sharers : ReferenceEquals(client, server) ? client.Count : 0;
                counted += all;
                if (all > apart)
                {
                    var tally = TallyAt(PlaceOf(client, server));
                    tally.Example = tally.Pairs == 0 ? FindIn(client, server) : tally.Example;
                    tally.Pairs += all - apart;
                }
            }
        }

        Tally TallyAt(MatrixPlace place)
        {
            if (!tallies.TryGetValue(place, out var tally))
            {
                tallies.Add(place, tally = new Tally());
            }

            return tally;
        }
    }

    private static bool IsOf(Class known, Group group) => group.Number < known.Groups.Count && ReferenceEquals(known.Groups[group.Number], group);

    private ReachabilityAnswer Ask(ReachabilityEndpoint client, Member server) =>
        server.ClusterIP is { } clusterIP ? _predictor.PredictService(client, server.End, clusterIP) : _predictor.Predict(client, server.End);

    private static MatrixPlace PlaceOf(Group client, Group server) =>
        client.Node == server.Node
            ? MatrixPlace.SameNode
            : (server.Owner == client.Node ? MatrixPlace.ServerInClientsPodCidr : 0)
            | (client.Owner == server.Node ? MatrixPlace.ClientInServersPodCidr : 0)
            | (client.TunnelOwner == server.Node ? MatrixPlace.ClientsTunnelInServersPodCidr : 0);

    /// <summary>A pair of two groups without an address in common; few have.</summary>
    private static (ReachabilityEndpoint Client, Member Server) FindIn(Group client, Group server) =>
        ReferenceEquals(client, server)
            ? (client.Members[0].End, client.Members[1])
            : client.Members.SelectMany(c => server.Members.Where(s => SharedBy(c.End, s) == 0).Select(s => (c.End, s))).First();

    // A client excludes the servers of three Nodes, and those in its own Node's PodCIDR; so one of the first clients has a server left.
    private static (ReachabilityEndpoint Client, Member Server) FindElsewhere(Class from, Class to) =>
        from.Groups.SelectMany(client => to.Groups.Where(server => PlaceOf(client, server) == MatrixPlace.OtherNode)
                .SelectMany(server => client.Members.SelectMany(c => server.Members.Where(s => SharedBy(c.End, s) == 0).Select(s => (c.End, s)))))
            .First();

    /// <summary>Groups are told apart as objects.</summary>
    private sealed class GroupPairs : IEqualityComparer<(Group Client, Group Server)>
    {
        public static readonly GroupPairs Instance = new();

        public bool Equals((Group Client, Group Server) x, (Group Client, Group Server) y) =>
            ReferenceEquals(x.Client, y.Client) && ReferenceEquals(x.Server, y.Server);

        public int GetHashCode((Group Client, Group Server) pair) =>
            HashCode.Combine(ReferenceEqualityComparer.Instance.GetHashCode(pair.Client), ReferenceEqualityComparer.Instance.GetHashCode(pair.Server));
    }
}
