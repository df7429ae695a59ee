using System.Net;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>One end of a connection.</summary>
public sealed record ReachabilityEndpoint
{
    private ReachabilityEndpoint(PodNetworkKind kind, string node, IPAddress address, IPAddress? antreaAddress)
    {
        ArgumentException.ThrowIfNullOrEmpty(node);
        ArgumentNullException.ThrowIfNull(address);
        (Kind, Node, Address, AntreaAddress) = (kind, node, address, antreaAddress);
    }

    /// <summary>Which network it is on.</summary>
    public PodNetworkKind Kind { get; }

    /// <summary>The Node it is on.</summary>
    public string Node { get; }

    /// <summary>The address others use: the Pod's (for a Multus Pod that is Calico's), or the Node's.</summary>
    public IPAddress Address { get; }

    /// <summary>A Multus Pod's address on net1, which nobody else knows; the Pod's own for an Antrea Pod; else
    /// null.</summary>
    public IPAddress? AntreaAddress { get; }

    /// <summary>A Pod with one interface, from Calico.</summary>
    public static ReachabilityEndpoint Calico(string node, IPAddress address) => new(PodNetworkKind.Calico, node, address, null);

    /// <summary>A Pod with one interface, from Antrea.</summary>
    public static ReachabilityEndpoint Antrea(string node, IPAddress address) => new(PodNetworkKind.Antrea, node, address, address);

    /// <summary>A Pod with both interfaces.</summary>
    /// <param name="node">Its Node.</param>
    /// <param name="address">The Pod's address, given by Calico, on eth0.</param>
    /// <param name="antreaAddress">The address given by Antrea, on net1.</param>
    public static ReachabilityEndpoint Multus(string node, IPAddress address, IPAddress antreaAddress)
    {
        ArgumentNullException.ThrowIfNull(antreaAddress);
        return new(PodNetworkKind.Multus, node, address, antreaAddress);
    }

    /// <summary>The Node itself.</summary>
    public static ReachabilityEndpoint Host(string node, IPAddress address) => new(PodNetworkKind.Host, node, address, null);

    /// <summary>For example <c>Multus Pod 10.10.253.7 on test-worker10</c>.</summary>
    public override string ToString() => Kind == PodNetworkKind.Host ? $"Node {Node} ({Address})" : $"{Kind} Pod {Address} on {Node}";
}
