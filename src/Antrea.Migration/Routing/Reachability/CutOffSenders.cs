using System.Net;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>A class of Nodes that no rule of the predictor tells apart as senders to one destination.</summary>
/// <param name="Sample">One of them.</param>
/// <param name="Name">The Node's name when it is the only one; null for a class of other Nodes.</param>
/// <param name="Words">Which Nodes they are.</param>
internal sealed record SenderNodes(ReachabilityNode Sample, string? Name, string Words);

/// <summary>Chooses a few senders that stand for all: the predictor tells Nodes apart only by whether they have the destination, whether the
/// address lies in their PodCIDR, and whom they share a subnet with.</summary>
/// <remarks>Asked by several threads.</remarks>
internal sealed class CutOffSenders
{
    private const int SamplesPerSubnet = 3;

    private static readonly IPAddress Outside4 = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Outside6 = IPAddress.Parse("2001:db8::1");

    private readonly ReachabilityTopology _topology;
    private readonly Dictionary<(string Node, bool IsIPv6), IPAddress?> _antreaAddresses = [];
    private readonly Dictionary<bool, Samples> _samples = [];

    public CutOffSenders(ReachabilityTopology topology)
    {
        _topology = topology;
        foreach (var isIPv6 in (bool[])[false, true])
        {
            foreach (var node in topology.Model.Nodes)
            {
                _antreaAddresses[(node.Name, isIPv6)] = FirstAntreaAddress(node, isIPv6);
            }

            _samples[isIPv6] = new Samples(topology.Model.Nodes.OrderByDescending(n => AntreaAddressOf(n, isIPv6) is not null));
        }
    }

    /// <summary>The classes for a destination on <paramref name="x"/> whose address lies in a PodCIDR of <paramref name="y"/>; together
    /// all Nodes.</summary>
    public List<SenderNodes> ClassesFor(ReachabilityNode x, ReachabilityNode y, bool isIPv6)
    {
        var classes = new List<SenderNodes> { new(y, y.Name, $"on Node {y.Name}") };
        if (x.Name != y.Name)
        {
            classes.Add(new SenderNodes(x, x.Name, $"on Node {x.Name}"));
        }

        var seen = new HashSet<(bool WithY, bool WithX)>();
        foreach (var node in _samples[isIPv6].Around(x, y))
        {
            // Where Antrea always tunnels no rule asks for subnets.
            var bySubnet = _topology.Model.AntreaEncap != AntreaEncapMode.Encap;
            var (withY, withX) = bySubnet
                ? (ReachabilityTopology.ShareSubnet(node, y), ReachabilityTopology.ShareSubnet(node, x))
                : (true, true);
            if (node.Name != x.Name && node.Name != y.Name && seen.Add((withY, withX)))
            {
                classes.Add(new SenderNodes(node, null, Words(x, y, withY, withX)));
            }
        }

        return classes;
    }

    /// <summary>A typical sender of a kind on a Node; null when the Node can have none of that kind and family.</summary>
    public ReachabilityEndpoint? On(ReachabilityNode node, PodNetworkKind kind, bool isIPv6)
    {
        var outside = isIPv6 ? Outside6 : Outside4;
        switch (kind)
        {
            case PodNetworkKind.Calico:
                return ReachabilityEndpoint.Calico(node.Name, outside);
            case PodNetworkKind.Host:
                return ReachabilityEndpoint.Host(node.Name, ReachabilityTopology.AddressOf(node, outside.AddressFamily) ?? outside);
            default:
                var address = AntreaAddressOf(node, isIPv6);
                return address is null ? null
                    : kind == PodNetworkKind.Antrea ? ReachabilityEndpoint.Antrea(node.Name, address)
                    : ReachabilityEndpoint.Multus(node.Name, outside, address);
        }
    }

    private IPAddress? AntreaAddressOf(ReachabilityNode node, bool isIPv6) => _antreaAddresses[(node.Name, isIPv6)];

    /// <summary>The first address of Antrea's on the Node that Calico has no longer route for. Where it has for each, the Node's Pods lose
    /// replies whomever they ask, which says nothing of the one asked; only in a tunnel are all senders alike.</summary>
    private IPAddress? FirstAntreaAddress(ReachabilityNode node, bool isIPv6)
    {
        IPAddress? any = null;
        foreach (var podCidr in node.PodCidrs.Where(p => p.IsIPv6 == isIPv6 && p.AddressCount > 3))
        {
            var last = podCidr.AddressCount - 2;
            UInt128 index = 2;
            while (index <= last)
            {
                var address = podCidr.AddressAt(index);
                any ??= address;
                if (_topology.RouteToAntrea(address) == HostRoute.Antrea)
                {
                    return address;
                }

                // A block that is no smaller than the PodCIDR has all of its addresses.
                var block = _topology.CalicoRoute(address)!.Value.Block;
                if (block.Contains(podCidr) || podCidr.IndexOf(block.LastAddress) >= last)
                {
                    break;
                }

                index = podCidr.IndexOf(block.LastAddress) + 1;
            }
        }

        return _topology.Model.AntreaEncap == AntreaEncapMode.Encap ? any : null;
    }

    private static string Words(ReachabilityNode x, ReachabilityNode y, bool withY, bool withX) =>
        x.Name == y.Name || withX == withY
            ? $"on other Nodes {(withY ? "in" : "outside")} the subnet of Node {y.Name}"
            : $"on other Nodes {(withY ? "in" : "outside")} the subnet of Node {y.Name} and {(withX ? "in" : "outside")} that of Node {x.Name}";

    /// <summary>A few Nodes of each subnet.</summary>
    private sealed class Samples
    {
        private readonly List<ReachabilityNode> _withoutSubnet = [];
        private readonly Dictionary<Cidr, List<ReachabilityNode>> _bySubnet = [];
        private readonly List<ReachabilityNode> _anywhere = [];

        public Samples(IEnumerable<ReachabilityNode> nodes)
        {
            foreach (var node in nodes)
            {
                var list = _withoutSubnet;
                if (node.Subnet is { } subnet && !_bySubnet.TryGetValue(subnet, out list!))
                {
                    _bySubnet[subnet] = list = [];
                }

                if (list.Count < SamplesPerSubnet)
                {
                    list.Add(node);

                    // Of four subnets two at least are neither one Node's nor the other's.
                    if (_bySubnet.Count <= 4)
                    {
                        _anywhere.Add(node);
                    }
                }
            }
        }

        public IEnumerable<ReachabilityNode> Around(ReachabilityNode x, ReachabilityNode y) =>
            [.. Of(y.Subnet), .. Of(x.Subnet), .. _withoutSubnet, .. _anywhere];

        private List<ReachabilityNode> Of(Cidr? subnet) =>
            subnet is { } known && _bySubnet.TryGetValue(known, out var nodes) ? nodes : [];
    }
}
