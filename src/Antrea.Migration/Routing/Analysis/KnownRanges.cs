using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Routing.Analysis;

/// <summary>Whose a prefix is: from the cluster's objects where there are any, else from what the Nodes' own routes tell.</summary>
internal sealed class KnownRanges
{
    private const string AntreaGateway = "antrea-gw0";

    private readonly Dictionary<IPAddress, string> _nodeOf = [];
    private readonly HashSet<Cidr> _blackholes;
    private readonly HashSet<Cidr> _antreaPrefixes;
    private readonly CidrTable<Cidr>? _pools;

    private readonly ILookup<string, Cidr> _podCidrsOf;
    private readonly ILookup<string, Cidr> _blocksOf;

    /// <param name="groups">The kernels.</param>
    /// <param name="nodes">The same, in the order given.</param>
    /// <param name="snapshot">The cluster's objects, if they are at hand.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    public KnownRanges(
        IReadOnlyCollection<KernelGroup> groups, IReadOnlyCollection<NodeRoutes> nodes, ClusterSnapshot? snapshot, CancellationToken cancellationToken)
    {
        HasCluster = snapshot is not null;
        NodeNames = (snapshot?.Nodes.Select(n => n.Name) ?? nodes.Select(n => n.Node)).ToHashSet(StringComparer.Ordinal);
        _pools = snapshot is null ? null : new(snapshot.CalicoIpam.Pools.Select(p => new CidrEntry<Cidr>(p.Cidr, p.Cidr)));
        _blackholes =
        [
            .. groups.SelectMany(g => g.Shared.Routes.Where(r => IsCalicosBlackhole(r) && g.IsAnywhere(r)))
                .Concat(nodes.SelectMany(n => KernelGroup.AddedBy(n)).Where(IsCalicosBlackhole))
                .Select(r => r.Destination),
        ];

        var podCidrs = new Dictionary<Cidr, string?>();
        var blocks = new Dictionary<Cidr, string?>();
        if (snapshot is null)
        {
            Learn(groups, nodes, podCidrs, blocks, cancellationToken);
        }
        else
        {
            Learn(snapshot, podCidrs, blocks, cancellationToken);
        }

        _antreaPrefixes = [.. podCidrs.Keys];
        PodCidrs = new(podCidrs.Select(p => new CidrEntry<string?>(p.Key, p.Value)));
        Blocks = new(blocks.Select(b => new CidrEntry<string?>(b.Key, b.Value)));
        _podCidrsOf = podCidrs.Where(p => p.Value is not null).ToLookup(p => p.Value!, p => p.Key, StringComparer.Ordinal);
        _blocksOf = blocks.Where(b => b.Value is not null).ToLookup(b => b.Value!, b => b.Key, StringComparer.Ordinal);
    }

    /// <summary>Whether the cluster's objects were there, so that what is not known is stale.</summary>
    public bool HasCluster { get; }

    public IReadOnlySet<string> NodeNames { get; }

    /// <summary>PodCIDRs with their Nodes; null where only a peer's route tells of one.</summary>
    public CidrTable<string?> PodCidrs { get; }

    /// <summary>What Calico routes, with the Node it leads to; null for a block without one, or where only a peer's route tells.</summary>
    public CidrTable<string?> Blocks { get; }

    /// <summary>A Node's PodCIDRs.</summary>
    public IEnumerable<Cidr> PodCidrsOf(string node) => _podCidrsOf[node];

    /// <summary>The ranges that Calico routes to a Node.</summary>
    public IEnumerable<Cidr> BlocksOf(string node) => _blocksOf[node];

    /// <summary>The Node that has an address; null when none is known to.</summary>
    public string? NodeAt(IPAddress address) => _nodeOf.GetValueOrDefault(address);

    public bool IsBlock(Cidr cidr) => HasCluster ? Exact(Blocks, cidr) is not null : _blackholes.Contains(cidr);

    /// <summary>Whether Calico gives addresses from there.</summary>
    public bool IsInAPool(Cidr cidr) => _pools?.Overlapping(cidr).Any(p => p.Cidr.Contains(cidr)) ?? true;

    /// <summary>The entry of exactly this prefix.</summary>
    public static CidrEntry<string?>? Exact(CidrTable<string?> table, Cidr cidr) =>
        table.TryExact(cidr, out var entry) ? entry : null;

    /// <summary>Whether the route is Calico's: of its routing daemon, of felix, or by a device of Calico's.</summary>
    public bool IsCalico(Route route) =>
        IsCalicoProtocol(route) || IsCalicoDevice(route.Device) || (route.Type == RouteType.Blackhole && HasCluster && IsBlock(route.Destination));

    /// <summary>Whether the route is Calico's and for more than a Pod of this Node.</summary>
    public bool IsCalicoClusterRoute(Route route) =>
        IsCalico(route) && route.Destination.PrefixLength > 0 && route.Device?.StartsWith("cali", StringComparison.Ordinal) != true;

    /// <summary>Whether the route is antrea-agent's.</summary>
    public bool IsAntrea(Route route) =>
        !IsCalicoProtocol(route)
        && (route.Device is AntreaGateway or "antrea-wg0" || (route.Gateway is not null && _antreaPrefixes.Contains(route.Destination)));

    public static bool IsByGateway(Route route) => route.Device == AntreaGateway;

    /// <summary>Whether the route shows that the table is a Pod's: a default to the address that Calico's veths answer for, or by net1.</summary>
    public static bool IsPodsDefault(Route route) =>
        route.Destination.PrefixLength == 0 && (route.Device == "net1" || route.Gateway?.ToString() == "169.254.1.1");

    private static bool IsCalicosBlackhole(Route route) => route.Type == RouteType.Blackhole && IsCalicoProtocol(route);

    /// <summary>Neither the default, nor one address (IPv6 has a route to each peer's gateway), nor a link's own prefix.</summary>
    private static bool IsRange(Cidr cidr) =>
        cidr.PrefixLength > 0 && cidr.PrefixLength < (cidr.IsIPv6 ? 128 : 32) && !cidr.FirstAddress.IsIPv6LinkLocal && !cidr.FirstAddress.IsIPv6Multicast;

    private static bool IsCalicoProtocol(Route route) => route.Protocol is "bird" or "80";

    private static bool IsCalicoDevice(string? device) =>
        device is "tunl0" or "vxlan.calico" or "vxlan-v6.calico" or "wireguard.cali" or "wg-v6.cali"
        || device?.StartsWith("cali", StringComparison.Ordinal) == true;

    private void Learn(
        ClusterSnapshot snapshot, Dictionary<Cidr, string?> podCidrs, Dictionary<Cidr, string?> blocks, CancellationToken cancellationToken)
    {
        foreach (var node in snapshot.Nodes)
        {
            foreach (var podCidr in node.PodCidrs)
            {
                podCidrs.TryAdd(podCidr, node.Name);
            }

            foreach (var address in node.InternalIPs.Concat(node.CalicoTunnelAddresses))
            {
                _nodeOf.TryAdd(address, node.Name);
            }
        }

        foreach (var allocation in snapshot.CalicoIpam.Blocks.SelectMany(b => b.Allocations).Where(a => a is { IsTunnel: true, Node: not null }))
        {
            _nodeOf.TryAdd(allocation.Address, allocation.Node!);
        }

        foreach (var range in CalicoRangeList.Of(snapshot, cancellationToken))
        {
            if (!blocks.TryAdd(range.Cidr, range.Owner))
            {
                blocks[range.Cidr] ??= range.Owner;
            }
        }
    }

    private void Learn(
        IReadOnlyCollection<KernelGroup> groups, IReadOnlyCollection<NodeRoutes> nodes, Dictionary<Cidr, string?> podCidrs, Dictionary<Cidr, string?> blocks,
        CancellationToken cancellationToken)
    {
        // Most shared routes only tell that there is such a range; of the others each kernel is asked.
        var telling = new Dictionary<NodeRoutes, List<Route>>(ReferenceEqualityComparer.Instance);
        foreach (var group in groups.Where(g => !g.ArePods))
        {
            var routes = telling[group.Shared] = [];
            foreach (var route in group.Shared.Routes.Where(IsTold))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (IsOwn(route) || TellsAddress(route))
                {
                    routes.Add(route);
                }
                else if (group.IsAnywhere(route))
                {
                    Learn(route, null, podCidrs, blocks);
                }
            }
        }

        var pods = groups.Where(g => g.ArePods).SelectMany(g => g.Names).ToHashSet(StringComparer.Ordinal);
        foreach (var node in nodes.Where(n => !pods.Contains(n.Node)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (telling.TryGetValue(node.Difference?.Shared ?? node, out var routes))
            {
                foreach (var route in KernelGroup.AddedBy(node).Where(IsTold).Concat(routes.Where(r => KernelGroup.Has(node, r))))
                {
                    Learn(route, node.Node, podCidrs, blocks);
                }
            }
        }

        // Without objects a route of BIRD's over a whole PodCIDR is one it learned, unless some Node has the block.
        foreach (var learned in blocks.Keys.Where(b => podCidrs.ContainsKey(b) && !_blackholes.Contains(b)).ToList())
        {
            blocks.Remove(learned);
        }
    }

    private static bool IsTold(Route route) => NodeRoutes.Canonical(route.Table) != "local";

    /// <summary>Whether the route tells that its range is its own Node's.</summary>
    private static bool IsOwn(Route route) => route.Type == RouteType.Blackhole || (IsByGateway(route) && route is { Gateway: null, Protocol: "kernel" });

    private static bool TellsAddress(Route route) => route is { Source: not null, Protocol: "kernel", Scope: "link" } && route.Device is not AntreaGateway;

    /// <param name="route">A route.</param>
    /// <param name="node">Whose; null where that does not matter.</param>
    /// <param name="podCidrs">What is known so far.</param>
    /// <param name="blocks">What is known so far.</param>
    private void Learn(Route route, string? node, Dictionary<Cidr, string?> podCidrs, Dictionary<Cidr, string?> blocks)
    {
        if (IsByGateway(route) && !IsCalicoProtocol(route) && IsRange(route.Destination))
        {
            podCidrs[route.Destination] = IsOwn(route) ? node : podCidrs.GetValueOrDefault(route.Destination);
        }
        else if (IsCalicoClusterRoute(route))
        {
            blocks[route.Destination] = IsOwn(route) ? node : blocks.GetValueOrDefault(route.Destination);
        }

        if (node is not null && TellsAddress(route))
        {
            _nodeOf.TryAdd(route.Source!, node);
        }
    }
}
