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

    public KnownRanges(IReadOnlyCollection<NodeRoutes> nodes, ClusterSnapshot? snapshot)
    {
        HasCluster = snapshot is not null;
        NodeNames = (snapshot?.Nodes.Select(n => n.Name) ?? nodes.Select(n => n.Node)).ToHashSet(StringComparer.Ordinal);
        _pools = snapshot is null ? null : new(snapshot.CalicoIpam.Pools.Select(p => new CidrEntry<Cidr>(p.Cidr, p.Cidr)));
        _blackholes = [.. nodes.SelectMany(n => n.Routes).Where(r => r.Type == RouteType.Blackhole && IsCalicoProtocol(r)).Select(r => r.Destination)];

        var podCidrs = new Dictionary<Cidr, string?>();
        var blocks = new Dictionary<Cidr, string?>();
        if (snapshot is null)
        {
            Learn(nodes, podCidrs, blocks);
        }
        else
        {
            Learn(snapshot, podCidrs, blocks);
        }

        _antreaPrefixes = [.. podCidrs.Keys];
        PodCidrs = new(podCidrs.Select(p => new CidrEntry<string?>(p.Key, p.Value)));
        Blocks = new(blocks.Select(b => new CidrEntry<string?>(b.Key, b.Value)));
    }

    /// <summary>Whether the cluster's objects were there, so that what is not known is stale.</summary>
    public bool HasCluster { get; }

    public IReadOnlySet<string> NodeNames { get; }

    /// <summary>PodCIDRs with their Nodes; null where only a peer's route tells of one.</summary>
    public CidrTable<string?> PodCidrs { get; }

    /// <summary>What Calico routes, with the Node it leads to; null for a block without one, or where only a peer's route tells.</summary>
    public CidrTable<string?> Blocks { get; }

    /// <summary>The Node that has an address; null when none is known to.</summary>
    public string? NodeAt(IPAddress address) => _nodeOf.GetValueOrDefault(address);

    public bool IsBlock(Cidr cidr) => HasCluster ? Exact(Blocks, cidr) is not null : _blackholes.Contains(cidr);

    /// <summary>Whether Calico gives addresses from there.</summary>
    public bool IsInAPool(Cidr cidr) => _pools?.Overlapping(cidr).Any(p => p.Cidr.Contains(cidr)) ?? true;

    /// <summary>The entry of exactly this prefix.</summary>
    public static CidrEntry<string?>? Exact(CidrTable<string?> table, Cidr cidr) =>
        table.TryLookup(cidr.FirstAddress, out var entry) && entry.Cidr == cidr
            ? entry
            : table.Overlapping(cidr).Where(e => e.Cidr == cidr).Select(e => (CidrEntry<string?>?)e).FirstOrDefault();

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

    /// <summary>Whether the table is a Pod's: its default goes to the address that Calico's veths answer for, or by net1.</summary>
    public static bool IsPod(NodeRoutes routes) =>
        routes.Routes.Any(r => r.Destination.PrefixLength == 0 && (r.Device == "net1" || r.Gateway?.ToString() == "169.254.1.1"));

    /// <summary>Neither the default, nor one address (IPv6 has a route to each peer's gateway), nor a link's own prefix.</summary>
    private static bool IsRange(Cidr cidr) =>
        cidr.PrefixLength > 0 && cidr.PrefixLength < (cidr.IsIPv6 ? 128 : 32) && !cidr.FirstAddress.IsIPv6LinkLocal && !cidr.FirstAddress.IsIPv6Multicast;

    private static bool IsCalicoProtocol(Route route) => route.Protocol is "bird" or "80";

    private static bool IsCalicoDevice(string? device) =>
        device is "tunl0" or "vxlan.calico" or "vxlan-v6.calico" or "wireguard.cali" or "wg-v6.cali"
        || device?.StartsWith("cali", StringComparison.Ordinal) == true;

    private void Learn(ClusterSnapshot snapshot, Dictionary<Cidr, string?> podCidrs, Dictionary<Cidr, string?> blocks)
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

        foreach (var range in AddressAnalyzer.Analyze(snapshot).CalicoRanges)
        {
            if (!blocks.TryAdd(range.Cidr, range.Owner))
            {
                blocks[range.Cidr] ??= range.Owner;
            }
        }
    }

    private void Learn(IReadOnlyCollection<NodeRoutes> nodes, Dictionary<Cidr, string?> podCidrs, Dictionary<Cidr, string?> blocks)
    {
        foreach (var node in nodes.Where(n => !IsPod(n)))
        {
            foreach (var route in node.Routes.Where(r => NodeRoutes.Canonical(r.Table) != "local"))
            {
                if (IsByGateway(route) && !IsCalicoProtocol(route) && IsRange(route.Destination))
                {
                    var isOwn = route is { Gateway: null, Protocol: "kernel" };
                    podCidrs[route.Destination] = isOwn ? node.Node : podCidrs.GetValueOrDefault(route.Destination);
                }
                else if (IsCalicoClusterRoute(route))
                {
                    var isOwn = route.Type == RouteType.Blackhole;
                    blocks[route.Destination] = isOwn ? node.Node : blocks.GetValueOrDefault(route.Destination);
                }

                if (route is { Source: not null, Protocol: "kernel", Scope: "link" } && route.Device is not AntreaGateway)
                {
                    _nodeOf.TryAdd(route.Source, node.Node);
                }
            }
        }

        // Without objects a route of BIRD's over a whole PodCIDR is one it learned, unless some Node has the block.
        foreach (var learned in blocks.Keys.Where(b => podCidrs.ContainsKey(b) && !_blackholes.Contains(b)).ToList())
        {
            blocks.Remove(learned);
        }
    }
}
