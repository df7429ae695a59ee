using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>Which of the two networks' routes a Node's kernel prefers for an address.</summary>
internal enum HostRoute
{
    /// <summary>Calico's: its prefix is the longer one, or no PodCIDR holds the address.</summary>
    Calico,

    /// <summary>Both have the same prefix: the one written last, until the other writes again.</summary>
    Contested,

    /// <summary>Antrea's: its prefix is the longer one, or Calico has none.</summary>
    Antrea,
}

/// <summary>The questions about a model that the rules of <see cref="ReachabilityPredictor"/> ask.</summary>
internal sealed class ReachabilityTopology
{
    private readonly Dictionary<string, ReachabilityNode> _nodes;
    private readonly CidrTable<ReachabilityNode> _podCidrs;
    private readonly CidrTable<string> _blocks;
    private readonly CidrTable<ReachabilityPool> _pools;

    public ReachabilityTopology(ReachabilityModel model)
    {
        Model = model;
        _nodes = model.Nodes.ToDictionary(n => n.Name, StringComparer.Ordinal);
        _podCidrs = new(model.Nodes.SelectMany(n => n.PodCidrs.Select(p => new CidrEntry<ReachabilityNode>(p, n))));

        // Calico routes a block to the Node it is affine to; without one only its single addresses have routes.
        _blocks = new(model.Blocks.Where(b => b.Owner is not null).Select(b => new CidrEntry<string>(b.Cidr, b.Owner!)));
        _pools = new(model.Pools.Select(p => new CidrEntry<ReachabilityPool>(p.Cidr, p)));
    }

    public ReachabilityModel Model { get; }

    public ReachabilityNode? FindNode(string name) => _nodes.GetValueOrDefault(name);

    /// <summary>The Node whose PodCIDR holds the address, with that PodCIDR; null when none does.</summary>
    public (Cidr PodCidr, ReachabilityNode Node)? OwnerInAntrea(IPAddress address) =>
        _podCidrs.TryLookup(address, out var entry) ? (entry.Cidr, entry.Value) : null;

    /// <summary>Whether the address lies in a PodCIDR of this Node.</summary>
    public static bool IsOwn(IPAddress address, ReachabilityNode node)
    {
        foreach (var podCidr in node.PodCidrs)
        {
            if (podCidr.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The PodCIDR of this Node that has this address for a purpose of its own; null when none has. <c>antrea-gw0</c> has the PodCIDR's
    /// mask, so the Node's kernel keeps the last IPv4 address for broadcasts and the first IPv6 one for whichever router is asked (anycast): it
    /// neither connects nor forwards to it, nor takes it for a source. A tunnel device that has the anycast address was there first.</summary>
    /// <remarks>Source: Linux <c>net/ipv4/fib_frontend.c</c> (fib_add_ifaddr), <c>net/ipv6/addrconf.c</c> (addrconf_join_anycast); measured in a
    /// kernel.</remarks>
    public static Cidr? Keeping(IPAddress address, ReachabilityNode node)
    {
        foreach (var podCidr in node.PodCidrs)
        {
            if (podCidr.Contains(address)
                && (podCidr.IsIPv6
                    ? podCidr.PrefixLength < 127 && podCidr.FirstAddress.Equals(address) && !node.TunnelAddresses.Contains(address)
                    : podCidr.PrefixLength < 31 && podCidr.IndexOf(address) == podCidr.AddressCount - 1))
            {
                return podCidr;
            }
        }

        return null;
    }

    /// <summary>Calico's most specific route over the address: its range and the Node it leads to; null when there is
    /// none.</summary>
    public (Cidr Block, string Owner)? CalicoRoute(IPAddress address) =>
        _blocks.TryLookup(address, out var entry) ? (entry.Cidr, entry.Value) : null;

    /// <summary>Whose route a Node takes to a Calico address on another Node. One in no known range counts as routed by
    /// itself.</summary>
    public HostRoute RouteToCalico(IPAddress address)
    {
        var calico = CalicoRoute(address)?.Block.PrefixLength ?? int.MaxValue;
        return OwnerInAntrea(address) is { } antrea ? Compare(calico, antrea.PodCidr.PrefixLength) : HostRoute.Calico;
    }

    /// <summary>Whose route a Node takes to an Antrea address; anything but Antrea's means it cannot reach the
    /// Pod.</summary>
    public HostRoute RouteToAntrea(IPAddress address) =>
        OwnerInAntrea(address) is { } antrea
            ? Compare(CalicoRoute(address)?.Block.PrefixLength ?? -1, antrea.PodCidr.PrefixLength)
            : HostRoute.Calico;

    /// <summary>Whether Antrea tunnels between the two Nodes, rather than have the Nodes route.</summary>
    public bool AntreaTunnels(ReachabilityNode from, ReachabilityNode to) =>
        from.Name != to.Name
        && Model.AntreaEncap switch
        {
            AntreaEncapMode.NoEncap => false,
            AntreaEncapMode.Hybrid => !ShareSubnet(from, to),
            _ => true,
        };

    /// <summary>Whether Calico tunnels what goes from one Node to a Calico address on another.</summary>
    public bool CalicoTunnels(ReachabilityNode from, ReachabilityNode to, IPAddress calicoAddress) =>
        from.Name != to.Name
        && _pools.TryLookup(calicoAddress, out var pool)
        && pool.Value.Encapsulation switch
        {
            EncapsulationMode.Always => true,
            EncapsulationMode.CrossSubnet => !ShareSubnet(from, to),
            _ => false,
        };

    /// <summary>Whether Antrea's route over a Calico address leads to the Node the address is on, by the Nodes' own network: the PodCIDR is
    /// that Node's, and the two Nodes do without a tunnel. Then it does not matter which network's route wins.</summary>
    public bool AntreaLeadsHome(ReachabilityNode from, ReachabilityNode home, IPAddress calicoAddress) =>
        OwnerInAntrea(calicoAddress) is { } antrea && antrea.Node.Name == home.Name && !AntreaTunnels(from, home);

    /// <summary>Whether what a Node sends to a Calico address on another goes into Calico's tunnel; null when that changes with the route
    /// that was written last.</summary>
    public bool? SentByTunnel(ReachabilityNode from, ReachabilityNode home, IPAddress calicoAddress) =>
        !CalicoTunnels(from, home, calicoAddress) ? false
        : !AntreaLeadsHome(from, home, calicoAddress) ? true
        : RouteToCalico(calicoAddress) switch
        {
            HostRoute.Calico => true,
            HostRoute.Antrea => false,
            _ => null,
        };

    /// <summary>The Calico pool that holds the address; null when none does.</summary>
    public ReachabilityPool? PoolOf(IPAddress address) => _pools.TryLookup(address, out var pool) ? pool.Value : null;

    /// <summary>Whether Calico masquerades what its Pod sends to this destination: the Pod's pool says natOutgoing, and
    /// no pool holds the destination, disabled ones counted.</summary>
    public bool IsMasqueraded(IPAddress calicoSource, IPAddress destination) =>
        _pools.TryLookup(calicoSource, out var pool) && pool.Value.NatOutgoing && !_pools.TryLookup(destination, out _);

    /// <summary>Whether kube-proxy masquerades what asks for a ClusterIP from this address.</summary>
    public bool IsMasqueradedByKubeProxy(IPAddress source)
    {
        var inside = Model.KubeProxyClusterCidrs.Where(c => c.IsIPv6 == (source.AddressFamily == AddressFamily.InterNetworkV6)).ToList();
        return Model.KubeProxyMasqueradesAll || (inside.Count > 0 && !inside.Exists(c => c.Contains(source)));
    }

    /// <summary>Whether a Multus Pod's route to a ClusterIP leaves by net1; null where it has two default routes.</summary>
    public bool? IsAskedByNet1(IPAddress clusterIP) => Model.MultusRoutes switch
    {
        MultusRoutes.V1 => true,
        MultusRoutes.V2 or MultusRoutes.ByPodCidr => Model.ServiceCidrs.Any(c => c.Contains(clusterIP)),
        _ => null,
    };

    /// <summary>Whether a packet is dropped for coming by another device than the way back to its source: it travels
    /// inside Calico's tunnel in one direction and outside in the other.</summary>
    /// <param name="there">Whether it goes inside; null when that changes.</param>
    /// <param name="back">Whether an answer would.</param>
    /// <param name="family">Whose packet it is: IPv6 has no such filter.</param>
    public bool StrictFilterDrops(bool? there, bool? back, AddressFamily family) => IsStrict(family) && there != back;

    /// <summary>Whether Nodes drop what comes by another device than the way back.</summary>
    public bool IsStrict(AddressFamily family) => family == AddressFamily.InterNetwork && Model.ReversePathFilter == ReversePathFilter.Strict;

    /// <summary>antrea-gw0's address: the first host address of the Node's PodCIDR.</summary>
    public static IPAddress? GatewayOf(ReachabilityNode node, AddressFamily family)
    {
        foreach (var podCidr in node.PodCidrs)
        {
            if (podCidr.IsIPv6 == (family == AddressFamily.InterNetworkV6) && podCidr.AddressCount > 1)
            {
                return podCidr.AddressAt(1);
            }
        }

        return null;
    }

    /// <summary>The Node's own address.</summary>
    public static IPAddress? AddressOf(ReachabilityNode node, AddressFamily family) =>
        node.InternalIPs.FirstOrDefault(a => a.AddressFamily == family);

    /// <summary>The address the Node's kernel gives to what it sends, or masquerades, towards a Calico address: that of
    /// the tunnel device, or its own where there is no tunnel. Null when the model does not hold it.</summary>
    public IPAddress? AddressTowardsCalico(ReachabilityNode from, ReachabilityNode to, IPAddress calicoAddress) =>
        from.Name == to.Name ? AddressTowardsOwn(from, calicoAddress) : SentByTunnel(from, to, calicoAddress) switch
        {
            true => from.TunnelAddresses.FirstOrDefault(a => a.AddressFamily == calicoAddress.AddressFamily),
            false => AddressOf(from, calicoAddress.AddressFamily),
            null => null,
        };

    /// <summary>The address the Node's kernel gives to what it sends, or masquerades, to a Calico Pod of its own, whose veth has none: in IPv4 the
    /// Node's, in IPv6 that of all its addresses which has most in common with the Pod's, antrea-gw0's left out where labels say so.</summary>
    /// <remarks>RFC 6724, 5: of its rules the ones about labels and the longest matching prefix decide here. Source: Linux
    /// <c>net/ipv6/addrconf.c</c> (ipv6_dev_get_saddr); measured in a kernel.</remarks>
    public IPAddress? AddressTowardsOwn(ReachabilityNode node, IPAddress calicoAddress)
    {
        const int UsualSubnet = 64;
        if (calicoAddress.AddressFamily == AddressFamily.InterNetwork)
        {
            return AddressOf(node, AddressFamily.InterNetwork);
        }

        var labels = Model.LabelsNodeAddresses && AddressOf(node, AddressFamily.InterNetworkV6) is not null;
        var own = node.InternalIPs.Select(a => (Address: a, Length: node.Subnet is { IsIPv6: true } subnet ? subnet.PrefixLength : UsualSubnet))
            .Concat(node.TunnelAddresses.Select(a => (Address: a, Length: 128)))
            .Concat(node.PodCidrs.Where(c => c is { IsIPv6: true, PrefixLength: < 128 } && !labels).Select(c => (Address: c.AddressAt(1), Length: c.PrefixLength)));
        return own.Where(one => one.Address.AddressFamily == AddressFamily.InterNetworkV6)
            .OrderByDescending(one => labels || one.Address.IsIPv6UniqueLocal == calicoAddress.IsIPv6UniqueLocal)
            .ThenByDescending(one => Math.Min(one.Length, CommonLength(one.Address, calicoAddress)))
            .Select(one => one.Address).FirstOrDefault();
    }

    private static int CommonLength(IPAddress one, IPAddress other) =>
        (int)UInt128.LeadingZeroCount(Cidr.Host(one).FirstValue ^ Cidr.Host(other).FirstValue);

    private static HostRoute Compare(int calico, int antrea) =>
        calico > antrea ? HostRoute.Calico : calico == antrea ? HostRoute.Contested : HostRoute.Antrea;

    /// <summary>Whether two Nodes share a link, as far as is known.</summary>
    public static bool ShareSubnet(ReachabilityNode one, ReachabilityNode other) =>
        one.Subnet is null || other.Subnet is null || one.Subnet == other.Subnet;
}
